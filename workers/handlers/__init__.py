"""What an attempt does with a job: build the prompt, call, check the answer, repair it once."""

from workers.handlers.language import LanguageHandler

__all__ = ["LanguageHandler"]
