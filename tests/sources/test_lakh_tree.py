"""Songs are listed by name, out of trees of any shape and with anything in them."""

import os
from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.sources.dropped import DroppedFiles
from pianoroll_vae.sources.lakh_tree import LakhFile, list_lakh, read_ids, read_published_ids
from tests.conftest import as_unprivileged_user

MD5, OTHER = "0123456789abcdef" * 2, "f" * 32
ID = "TRAAAGR128F425B14B"


def listed(root: Path) -> tuple[list[LakhFile], DroppedFiles]:
    dropped = DroppedFiles()
    return sorted(list_lakh(root, dropped), key=lambda file: file.path), dropped


def put(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_published_tree_gives_md5_and_track(tmp_path: Path) -> None:
    path = put(tmp_path / "A" / "A" / "A" / ID / f"{MD5}.npz")
    assert listed(tmp_path)[0] == [LakhFile(str(path), MD5, ID)]


def test_a_flat_folder_gives_md5s(tmp_path: Path) -> None:
    path = put(tmp_path / f"{MD5}.npz")
    assert listed(tmp_path)[0] == [LakhFile(str(path), MD5)]


def test_files_named_otherwise_are_known_by_their_content(tmp_path: Path) -> None:
    one, two, three = (put(tmp_path / name, name[:3].encode()) for name in ("one.npz", f"{ID}.npz", "one again.npz"))
    by_path = {file.path: file for file in listed(tmp_path)[0]}
    assert by_path[str(one)].md5 == by_path[str(three)].md5 != by_path[str(two)].md5
    assert by_path[str(two)].track_id == ID


def test_loops_of_links_end(tmp_path: Path) -> None:
    put(tmp_path / "a" / f"{MD5}.npz")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    files, dropped = listed(tmp_path)
    assert [file.md5 for file in files] == [MD5]
    assert len(dropped) == 1


def test_other_files_and_folders_that_may_not_be_entered_are_noted(tmp_path: Path) -> None:
    put(tmp_path / "notes.txt")
    put(tmp_path / ".hidden")
    put(tmp_path / f"{MD5}.npz")
    (tmp_path / "odd.npz").mkdir()
    os.mkfifo(tmp_path / "pipe.npz")
    files, dropped = listed(tmp_path)
    assert [file.md5 for file in files] == [MD5]
    assert dict(dropped.counts) == {"not an npz file": 1, "unreadable": 1}


def test_a_folder_without_permission_is_noted(open_folder: Path) -> None:
    (open_folder / "closed").mkdir(mode=0)
    with as_unprivileged_user():
        assert listed(open_folder)[1].counts["unreadable"] == 1


def test_names_of_any_bytes_are_listed_and_reported(tmp_path: Path) -> None:
    put(tmp_path / os.fsdecode(b"\xff\n\xfe") / f"{MD5}.npz")
    put(tmp_path / os.fsdecode(b"\xff.txt"))
    files, dropped = listed(tmp_path)
    assert Path(files[0].path).exists()
    dropped.write(tmp_path / "report.csv")
    assert "not an npz file" in (tmp_path / "report.csv").read_text(encoding="utf-8")


def test_what_is_no_folder_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", put(tmp_path / "file")):
        with pytest.raises(FileUnreadable) as error:
            listed(path)
        assert "--lpd" in error.value.hint


def test_ids_are_read_in_either_order_and_alone(tmp_path: Path) -> None:
    path = put(
        tmp_path / "ids.txt", f"{MD5}    {ID}\n{ID[:-1]}C {MD5}\n\nnothing here\n{OTHER}\n{ID[:-1]}D\r\n".encode()
    )
    assert read_ids(path) == {MD5: {ID, ID[:-1] + "C"}, OTHER: set(), "": {ID[:-1] + "D"}}


def test_the_authors_list_is_found_in_the_folder_or_beside_it(tmp_path: Path) -> None:
    put(tmp_path / "cleansed_ids.txt", f"{MD5} {ID}\n".encode())
    (tmp_path / "lpd").mkdir()
    assert read_published_ids(tmp_path / "lpd") == read_published_ids(tmp_path) == {MD5: {ID}}
