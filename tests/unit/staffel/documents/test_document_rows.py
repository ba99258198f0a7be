"""Files that are streamed: one item a row or line, faults named by their line, memory bounded by the row."""

import tracemalloc
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import pytest

from staffel.documents import DocumentItem, Item, Limits, UnreadableItem, read_documents


def read(path: Path, content: str, limits: Limits | None = None) -> list[Item]:
    path.write_text(content, encoding="utf-8", newline="")
    return list(read_documents(path, limits=limits or Limits(), root=path.parent))


def document(source: str, text: str, fields: Mapping[str, object]) -> DocumentItem:
    return DocumentItem(source, text, fields)


def test_a_csv_row_is_rendered_as_column_and_value(tmp_path: Path) -> None:
    items = read(tmp_path / "a.csv", "name,ort\nÖhler,Köln\nLang,\n")
    assert items == [
        document("a.csv:2", "name: Öhler\nort: Köln", {"name": "Öhler", "ort": "Köln"}),
        document("a.csv:3", "name: Lang", {"name": "Lang", "ort": ""}),
    ]


def test_a_column_named_text_is_the_text_alone(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "nr;Text\n1;gut\n") == [
        document("a.csv:2", "gut", {"nr": "1", "Text": "gut"}),
    ]


def test_a_row_over_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    items = read(tmp_path / "a.csv", 'nr,text\r\n1,"erste\r\nzweite ""so"""\r\n\r\n2,danach\r\n')
    assert [(item.source, item.text) for item in items if isinstance(item, DocumentItem)] == [
        ("a.csv:2", 'erste\nzweite "so"'),
        ("a.csv:5", "danach"),
    ]


def test_a_faulty_row_does_not_hide_the_next(tmp_path: Path) -> None:
    items = read(tmp_path / "a.csv", 'a,b\n1,2,3\n"x"y,2\n,\n4,5\n')
    assert items[:3] == [
        UnreadableItem("a.csv:2", "line 2: 3 cells, but the header names 2 columns"),
        UnreadableItem("a.csv:3", "line 3: ',' expected after '\"'"),
        UnreadableItem("a.csv:4", "line 4: the row holds no text"),
    ]
    assert items[3] == document("a.csv:5", "a: 4\nb: 5", {"a": "4", "b": "5"})


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(tmp_path: Path) -> None:
    content = 'a,b\n1,"offen\n' + "zeile,1\n" * 1_000
    items = read(tmp_path / "a.csv", content, Limits(max_row_bytes=100))
    assert items[0] == UnreadableItem("a.csv:2", "line 2: longer than 100 bytes")
    assert len(items) > 980
    assert all(isinstance(item, DocumentItem) for item in items[1:])


def test_a_row_may_be_longer_than_the_csv_module_allows_by_itself(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "a.csv", "text\n" + "x" * 300_000)
    assert isinstance(item, DocumentItem)
    assert len(item.text) == 300_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a,b\n", "a header and no rows"),
        ("a,a\n1,2\n", "the header names the column 'a' twice"),
        (",\n1,2\n", "the first line is no header"),
    ],
)
def test_a_csv_file_without_usable_header_or_rows_says_so(tmp_path: Path, content: str, reason: str) -> None:
    assert read(tmp_path / "a.csv", content) == [UnreadableItem("a.csv", reason)]


def test_a_column_without_name_is_counted(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "a.csv", ",wert,\n0,eins,\n")
    assert item == document("a.csv:2", "column 1: 0\nwert: eins", {"column 1": "0", "wert": "eins"})


@pytest.mark.parametrize("name", ["text", "prompt", "document"])
def test_the_object_of_a_jsonl_line_is_kept_as_it_stands(tmp_path: Path, name: str) -> None:
    items = read(tmp_path / "a.jsonl", f'{{"{name}": " Hallo ", "priority": 3}}\n')
    assert items == [document("a.jsonl:1", "Hallo", {name: " Hallo ", "priority": 3})]


def test_a_jsonl_line_without_text_has_an_empty_one(tmp_path: Path) -> None:
    line = '{"document": {"text": "innen"}, "messages": []}'
    assert read(tmp_path / "a.jsonl", line) == [
        document("a.jsonl:1", "", {"document": {"text": "innen"}, "messages": []})
    ]


def test_a_jsonl_line_may_be_a_text_alone(tmp_path: Path) -> None:
    assert read(tmp_path / "a.jsonl", '"Grüße"\n') == [document("a.jsonl:1", "Grüße", {})]


def test_a_broken_jsonl_line_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    items = read(tmp_path / "a.jsonl", '{"text": "a"}\n\n{"text": \n[1]\n""\n{"text": "b"}\n')
    assert [item.source for item in items] == [f"a.jsonl:{line}" for line in (1, 3, 4, 5, 6)]
    reasons = [item.reason for item in items if isinstance(item, UnreadableItem)]
    assert reasons[0].startswith("line 3: broken JSON: Expecting value")
    assert reasons[1:] == [
        "line 4: neither a JSON object nor a text",
        "line 5: neither a JSON object nor a text",
    ]


def test_a_jsonl_line_over_the_limit_is_passed_over(tmp_path: Path) -> None:
    items = read(tmp_path / "a.jsonl", '"' + "x" * 200_000 + '"\n"danach"\n', Limits(max_row_bytes=1_000))
    assert items == [
        UnreadableItem("a.jsonl:1", "line 1: longer than 1000 bytes"),
        document("a.jsonl:2", "danach", {}),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_long_file_is_never_held_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('"text"\n' + '"zeile"\n' * 500_000, encoding="utf-8")
    tracemalloc.start()
    try:
        first = list(islice(read_documents(path), 100))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(first) == 100
    assert peak_bytes < 1_000_000 < path.stat().st_size
