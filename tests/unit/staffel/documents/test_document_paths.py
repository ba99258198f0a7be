"""Which files are meant by what a person names."""

from pathlib import Path

import pytest

from staffel.documents import DocumentNotFoundError, expand_paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.txt", "sub/c.md", "sub/deep/d.txt", ".hidden", ".git/x.txt", "manifest.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return tmp_path


def names(folder: Path, *paths: Path | str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in expand_paths(paths)]


def test_a_folder_is_walked_in_order_without_hidden_files_and_manifest(folder: Path) -> None:
    assert names(folder, folder) == ["a.txt", "b.txt", "sub/c.md", "sub/deep/d.txt"]


def test_a_glob_is_matched_in_order(folder: Path) -> None:
    assert names(folder, folder / "*.txt") == ["a.txt", "b.txt"]
    assert names(folder, str(folder / "**" / "*.txt")) == ["a.txt", "b.txt", "sub/deep/d.txt"]


def test_a_folder_that_a_glob_matches_is_walked(folder: Path) -> None:
    assert names(folder, folder / "s*") == ["sub/c.md", "sub/deep/d.txt"]


def test_a_file_named_outright_is_given_even_if_hidden(folder: Path) -> None:
    assert names(folder, folder / ".hidden", folder / "manifest.toml") == [".hidden", "manifest.toml"]


def test_a_file_named_twice_is_given_once(folder: Path) -> None:
    assert names(folder, folder / "b.txt", folder) == ["b.txt", "a.txt", "sub/c.md", "sub/deep/d.txt"]


def test_a_name_with_brackets_is_a_file_before_it_is_a_glob(folder: Path) -> None:
    (folder / "bild[1].txt").write_text("x", encoding="utf-8")
    assert names(folder, folder / "bild[1].txt") == ["bild[1].txt"]


def test_links_to_folders_are_not_followed(folder: Path) -> None:
    (folder / "sub" / "circle").symlink_to(folder)
    assert names(folder, folder / "sub") == ["sub/c.md", "sub/deep/d.txt"]


@pytest.mark.parametrize("wrong", ["gone.txt", "*.pdf"])
def test_a_path_that_leads_nowhere_is_named_before_any_file_is_given(folder: Path, wrong: str) -> None:
    with pytest.raises(DocumentNotFoundError) as caught:
        expand_paths([folder, folder / wrong])
    assert str(folder / wrong) in caught.value.message
