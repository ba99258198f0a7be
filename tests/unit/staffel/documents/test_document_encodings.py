"""German texts come out right whatever wrote them, and bytes that are no text are refused."""

import random
from pathlib import Path

import pytest

from staffel.documents import DocumentItem, UnreadableItem, read_documents

GERMAN = "Schöne Grüße aus Köln: Größe passt, Preis 12,50 €, „alles prima“ – bis März!"
SHORT = "Größe"


def read(path: Path, content: bytes) -> list[DocumentItem | UnreadableItem]:
    path.write_bytes(content)
    return list(read_documents(path))


def text_of(path: Path, content: bytes) -> str:
    (item,) = read(path, content)
    assert isinstance(item, DocumentItem), item
    return item.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", [GERMAN, SHORT])
def test_a_german_text_file_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str, text: str) -> None:
    assert text_of(tmp_path / "a.txt", text.encode(encoding)) == text


def test_latin_1_is_read(tmp_path: Path) -> None:
    text = "Müßige Übung für Ärzte; die Straße ist gesperrt."
    assert text_of(tmp_path / "a.txt", text.encode("latin-1")) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Привет, как дела? Это хороший товар, мне очень понравилось.", "cp1251"),
        ("Zażółć gęślą jaźń, bardzo dobry produkt, polecam każdemu.", "cp1250"),
    ],
)
def test_other_code_pages_are_not_taken_for_the_german_one(tmp_path: Path, text: str, encoding: str) -> None:
    assert text_of(tmp_path / "a.txt", text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_file_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["Nr", "Größe"], ["1", "groß"], ["2", "mittel"]]
    content = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    items = read(tmp_path / "a.csv", content)
    assert [item.text for item in items if isinstance(item, DocumentItem)] == [
        "Nr: 1\nGröße: groß",
        "Nr: 2\nGröße: mittel",
    ]


def test_a_line_in_another_encoding_far_down_a_file_is_read(tmp_path: Path) -> None:
    first = '{"text": "Grüße"}\n'.encode() * 6_000
    items = read(tmp_path / "a.jsonl", first + '{"text": "schöne Grüße aus Köln"}'.encode("cp1252"))
    assert isinstance(items[-1], DocumentItem)
    assert (len(items), items[0].source[-2:], items[-1].text) == (6_001, ":1", "schöne Grüße aus Köln")


def test_a_utf_16_file_longer_than_one_read_keeps_its_lines(tmp_path: Path) -> None:
    lines = [f'{{"text": "Größe {number}\u2028€"}}' for number in range(9_000)]
    items = read(tmp_path / "a.jsonl", "\n".join(lines).encode("utf-16"))
    assert isinstance(items[-1], DocumentItem)
    assert (len(items), items[-1].text) == (9_000, "Größe 8999\u2028€")


def test_a_page_that_names_its_code_page_is_believed(tmp_path: Path) -> None:
    page = '<meta charset="koi8-r"><p>Привет</p>'
    assert text_of(tmp_path / "a.html", page.encode("koi8-r")) == "Привет"


def test_a_page_that_calls_itself_latin_1_and_is_utf_8_is_read_as_what_it_is(tmp_path: Path) -> None:
    page = '<meta charset="iso-8859-1"><p>Grüße</p>'
    assert text_of(tmp_path / "a.html", page.encode("utf-8")) == "Grüße"
    assert text_of(tmp_path / "a.html", page.replace("Grüße", "5 €").encode("cp1252")) == "5 €"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.csv", "a.jsonl", "a.json"])
@pytest.mark.parametrize("with_nul", [True, False])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, name: str, with_nul: bool) -> None:
    numbers = random.Random(7)
    content = bytes(numbers.randrange(0 if with_nul else 1, 256) for _ in range(2_000))
    items = read(tmp_path / name, content)
    assert items
    assert all(isinstance(item, UnreadableItem) for item in items)


def test_the_reason_for_binary_data_names_it(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "bild.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    assert isinstance(item, UnreadableItem)
    assert item.reason == "binary data, not text (it contains NUL bytes)"


def test_a_wrong_byte_order_mark_is_a_clear_reason(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "a.txt", b"\xff\xfea")
    assert isinstance(item, UnreadableItem)
    assert "byte order mark" in item.reason or "utf-16" in item.reason
