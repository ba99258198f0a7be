"""What the stand-in says: words from a seeded dice or the smallest JSON a schema allows. Words are tokens."""

import json
import random

from workers.scripted_provider.conversation import Answer, Call
from workers.scripted_provider.schema_instance import instance_of
from workers.scripted_provider.script import Action

WORDS = (
    *("the", "fleet", "sails", "at", "dawn", "and", "every", "relay", "hands", "its", "baton", "on", "while"),
    *("a", "steady", "light", "counts", "ships", "jobs", "answers", "one", "by", "swifter", "runner", "pier"),
)

#: A NUL and half a surrogate pair: what no database takes as text.
NOT_STORABLE = "\x00 \ud83d"


def count_tokens(text: str) -> int:
    return len(text.split())


def answer_to(call: Call, action: Action, *, seed: int, request_id: str) -> Answer:
    """The answer to a request: the same seed, prompt and action give the same answer."""
    dice = random.Random(f"{seed}:{call.fingerprint}")  # noqa: S311 - a play, not a secret
    text = action.text if action.text is not None else _text(call, dice)
    if action.nul:
        text = f"{text} {NOT_STORABLE}"
    text, cut = _shortened(text, call.max_output_tokens, half=action.truncate)
    input_tokens = count_tokens(call.prompt)
    return Answer(
        request_id=request_id,
        text=text,
        cut=cut,
        input_tokens=input_tokens,
        output_tokens=count_tokens(text),
        cached_tokens=min(action.cached_tokens, input_tokens),
        tells_usage=not action.omit_usage,
    )


def _text(call: Call, dice: random.Random) -> str:
    if call.json_schema is not None:
        return json.dumps(instance_of(call.json_schema, dice), ensure_ascii=False)
    return " ".join(dice.choices(WORDS, k=dice.randint(6, 24))).capitalize() + "."


def _shortened(text: str, limit: int | None, *, half: bool) -> tuple[str, bool]:
    words = text.split()
    allowed = len(words) if limit is None else limit
    allowed = min(allowed, len(words) // 2) if half else allowed
    if allowed >= len(words) and not half:
        return text, False
    return " ".join(words[:allowed]), True
