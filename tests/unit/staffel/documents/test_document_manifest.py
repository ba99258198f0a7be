"""Which request a document of a folder is sent with."""

from pathlib import Path

import pytest

from staffel.documents import Manifest, ManifestError, load_manifest


def manifest(folder: Path, text: str) -> Manifest:
    (folder / "manifest.toml").write_text(text, encoding="utf-8")
    found = load_manifest(folder)
    assert found is not None
    return found


def error(folder: Path, text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        manifest(folder, text)
    return caught.value.message.replace(str(folder / "manifest.toml"), "manifest.toml")


def test_a_folder_without_manifest_has_none(tmp_path: Path) -> None:
    assert load_manifest(tmp_path) is None


def test_all_fields_but_the_path_are_the_request(tmp_path: Path) -> None:
    text = """
        [[documents]]
        path = "support/*.md"
        task = "classify"
        options.labels = ["billing", "other"]
        [documents.options.json_schema]
        type = "object"
    """
    entry = manifest(tmp_path, text).entry_for("support/a.md")
    assert entry is not None
    assert entry.request == {
        "task": "classify",
        "options": {"labels": ["billing", "other"], "json_schema": {"type": "object"}},
    }


def test_the_first_entry_that_fits_holds(tmp_path: Path) -> None:
    text = '[[documents]]\npath = "a/x.txt"\ntask = "one"\n[[documents]]\npath = "a/*"\ntask = "two"\n'
    found = manifest(tmp_path, text)
    tasks = [
        entry and entry.request["task"] for entry in map(found.entry_for, ("a/x.txt", "a/y.txt", "b.txt"))
    ]
    assert tasks == ["one", "two", None]


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("*.txt", "a.txt", True),
        ("*.txt", "sub/a.txt", False),
        ("*.txt", "a.TXT", False),
        ("**/*.txt", "a.txt", True),
        ("**/*.txt", "x/y/a.txt", True),
        ("x/**", "x/y/a.txt", True),
        ("x/**/a.txt", "x/a.txt", True),
        ("x/**/a.txt", "y/x/a.txt", False),
        ("x/*/a.txt", "x/y/z/a.txt", False),
        ("d?-[ab]*.md", "de-b1.md", True),
        ("d?-[!ab]*.md", "de-b1.md", False),
        ("a+b (1).txt", "a+b (1).txt", True),
        ("a.txt", "axtxt", False),
    ],
)
def test_globs_stay_inside_their_part_of_the_path(tmp_path: Path, glob: str, path: str, fits: bool) -> None:
    found = manifest(tmp_path, f'[[documents]]\npath = "{glob}"\n')
    assert (found.entry_for(path) is not None) is fits


def test_a_broken_manifest_names_file_and_line(tmp_path: Path) -> None:
    message = error(tmp_path, '[[documents]]\npath = "a"\ntask = \n')
    assert message.startswith("manifest.toml: ")
    assert "line 3" in message


def test_every_wrong_field_is_named_with_its_line(tmp_path: Path) -> None:
    text = '[[documents]]\npath = "a"\n\n[[documents]]\ntask = "x"\n\n[[documents]]\ntask = "y"\npath = 3\n'
    assert error(tmp_path, text).splitlines() == [
        "manifest.toml:4: documents[1].path: Field required",
        "manifest.toml:9: documents[2].path: Input should be a valid string",
    ]


def test_an_unknown_table_is_refused_by_name(tmp_path: Path) -> None:
    message = error(tmp_path, '# comment\n[[docments]]\npath = "a"\n')
    assert message == "manifest.toml:2: docments: Extra inputs are not permitted"


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.txt", "a/../b.txt", "a\\\\b.txt", ""])
def test_a_glob_that_leads_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    assert "manifest.toml:2: documents[0].path: " in error(tmp_path, f'[[documents]]\npath = "{path}"\n')


def test_a_manifest_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_bytes(b"# \xfc\n")
    with pytest.raises(ManifestError, match="not UTF-8"):
        load_manifest(tmp_path)
