"""How the stand-in speaks each wire protocol."""

from workers.scripted_provider.protocols.anthropic import AnthropicDialect
from workers.scripted_provider.protocols.dialect import Dialect
from workers.scripted_provider.protocols.ollama import OllamaDialect
from workers.scripted_provider.protocols.openai import OpenAIDialect

DIALECTS: dict[str, Dialect] = {
    "/v1/chat/completions": OpenAIDialect(),
    "/v1/messages": AnthropicDialect(),
    "/api/chat": OllamaDialect(),
}

__all__ = ["DIALECTS", "AnthropicDialect", "Dialect", "OllamaDialect", "OpenAIDialect"]
