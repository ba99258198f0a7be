"""Reads plain text, and one JSON document a file."""

import json

from staffel.documents.encoding import decode
from staffel.documents.errors import UnreadableDocumentError
from staffel.documents.items import Limits
from staffel.documents.structured import parse_json, text_field


def read_text(content: bytes, _limits: Limits) -> str:
    """The text of a .txt or .md file as it stands."""
    return decode(content)


def read_json(content: bytes, _limits: Limits) -> str:
    """The text field of the document; a document without one is itself the text, laid out to be read."""
    try:
        value = parse_json(decode(content))
    except ValueError as error:
        raise UnreadableDocumentError(f"broken JSON: {error}") from error
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and (text := text_field(value)):
        return text
    return json.dumps(value, ensure_ascii=False, indent=2)
