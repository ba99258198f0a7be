"""Reads the running text and the tables of Word files (.docx)."""

import io
import zlib
from collections.abc import Iterator
from zipfile import BadZipFile, ZipFile

from docx import Document
from docx.document import Document as DocumentObject
from docx.opc.exceptions import OpcError
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from staffel.documents.errors import UnreadableDocumentError
from staffel.documents.items import Limits

# python-docx lets the errors of zip, XML and missing parts through as they are.
_PARSER_FAULTS = (
    OpcError,
    BadZipFile,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    RecursionError,
    RuntimeError,  # zipfile: a member is encrypted
    SyntaxError,  # lxml: broken XML
    TypeError,
    ValueError,
    zlib.error,
)
# Word wraps an encrypted document in the container of the old .doc format.
_OLD_CONTAINER = bytes.fromhex("d0cf11e0a1b11ae1")


def read_docx(content: bytes, limits: Limits) -> str:
    """Paragraphs and table rows in the order of the document, a line each."""
    if content.startswith(_OLD_CONTAINER):
        raise UnreadableDocumentError("the Word file is encrypted or in the old .doc format")
    try:
        _refuse_bomb(content, limits)
        return "\n".join(_lines(Document(io.BytesIO(content))))
    except _PARSER_FAULTS as error:
        raise UnreadableDocumentError(f"broken Word file: {error or type(error).__name__}") from error


def _refuse_bomb(content: bytes, limits: Limits) -> None:
    """The sizes in the directory can be trusted as a limit: zipfile never unpacks more than they say."""
    with ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > limits.max_unpacked_bytes:
        raise UnreadableDocumentError(f"the Word file unfolds to more than {limits.max_unpacked_bytes} bytes")


def _lines(container: DocumentObject | _Cell) -> Iterator[str]:
    for block in container.iter_inner_content():
        if isinstance(block, Paragraph):
            yield block.text
        else:
            yield from _row_lines(block)


def _row_lines(table: Table) -> Iterator[str]:
    for row in table.rows:
        # `row.cells` repeats a merged cell for each column it says to span, and a file may say a billion.
        cells = (_Cell(tc, table) for tc in row._tr.tc_lst)
        yield " | ".join(" ".join(_lines(cell)).strip() for cell in cells)
