"""Files that are read whole: what comes out of each format, and what is said when nothing does."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from pypdf import PdfReader, PdfWriter

from staffel.documents import DocumentItem, Item, Limits, UnreadableItem, read_documents

SAMPLES = Path(__file__).parents[4] / "samples"


class LockedPath(type(Path())):  # type: ignore[misc]
    """A file whose owner does not let us in (file modes do not stop root, who may run the tests)."""

    def open(self, *_: object, **__: object) -> Any:
        raise PermissionError(13, "Permission denied")


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only(path: Path, limits: Limits | None = None) -> Item:
    items = list(read_documents(path, limits=limits or Limits()))
    assert len(items) == 1
    return items[0]


def text_of(path: Path) -> str:
    item = only(path)
    assert isinstance(item, DocumentItem), item
    return item.text


def reason_of(path: Path, limits: Limits | None = None) -> str:
    item = only(path, limits)
    assert isinstance(item, UnreadableItem), item
    return item.reason


def test_a_text_file_is_one_item_with_its_path_as_source(tmp_path: Path) -> None:
    path = write(tmp_path / "brief.md", "# Größe\r\n\r\nZwei Zeilen\n")
    assert only(path) == DocumentItem(path.as_posix(), "# Größe\n\nZwei Zeilen")


def test_the_source_is_relative_to_the_root_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    path = write(tmp_path / "mail" / "a.txt", "Hallo")
    assert [item.source for item in read_documents(path, root=tmp_path)] == ["mail/a.txt"]


def test_a_page_gives_what_a_person_sees(tmp_path: Path) -> None:
    page = """<?xml version="1.0"?><html><head><title>Titel</title><style>p {}</style></head><body>
      <p>Ein <b>fetter</b>\n Satz &amp; mehr.<br>Neue Zeile</p><script>alert("nein")</script>
      <table><tr><th>Posten</th><th>Preis</th></tr><tr><td>Öl</td><td>3&nbsp;€</td></tr></table>
      <!-- unsichtbar --><pre>a\n  b</pre></body></html>"""
    expected = "Titel\n\nEin fetter Satz & mehr.\nNeue Zeile\n\nPosten Preis\nÖl 3 €\n\na\n  b"
    assert text_of(write(tmp_path / "seite.HTM", page)) == expected


def test_a_title_beside_a_heading_is_not_said_twice(tmp_path: Path) -> None:
    page = "<title>Bericht</title><h1>Bericht</h1><p>Alles gut.</p>"
    assert text_of(write(tmp_path / "a.html", page)) == "Bericht\n\nAlles gut."


def test_an_html_file_without_markup_is_plain_text(tmp_path: Path) -> None:
    assert text_of(write(tmp_path / "a.html", "Tom &amp; Jerry")) == "Tom & Jerry"


def test_a_page_nested_ten_thousand_deep_is_still_read(tmp_path: Path) -> None:
    assert text_of(write(tmp_path / "a.html", "<div>" * 10_000 + "Grund")) == "Grund"


def test_the_text_field_of_a_json_document_is_its_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", json.dumps({"id": 1, "text": "Grüße"}))
    assert only(path) == DocumentItem(path.as_posix(), "Grüße")


def test_a_json_document_without_text_field_is_laid_out_as_text(tmp_path: Path) -> None:
    assert (
        text_of(write(tmp_path / "a.json", '{"größe": [1, 2]}')) == '{\n  "größe": [\n    1,\n    2\n  ]\n}'
    )


@pytest.mark.parametrize(
    ("content", "part"),
    [('{"a": }', "column 7"), ('{"a": NaN}', "NaN"), ('"\\ud800"', "surrogate"), ("[" * 100_000, "nested")],
)
def test_broken_json_says_what_and_where(tmp_path: Path, content: str, part: str) -> None:
    reason = reason_of(write(tmp_path / "a.json", content))
    assert reason.startswith("broken JSON: ")
    assert part in reason


def test_a_word_file_gives_paragraphs_and_tables_in_order(tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("Vor der Tabelle: Öl")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip((cell for row in table.rows for cell in row.cells), "abcd", strict=True):
        cell.text = text
    document.add_paragraph("Danach")
    document.save(str(tmp_path / "a.docx"))
    assert text_of(tmp_path / "a.docx") == "Vor der Tabelle: Öl\na | b\nc | d\nDanach"


def test_the_umlauts_of_a_pdf_come_out_right() -> None:
    assert "Gärtnerei Blütenmeer, Schloßallee 3" in text_of(SAMPLES / "invoices" / "de-gaertnerei.pdf")


def test_a_broken_pdf_becomes_a_clear_reason(tmp_path: Path) -> None:
    whole = (SAMPLES / "invoices" / "de-gaertnerei.pdf").read_bytes()
    assert reason_of(write(tmp_path / "half.pdf", whole[:300])).startswith("broken PDF: ")
    assert reason_of(write(tmp_path / "none.pdf", b"kein PDF")).startswith("broken PDF: ")


@pytest.mark.filterwarnings("default")  # pypdf warns that RC4 is weak; here it only has to lock the file
def test_an_encrypted_pdf_is_named_so(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(SAMPLES / "invoices" / "de-gaertnerei.pdf"))
    writer.encrypt("geheim", algorithm="RC4-128")
    writer.write(tmp_path / "a.pdf")
    assert reason_of(tmp_path / "a.pdf") == "the PDF is encrypted and needs a password"


def test_a_pdf_without_text_is_named_so(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(tmp_path / "scan.pdf")
    assert reason_of(tmp_path / "scan.pdf") == "the PDF holds no text (scanned pages are not read)"


def test_a_pdf_with_too_many_pages_is_refused(tmp_path: Path) -> None:
    writer = PdfWriter()
    for _ in range(3):
        writer.add_blank_page(100, 100)
    writer.write(tmp_path / "long.pdf")
    assert reason_of(tmp_path / "long.pdf", Limits(max_pages=2)) == "the PDF has more than 2 pages"


def test_a_broken_word_file_becomes_a_clear_reason(tmp_path: Path) -> None:
    whole = (SAMPLES / "invoices" / "de-fahrrad.docx").read_bytes()
    assert reason_of(write(tmp_path / "half.docx", whole[:5_000])).startswith("broken Word file: ")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("anything.txt", "no Word file")
    assert reason_of(write(tmp_path / "other.docx", archive.getvalue())).startswith("broken Word file: ")


def test_a_word_file_in_the_old_container_is_named_so(tmp_path: Path) -> None:
    content = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 500
    assert "encrypted or in the old .doc format" in reason_of(write(tmp_path / "a.docx", content))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("word/document.xml", b"\x00" * 2_000_000)
    assert (tmp_path / "bomb.docx").stat().st_size < 10_000
    reason = reason_of(tmp_path / "bomb.docx", Limits(max_unpacked_bytes=1_000_000))
    assert reason == "the Word file unfolds to more than 1000000 bytes"


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.json", "a.pdf", "a.docx", "a.csv", "a.jsonl"])
def test_an_empty_file_is_named_so(tmp_path: Path, name: str) -> None:
    assert reason_of(write(tmp_path / name, b"")) == "the file is empty"


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.jsonl"])
def test_a_file_of_blanks_holds_no_text(tmp_path: Path, name: str) -> None:
    assert reason_of(write(tmp_path / name, " \n\n")) == "the file holds no text"


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "x" * 11)
    assert reason_of(path, Limits(max_bytes=10)) == "larger than 10 bytes"
    assert isinstance(only(path, Limits(max_bytes=11)), DocumentItem)


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    reason = reason_of(write(tmp_path / "a.xlsx", "x"))
    assert reason.startswith("unknown file type '.xlsx'")
    assert ".docx" in reason


def test_a_file_that_may_not_be_opened_is_named_so(tmp_path: Path) -> None:
    path = LockedPath(write(tmp_path / "a.txt", "x"))
    assert reason_of(path) == "permission denied"


def test_a_folder_and_a_file_that_is_gone_are_no_errors(tmp_path: Path) -> None:
    assert reason_of(tmp_path) == "a folder, not a file"
    assert reason_of(tmp_path / "gone.txt") == "cannot be read: No such file or directory"
