"""`preprocess` makes the same dataset with any number of workers, and lists the dropped songs."""

import csv
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pianoroll_vae.config import FilterSettings, PreprocessSettings
from pianoroll_vae.errors import (
    ArtifactMissing,
    FileUnreadable,
    FileUnwritable,
    NothingFound,
    SettingInvalid,
    WorkspaceBusy,
)
from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.measures.excerpt import in_sixteenths
from pianoroll_vae.music.midi import midi_bytes, read_midi
from pianoroll_vae.music.selection import SelectedSong, read_selection, write_selection
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.sources.lakh import read_lakh
from pianoroll_vae.stages import filter as filter_stage
from pianoroll_vae.stages import preprocess
from pianoroll_vae.stages.preprocess import PreprocessReport, run
from pianoroll_vae.workspace import DATASET, SELECTION
from tests.full_disk import limit_file_size
from tests.lakh_corpus import MD5S, ROCK, Corpus, make_lakh_corpus
from tests.sources import lakh_files


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    corpus = make_lakh_corpus(tmp_path)
    filter_stage.run(
        corpus.workspace, filter_stage.Request(corpus.lpd, everything=True), FilterSettings(), SilentWatch()
    )
    return corpus


def make_dataset(corpus: Corpus, grid: Grid | None = None, **settings: Any) -> PreprocessReport:
    return run(corpus.workspace, grid or Grid(), LPD5, PreprocessSettings(**settings), SilentWatch())


def dataset_of(corpus: Corpus) -> Dataset:
    return Dataset.open(corpus.workspace.path(DATASET))


def test_every_song_of_the_selection_is_in_the_dataset(corpus: Corpus) -> None:
    report = make_dataset(corpus)
    dataset = dataset_of(corpus)
    assert (report.read, report.kept, report.dropped) == (5, 5, {})
    assert sum(report.splits.values()) == 5
    assert [entry.md5 for entry in dataset.songs] == sorted(MD5S)
    for index, entry in enumerate(dataset.songs):
        path = next(corpus.lpd.rglob(f"{entry.md5}.npz"))
        assert np.array_equal(dataset.song(index).rolls(), read_lakh(path, LPD5, 2).rolls())
    assert report.segments == sum(len(dataset.bank(split)) for split in ("train", "valid", "test"))


def test_the_grid_is_the_recipes_unless_asked_otherwise(corpus: Corpus) -> None:
    make_dataset(corpus, Grid(steps_per_beat=4, segment_beats=8, velocities=False))
    assert (dataset_of(corpus).steps_per_beat, dataset_of(corpus).segment_steps) == (4, 32)
    assert not dataset_of(corpus).has_velocities
    make_dataset(corpus, steps_per_beat=6, segment_beats=4)
    assert (dataset_of(corpus).steps_per_beat, dataset_of(corpus).segment_steps) == (6, 24)
    with pytest.raises(SettingInvalid, match="5 steps per beat"):
        make_dataset(corpus, steps_per_beat=5)


def test_notes_end_where_the_recipes_rounding_says(corpus: Corpus) -> None:
    make_dataset(corpus, Grid(rounding="nearest", steps_per_beat=4, segment_beats=16, velocities=True))
    path = next(corpus.lpd.rglob(f"{MD5S[0]}.npz"))
    assert dataset_of(corpus).rounding == "nearest"
    assert dataset_of(corpus).song(0).notes == read_lakh(path, LPD5, 4, "nearest").notes
    make_dataset(corpus, Grid(steps_per_beat=4))
    assert dataset_of(corpus).rounding == "touched"
    assert dataset_of(corpus).song(0).notes == read_lakh(path, LPD5, 4).notes
    make_dataset(corpus, steps_per_beat=4, rounding="nearest")
    assert dataset_of(corpus).rounding == "nearest"


def test_a_midi_file_is_rounded_to_the_nearest_step_whatever_the_rule(corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(midi_bytes(read_lakh(next(corpus.lpd.rglob(f"{MD5S[0]}.npz")), LPD5, 24)))
    write_selection(corpus.workspace.path(SELECTION), [SelectedSong(md5="a" * 32, path=str(path))])
    for rounding in ("touched", "nearest"):
        make_dataset(corpus, steps_per_beat=4, rounding=rounding)
        assert dataset_of(corpus).song(0).notes == in_sixteenths(read_midi(path, LPD5, 24)).notes


def test_songs_without_an_instrument_are_kept_or_dropped_as_asked(corpus: Corpus) -> None:
    make_dataset(corpus, absent="silence")
    assert dataset_of(corpus).songs[ROCK].notes[LPD5.index("guitar")] == 0
    report = make_dataset(corpus, absent="drop")
    assert report.dropped == {"an instrument is absent": 1}
    assert MD5S[ROCK] not in [entry.md5 for entry in dataset_of(corpus).songs]


def test_what_is_left_out_is_listed_with_its_reason(corpus: Corpus) -> None:
    paths = [next(corpus.lpd.rglob(f"{md5}.npz")) for md5 in MD5S[2:]]
    paths[0].write_bytes(b"")
    lakh_files.write(paths[1], lakh_files.members(lakh_files.random_rolls(1, 300)))
    lakh_files.write(paths[2], lakh_files.members({"Piano": lakh_files.absent()}))
    filter_stage.run(
        corpus.workspace, filter_stage.Request(corpus.lpd, everything=True), FilterSettings(), SilentWatch()
    )
    report = make_dataset(corpus)
    assert report.dropped == {"unreadable": 1, "shorter than a segment": 1, "no notes": 1}
    with report.dropped_list.open() as lines:
        rows = {row["reason"]: row for row in csv.DictReader(lines)}
    assert rows["unreadable"]["detail"].startswith("is empty")
    assert rows["shorter than a segment"]["detail"] == "26 of 32 steps"
    assert len(dataset_of(corpus)) == report.kept == 2


def test_midi_files_in_a_selection_are_read_alike(corpus: Corpus, tmp_path: Path) -> None:
    make_dataset(corpus)
    song = dataset_of(corpus).song(0)
    (tmp_path / "song.mid").write_bytes(midi_bytes(song))
    write_selection(corpus.workspace.path(SELECTION), [SelectedSong(md5="a" * 32, path=str(tmp_path / "song.mid"))])
    make_dataset(corpus)
    again = dataset_of(corpus).song(0)
    assert again.notes == song.notes


def test_another_band_has_other_instruments(corpus: Corpus) -> None:
    run(corpus.workspace, Grid(), LPD17, PreprocessSettings(), SilentWatch())
    assert len(dataset_of(corpus).songs[0].notes) == 17


def test_the_dataset_is_the_same_whatever_the_number_of_processes(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preprocess, "MAX_SEQUENTIAL_SONGS", 0)
    monkeypatch.setattr(preprocess, "BATCH_SONGS", 2)
    seen = set()
    for workers in (0, 1, 3):
        make_dataset(corpus, workers=workers)
        seen.add(corpus.workspace.path(DATASET).read_bytes())
    assert len(seen) == 1


def test_an_unreadable_collection_is_an_error_and_writes_nothing(corpus: Corpus) -> None:
    for path in corpus.lpd.rglob("*.npz"):
        path.unlink()
    with pytest.raises(FileUnreadable, match="None of the 5 files") as error:
        make_dataset(corpus)
    assert "filter" in error.value.hint
    assert not corpus.workspace.path(DATASET).exists()


def test_a_selection_of_songs_that_do_not_fit_is_an_error(corpus: Corpus) -> None:
    with pytest.raises(NothingFound, match="shorter than a segment: 5"):
        make_dataset(corpus, segment_beats=200)
    write_selection(corpus.workspace.path(SELECTION), [])
    with pytest.raises(NothingFound, match="empty"):
        make_dataset(corpus)


def test_without_a_selection_the_command_to_run_is_named(corpus: Corpus) -> None:
    corpus.workspace.path(SELECTION).unlink()
    with pytest.raises(ArtifactMissing) as error:
        make_dataset(corpus)
    assert "vaemusic filter" in error.value.hint


def test_a_second_run_in_the_workspace_is_refused(corpus: Corpus) -> None:
    with corpus.workspace.lock(), pytest.raises(WorkspaceBusy):
        make_dataset(corpus)


@pytest.mark.parametrize("room", [0, 100, 2000, 9000, 20_000, 40_000])
def test_a_full_disk_is_one_error_and_leaves_the_old_dataset(corpus: Corpus, room: int) -> None:
    make_dataset(corpus)
    path = corpus.workspace.path(DATASET)
    old = path.read_bytes()
    with limit_file_size(room), pytest.raises(FileUnwritable):
        make_dataset(corpus, steps_per_beat=24)
    assert path.read_bytes() == old
    assert not list(path.parent.glob(".*.part*"))


def test_killed_at_any_moment_and_run_again_it_ends_with_the_same_dataset(corpus: Corpus) -> None:
    songs = list(read_selection(corpus.workspace.path(SELECTION)))
    many = [replace(songs[number % 5], md5=f"{number:032x}") for number in range(preprocess.MAX_SEQUENTIAL_SONGS + 100)]
    write_selection(corpus.workspace.path(SELECTION), many)
    path = corpus.workspace.path(DATASET)
    make_dataset(corpus)
    whole = path.read_bytes()
    command = [sys.executable, "-m", "pianoroll_vae", "-w", str(corpus.workspace.root), "preprocess"]
    for delay in (0.0, 0.2, 0.4):
        path.unlink(missing_ok=True)
        killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not list(path.parent.glob(f".{path.name}*")) and killed.poll() is None:
            time.sleep(0.01)  # until it writes
        time.sleep(delay)
        killed.kill()
        killed.wait()
        assert not path.exists()
    make_dataset(corpus, workers=0)
    assert path.read_bytes() == whole
    assert not list(path.parent.glob(f".{path.name}*"))
