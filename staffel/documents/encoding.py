"""From bytes to text: UTF-8 first, then the Western code page of old German files, then detection."""

import codecs

from staffel.documents.errors import UnreadableDocumentError

# UTF-32 stands first: its little-endian mark begins with the one of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_MAX_CONTROL_SHARE = 0.05


def decode(content: bytes, *, declared: str | None = None) -> str:
    """The text of a file; `declared` is the encoding the file names itself, believed only if it is not UTF-8.

    Raises UnreadableDocumentError for bytes that are no text.
    """
    marked = marked_encoding(content)
    if marked:
        return decode_as(content, marked)
    refuse_binary(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_declared(content, declared) or decode_as(content, detect(content))


def decode_as(content: bytes, encoding: str) -> str:
    """The text in an encoding found before. Raises UnreadableDocumentError if the bytes do not fit it."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocumentError(f"the bytes are not the {encoding} text they seem to be") from error


def marked_encoding(start: bytes) -> str | None:
    """The encoding a byte order mark announces."""
    return next((encoding for mark, encoding in _BYTE_ORDER_MARKS if start.startswith(mark)), None)


def is_utf8_so_far(start: bytes) -> bool:
    """Whether the first bytes of a longer content are UTF-8; the last character may be cut in two."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def refuse_binary(content: bytes) -> None:
    """Raises UnreadableDocumentError for what no text without a byte order mark contains."""
    if b"\x00" in content:
        raise UnreadableDocumentError("binary data, not text (it contains NUL bytes)")
    controls = len(content) - len(content.translate(None, _CONTROLS))
    if controls > len(content) * _MAX_CONTROL_SHARE:
        raise UnreadableDocumentError("binary data, not text (it is full of control characters)")


def detect(content: bytes) -> str:
    """The encoding of bytes that are not UTF-8. Raises UnreadableDocumentError when none fits.

    Western European text passes as cp1252; only what reads as a mess there is left to open guessing, which
    takes short German texts for other code pages that share most of their bytes.
    """
    from charset_normalizer import from_bytes

    best = from_bytes(content, cp_isolation=["cp1252"]).best() or from_bytes(content).best()
    if best is None:
        raise UnreadableDocumentError("these bytes are no text in any known encoding")
    return best.encoding


def clean(text: str) -> str:
    """One kind of line end, and nothing that a database refuses: no NUL, no half of a surrogate pair."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.strip()


def _decode_declared(content: bytes, declared: str | None) -> str | None:
    if declared is None:
        return None
    try:
        name = codecs.lookup(declared).name
        # Browsers read "latin-1" as its superset, and so must we: real files mean it.
        return content.decode("cp1252" if name in {"iso8859-1", "ascii"} else name)
    except (LookupError, UnicodeError):
        return None
