"""What the stand-in understood of a request, and what it will answer, whatever the protocol."""

import hashlib
import re
from dataclasses import dataclass

from staffel.fleet import Protocol

MARKER = re.compile(r"\[\[id:(.*?)\]\]")


@dataclass(frozen=True, slots=True)
class Call:
    """One request for an answer."""

    protocol: Protocol
    model: str
    contents: tuple[str, ...]
    max_output_tokens: int | None = None
    json_schema: dict[str, object] | None = None
    stream: bool = False
    usage_in_stream: bool = True

    @property
    def prompt(self) -> str:
        return "\n".join(self.contents)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.prompt.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def marker(self) -> str | None:
        """The text of the first `[[id:...]]` in the prompt, by which a test finds its job again."""
        found = MARKER.search(self.prompt)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer and what it is charged with, in tokens. `input_tokens` includes the cached ones."""

    request_id: str
    text: str
    cut: bool
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    tells_usage: bool

    @property
    def pieces(self) -> list[str]:
        """The text in parts that add up to it again, one a word, as a stream sends it."""
        return re.findall(r"\s*\S+\s*$|\s*\S+|\s+", self.text)
