"""Reads the text layer of PDF files; pictures of text are not read."""

import io
import struct
import zlib

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

from staffel.documents.errors import UnreadableDocumentError
from staffel.documents.items import Limits

# pypdf says that broken files may raise other errors than its own; these are the ones a parser
# stumbles into when a value is missing, of another type or out of range.
_PARSER_FAULTS = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_ENCRYPTED = "the PDF is encrypted and needs a password"


def read_pdf(content: bytes, limits: Limits) -> str:
    """The text of all pages, a blank line between two."""
    try:
        return "\n\n".join(_page_texts(content, limits))
    except (FileNotDecryptedError, DependencyError) as error:
        raise UnreadableDocumentError(_ENCRYPTED) from error
    except _PARSER_FAULTS as error:
        raise UnreadableDocumentError(f"broken PDF: {error or type(error).__name__}") from error


def _page_texts(content: bytes, limits: Limits) -> list[str]:
    reader = PdfReader(io.BytesIO(content))
    if len(reader.pages) > limits.max_pages:
        raise UnreadableDocumentError(f"the PDF has more than {limits.max_pages} pages")
    texts: list[str] = []
    left = limits.max_unpacked_bytes
    for page in reader.pages:
        texts.append(page.extract_text().strip())
        left -= len(texts[-1])
        if left < 0:
            raise UnreadableDocumentError(f"the PDF unfolds to more than {limits.max_unpacked_bytes} bytes")
    if not any(texts):
        raise UnreadableDocumentError("the PDF holds no text (scanned pages are not read)")
    return texts
