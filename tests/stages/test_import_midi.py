"""`import` makes a selection of a folder of MIDI files and lists the dropped files."""

import csv
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pianoroll_vae.config import PreprocessSettings
from pianoroll_vae.errors import FileUnreadable, NothingFound, VaemusicError
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.midi import midi_bytes, read_midi
from pianoroll_vae.music.selection import SelectedSong, read_selection
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.sources.dropped import UNREADABLE
from pianoroll_vae.stages import preprocess
from pianoroll_vae.stages.import_midi import MORE_TRACKS, SAME, SILENT, ImportReport, run
from pianoroll_vae.workspace import DATASET, SELECTION, Workspace
from tests.conftest import Vaemusic
from tests.listen.songs import band_song, silence


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "work"
    root.mkdir()
    (root / "vaemusic.toml").touch()
    return Workspace(root)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two blues, one of them in a deeper folder, a rock song, and a song in no folder."""
    root = tmp_path / "midi"
    for name, bars in (("Blues/one.mid", 5), ("Blues/live/two.MIDI", 6), ("rock/three.kar", 7), ("four.mid", 8)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(midi_bytes(band_song(bars, name=path.stem.title())))
    return root


def imported(workspace: Workspace, folder: Path, **options: object) -> ImportReport:
    return run(workspace, folder, SilentWatch(), **options)  # type: ignore[arg-type]


def selected(workspace: Workspace) -> dict[str, SelectedSong]:
    return {Path(song.path).name: song for song in read_selection(workspace.path(SELECTION))}


def left_out(workspace: Workspace) -> Iterator[tuple[str, str, str]]:
    with workspace.report("import.csv").open(newline="") as file:
        yield from ((row["reason"], Path(row["path"]).name, row["detail"]) for row in csv.DictReader(file))


def test_files_at_any_depth_become_songs_of_their_topmost_folders_genre(workspace: Workspace, folder: Path) -> None:
    report = imported(workspace, folder)
    assert (report.files, report.kept, report.dropped) == (4, 4, {})
    assert report.genres == {"blues": 2, "rock": 1}
    songs = selected(workspace)
    assert {name: song.genres for name, song in songs.items()} == {
        "one.mid": ("blues",),
        "two.MIDI": ("blues",),
        "three.kar": ("rock",),
        "four.mid": (),
    }
    assert songs["two.MIDI"].title == "Two"


def test_a_genre_can_be_given_to_files_in_no_folder(workspace: Workspace, folder: Path) -> None:
    imported(workspace, folder, genre="Jazz ")
    assert selected(workspace)["four.mid"].genres == ("jazz",)
    assert selected(workspace)["one.mid"].genres == ("blues",)


def test_the_same_notes_are_one_song_of_both_genres(workspace: Workspace, folder: Path) -> None:
    (folder / "rock" / "again.mid").write_bytes(midi_bytes(band_song(5, name="Another name", tempo=((0, 80.0),))))
    report = imported(workspace, folder)
    assert (report.kept, report.dropped) == (4, {SAME: 1})
    assert selected(workspace)["one.mid"].genres == ("blues", "rock")
    assert [(reason, name) for reason, name, _ in left_out(workspace)] == [(SAME, "again.mid")]


def test_the_same_notes_on_another_instrument_are_another_song(workspace: Workspace, folder: Path) -> None:
    (folder / "organ.mid").write_bytes(midi_bytes(band_song(5), {"piano": 16}))
    assert imported(workspace, folder).kept == 5


def test_everything_left_out_is_listed_with_its_reason(workspace: Workspace, folder: Path) -> None:
    (folder / "empty.mid").touch()
    (folder / "silent.mid").write_bytes(midi_bytes(silence()))
    (folder / "cover.jpg").write_bytes(b"\xff\xd8")
    (folder / "torn.mid").write_bytes((folder / "four.mid").read_bytes()[:100])
    (folder / "loop.mid").symlink_to(folder / "loop.mid")
    os.mkfifo(folder / "pipe.mid")
    (folder / os.fsdecode(b"two\nlines caf\xe9.mid")).write_bytes(b"MThd")
    report = imported(workspace, folder)
    assert report.kept == 4
    assert report.dropped == {UNREADABLE: 5, SILENT: 1, "not a MIDI file": 1}
    reasons = {name: (reason, detail) for reason, name, detail in left_out(workspace)}
    assert reasons["empty.mid"] == (UNREADABLE, "is empty")
    assert reasons["silent.mid"][0] == SILENT
    assert "breaks off" in reasons["torn.mid"][1]
    assert "no ordinary file" in reasons["pipe.mid"][1]
    assert "two\nlines caf\\udce9.mid" in reasons


def test_tracks_behind_the_declared_ones_are_listed(workspace: Workspace, folder: Path) -> None:
    content = (folder / "four.mid").read_bytes()
    (folder / "four.mid").write_bytes(content + content[14:])
    assert imported(workspace, folder).kept == 4
    assert [(reason, name) for reason, name, _ in left_out(workspace)] == [(MORE_TRACKS, "four.mid")]


def test_a_name_of_any_bytes_is_imported_and_read_again(workspace: Workspace, folder: Path) -> None:
    name = os.fsdecode(b"Blues\n\xe9.mid")
    (folder / "four.mid").rename(folder / name)
    imported(workspace, folder)
    assert selected(workspace)[name].path == str(folder / name)
    grid = Grid(4, 16, velocities=True, absent="silence")
    assert preprocess.run(workspace, grid, LPD5, PreprocessSettings(), SilentWatch()).kept == 4


def test_the_dataset_holds_what_the_files_hold(workspace: Workspace, folder: Path) -> None:
    imported(workspace, folder)
    grid = Grid(4, 16, velocities=True, absent="silence")
    preprocess.run(workspace, grid, LPD5, PreprocessSettings(), SilentWatch())
    dataset = Dataset.open(workspace.path(DATASET))
    files = {song.md5: Path(song.path) for song in selected(workspace).values()}
    assert len(dataset) == 4
    for index, entry in enumerate(dataset.songs):
        there = read_midi(files[entry.md5], LPD5, 4)
        assert dataset.song(index) == replace(there, name=entry.title)


def test_any_number_of_processes_makes_the_same_selection(workspace: Workspace, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(205):
        song = band_song(1, tempo=((0, 60.0 + number),))
        (many / f"{number}.mid").write_bytes(midi_bytes(song.between(0, 1 + number % 16)))
    imported(workspace, many, workers=0)
    alone = workspace.path(SELECTION).read_bytes(), workspace.report("import.csv").read_bytes()
    imported(workspace, many, workers=2)
    assert (workspace.path(SELECTION).read_bytes(), workspace.report("import.csv").read_bytes()) == alone


def test_the_command_prints_what_was_found(vaemusic: Vaemusic, workspace: Workspace, folder: Path) -> None:
    done = vaemusic("-w", workspace.root, "import", folder)
    assert done.status == 0
    assert "genre: blues" in done.out
    assert "import.csv" in done.out


@pytest.mark.parametrize(
    ("content", "error", "message", "hint"),
    [
        (None, FileUnreadable, "is not a folder", "vaemusic import DIR"),
        ({}, NothingFound, "There is no MIDI file", ".mid, .midi or .kar"),
        ({"notes.txt": b"la la"}, NothingFound, "There is no MIDI file", ".mid, .midi or .kar"),
        ({"a.mid": b"", "b.mid": b"x"}, FileUnreadable, "None of the 2 MIDI files", "that the copy is complete"),
        ({"a.mid": midi_bytes(silence())}, NothingFound, "has a note", "Name another folder"),
    ],
)
def test_a_folder_without_music_is_one_message_and_leaves_the_old_selection(
    workspace: Workspace,
    tmp_path: Path,
    content: dict[str, bytes] | None,
    error: type[VaemusicError],
    message: str,
    hint: str,
) -> None:
    workspace.path(SELECTION).write_text("old")
    root = tmp_path / "here"
    if content is not None:
        root.mkdir()
        for name, data in content.items():
            (root / name).write_bytes(data)
    with pytest.raises(error) as caught:
        imported(workspace, root)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert workspace.path(SELECTION).read_text() == "old"
