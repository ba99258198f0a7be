"""From files to items: the manifest's fields, the order, and what is no job."""

from pathlib import Path

import pytest

from producer.reading import read_items
from producer.submission import Rejected, Submitted
from staffel.documents import DocumentNotFoundError, ManifestError


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_the_manifest_stands_above_the_defaults_and_below_the_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        manifest__toml='[[documents]]\npath = "a.jsonl"\ntask = "code"\noptions.max_output_tokens = 64\n',
        a__jsonl='{"prompt": "one"}\n{"prompt": "two", "task": "analyze"}\n',
        b__txt="three",
    )
    items = list(read_items([tmp_path], {"task": "sentiment", "options": {"temperature": 0.5}}))
    requests = [item.request for item in items if isinstance(item, Submitted)]
    assert [request.task for request in requests] == ["code", "analyze", "sentiment"]
    assert [request.options.max_output_tokens for request in requests] == [64, 64, 512]
    assert {request.options.temperature for request in requests} == {0.5}


def test_the_manifest_of_the_deepest_named_folder_holds(tmp_path: Path) -> None:
    write(tmp_path, manifest__toml='[[documents]]\npath = "**/*"\ntask = "outer"\n', a__txt="a")
    write(tmp_path / "sub", manifest__toml='[[documents]]\npath = "*"\ntask = "inner"\n', b__txt="b")
    items = read_items([tmp_path, tmp_path / "sub"], {})
    tasks = {item.source: item.request.task for item in items if isinstance(item, Submitted)}
    assert tasks == {str(tmp_path / "a.txt"): "outer", str(tmp_path / "sub" / "b.txt"): "inner"}


def test_a_file_named_outright_has_no_manifest(tmp_path: Path) -> None:
    write(tmp_path, manifest__toml='[[documents]]\npath = "*"\ntask = "code"\n', a__txt="a")
    [item] = read_items([tmp_path / "a.txt"], {})
    assert isinstance(item, Submitted)
    assert item.request.task == "complete"


def test_what_is_no_job_is_rejected_with_its_line_and_the_rest_goes_through(tmp_path: Path) -> None:
    lines = ['{"prompt": "fine"}'] * 6 + ['{"prompt": broken', '{"prompt": "x", "priority": 11}']
    write(tmp_path, a__jsonl="\n".join(lines), b__txt="fine")
    (tmp_path / "c.txt").write_bytes(b"\x00\x01\xff")
    items = list(read_items([tmp_path], {}))
    rejected = {item.source: item.error.message for item in items if isinstance(item, Rejected)}
    assert len(items) - len(rejected) == 7
    assert "line 7: broken JSON" in rejected[f"{tmp_path}/a.jsonl:7"]
    assert rejected[f"{tmp_path}/a.jsonl:8"].startswith("priority: ")
    assert "binary data" in rejected[f"{tmp_path}/c.txt"]


def test_a_path_that_leads_nowhere_stops_before_the_first_item(tmp_path: Path) -> None:
    write(tmp_path, a__txt="a")
    with pytest.raises(DocumentNotFoundError):
        next(read_items([tmp_path, tmp_path / "nowhere"], {}))


def test_a_broken_manifest_stops_before_the_first_item(tmp_path: Path) -> None:
    write(tmp_path, manifest__toml="[[documents]]\n", a__txt="a")
    with pytest.raises(ManifestError, match=r"manifest\.toml"):
        next(read_items([tmp_path], {}))
