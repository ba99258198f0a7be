"""The part of a text that is looked at: its beginning and its end, in one spelling."""

import re
import unicodedata

HEAD_CHARS = 1_500
TAIL_CHARS = 500

# A cut inside a word would leave a piece that reads as another word.
_CUT_AT_END = re.compile(r"(?<!\w)\w++\Z")
_CUT_AT_START = re.compile(r"\A\w++")


def window(text: str) -> str:
    """Lower case, composed umlauts, and of a long text only the first 1,500 and the last 500 characters."""
    seen = text if len(text) <= HEAD_CHARS + TAIL_CHARS else _ends(text)
    if not seen.isascii():
        seen = unicodedata.normalize("NFC", seen)
    return seen.lower()


def _ends(text: str) -> str:
    head = _CUT_AT_END.sub("", text[:HEAD_CHARS])
    tail = _CUT_AT_START.sub("", text[-TAIL_CHARS:])
    return f"{head}\n{tail}"
