import json
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.evaluation_songs import EvaluateOptions, generate_evaluated, with_full_band
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.new_songs import NewSongOptions, generate_songs
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.errors import ArtifactMissing, FileUnreadable, NothingFound, SettingInvalid
from pianoroll_vae.listen.evaluation_result import REAL, SWAPPED, THESIS, Evaluation
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import evaluate
from pianoroll_vae.stages.evaluate import run, song_generator
from pianoroll_vae.stages.generate import with_options
from pianoroll_vae.workspace import DATASET, Workspace
from tests.conftest import Vaemusic
from tests.music.measures.random_songs import random_song
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace
from tests.thesis_dataset import thesis_dataset

pytestmark = pytest.mark.usefixtures("few_trees")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A trained band and a dataset of 50 songs."""
    workspace = small_thesis_workspace(tmp_path_factory.mktemp("home"))
    thesis_dataset(workspace.path(DATASET), songs=50)
    return workspace


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve MIDI files, one of them twice, and a broken one."""
    folder = tmp_path_factory.mktemp("songs")
    for seed in range(12):
        (folder / f"{seed:02}.mid").write_bytes(midi_bytes(random_song(seed, bars=12, notes_per_bar=3)))
    (folder / "again.mid").write_bytes((folder / "00.mid").read_bytes())
    (folder / "broken.mid").write_bytes(b"MThd nonsense")
    (folder / "notes.txt").write_text("not music")
    return folder


@pytest.fixture(scope="module")
def evaluation(home: Workspace) -> Evaluation:
    return run(home, EvaluateOptions(count=5, steps=2, seeds=(0, 1)), SilentWatch())


def test_the_workspaces_model_is_evaluated_with_every_seed(evaluation: Evaluation) -> None:
    assert [scores.name for scores in evaluation.sets] == [REAL, SWAPPED, "small, seed 0", "small, seed 1"]
    assert [scores.songs for scores in evaluation.sets[2:]] == [5, 5]
    assert len({song.name for _, song in evaluation.ranking}) == 10
    assert evaluation.settings["count"] == "5"


def test_primers_of_another_grid_are_brought_to_the_bands(home: Workspace, tmp_path: Path) -> None:
    thesis_dataset(tmp_path / "fine.h5", songs=50, steps_per_beat=4)
    ensemble = load_ensemble(home)
    songs = generate_evaluated(ensemble, tmp_path / "fine.h5", EvaluateOptions(count=5, steps=3), 0, SilentWatch())
    assert {(song.steps_per_beat, song.beats) for song in songs} == {(ensemble.steps_per_beat, 4 * 16)}


def test_songs_are_compared_with_held_out_ones(evaluation: Evaluation, home: Workspace) -> None:
    songs = Dataset.open(home.path(DATASET)).songs
    scores = evaluation.scores_of(REAL)
    assert scores is not None
    assert scores.songs == len(with_full_band(songs, [i for i, song in enumerate(songs) if song.split == "train"]))
    assert scores.copied is not None


def test_the_same_seed_gives_the_same_songs_and_figures_and_json_prints_nothing_else(
    evaluation: Evaluation, home: Workspace, vaemusic: Vaemusic
) -> None:
    done = vaemusic("-w", home.root, "-q", "evaluate", "--count", 5, "--steps", 2, "--seed", 0, "--json")
    again = json.loads(done.out)
    first = evaluation.as_dict()["sets"][2]
    assert first["name"] == "small, seed 0"
    assert again["sets"][-1] == first | {"name": "small"}
    assert again["test_valid"] in (True, False)


def test_folders_of_midi_are_evaluated_without_a_workspace_and_those_of_one_name_are_two_sets(
    songs: Path, vaemusic: Vaemusic, tmp_path: Path
) -> None:
    page, figures = tmp_path / "report.html", tmp_path / "figures.json"
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "mine").symlink_to(songs)
    folders = tmp_path / "a" / "mine", tmp_path / "b" / "mine"
    done = vaemusic(
        "--workspace", tmp_path, "evaluate", *folders, "--against", songs, "--thesis", songs, "--count", 5,
        "--report", page, "-o", figures,
    )  # fmt: skip
    assert done.status == 0, done.err
    assert "cannot be read: 1 of the files below" in done.err
    assert SWAPPED in done.out
    told = json.loads(figures.read_text())
    assert [scores["name"] for scores in told["sets"]] == [REAL, SWAPPED, THESIS, "mine", f"mine in {folders[1]}"]
    assert [scores["songs"] for scores in told["sets"]] == [6, 6, 5, 5, 5]
    assert told["sets"][0]["copied"] is None, "there are no training songs"
    assert page.read_text().startswith("<!doctype html>")


def test_a_folder_without_songs_is_refused(songs: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingFound) as refusal:
        run(None, EvaluateOptions((tmp_path,), songs), SilentWatch())
    assert refusal.value.message == f"There is no song below {tmp_path}."
    with pytest.raises(FileUnreadable):
        run(None, EvaluateOptions((tmp_path / "absent",), songs), SilentWatch())


def test_too_few_songs_are_refused_with_a_hint(songs: Path, tmp_path: Path) -> None:
    (tmp_path / "one.mid").write_bytes(midi_bytes(random_song(0, bars=12)))
    with pytest.raises(SettingInvalid) as refusal:
        run(None, EvaluateOptions((tmp_path,), songs), SilentWatch())
    message = f"The two-sample test needs 5 songs or more in each set; '{tmp_path.name}' has 1 song."
    assert refusal.value.message == message


def test_too_few_real_songs_are_counted_as_they_are_in_the_folder(songs: Path, tmp_path: Path) -> None:
    for seed in range(6):
        (tmp_path / f"{seed}.mid").write_bytes(midi_bytes(random_song(seed, bars=12)))
    with pytest.raises(SettingInvalid) as refusal:
        run(None, EvaluateOptions((songs,), tmp_path), SilentWatch())
    assert f"below {tmp_path} there are 6 songs that can be read and differ" in refusal.value.message
    assert "10 real songs or more" in refusal.value.hint


def test_a_dataset_with_few_held_out_songs_is_refused_with_its_numbers(songs: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.h5"
    held_out = sum(song.split == "test" for song in thesis_dataset(small, songs=24).songs)
    assert 1 < held_out < 5
    with pytest.raises(SettingInvalid) as refusal:
        run(None, EvaluateOptions((songs,), small), SilentWatch())
    assert f"of the 24 songs of {small} it can use {held_out} test songs and " in refusal.value.message
    assert "--against DIR" in refusal.value.hint


def test_songs_that_are_too_short_to_be_measured_are_counted(songs: Path, tmp_path: Path) -> None:
    for seed in range(6):
        (tmp_path / f"{seed}.mid").write_bytes(midi_bytes(random_song(seed, bars=12 if seed < 2 else 8)))
    with pytest.raises(SettingInvalid) as refusal:
        run(None, EvaluateOptions((tmp_path,), songs), SilentWatch())
    assert "has 6 songs, 2 of them with 8 bars or more after the first 4." in refusal.value.message
    assert "--primer-bars" in refusal.value.hint


def test_without_real_songs_the_hint_names_the_option(songs: Path) -> None:
    with pytest.raises(NothingFound) as refusal:
        run(None, EvaluateOptions((songs,)), SilentWatch())
    assert "--against DIR" in refusal.value.hint


def test_real_songs_that_are_not_there_are_named(songs: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingFound) as refusal:
        run(None, EvaluateOptions((songs,), tmp_path / "nowhere"), SilentWatch())
    assert "There is no dataset and no folder" in refusal.value.message
    assert "--against PATH" in refusal.value.hint


def test_only_models_whose_band_plays_charts_can_be_asked_for_chords(home: Workspace, songs: Path) -> None:
    with pytest.raises(SettingInvalid) as refusal:
        run(home, EvaluateOptions(following=True), SilentWatch())
    assert refusal.value.message == f"{home.root} has the recipe small, whose band plays no charts."
    assert refusal.value.hint == "Leave --following out."
    with pytest.raises(SettingInvalid) as refusal:
        run(None, EvaluateOptions((songs,), songs, following=True), SilentWatch())
    assert refusal.value.hint == "Name a workspace or the word bundled."


def test_a_song_in_a_key_is_not_transposed_to_it_once_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `generate` does: its key is that of its chart."""
    monkeypatch.setattr(evaluate, "BARS", 8)
    band = load_ensemble(small_arranger_workspace(tmp_path))
    [primer] = find_primers(None, NONE, [0], band)
    for key in ("C major", "A minor"):
        options = NewSongOptions(MusicOptions(key=key), Length(bars=8))
        [written] = generate_songs(band, [primer], [0], options)
        generated, _ = with_options(band, written, primer, options)
        song = song_generator(band)(0, key=key)
        assert np.array_equal(song.notes.pitch, generated.song().notes.pitch)


def test_outside_a_workspace_the_message_names_init(vaemusic: Vaemusic, tmp_path: Path, songs: Path) -> None:
    done = vaemusic("-w", tmp_path, "evaluate", songs)
    assert done.status == 1
    assert "vaemusic init" in done.err


def test_a_workspace_without_a_dataset_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing) as refusal:
        run(small_thesis_workspace(tmp_path), EvaluateOptions(), SilentWatch())
    assert refusal.value.hint == "Run: vaemusic preprocess"
