"""The songs that a band is learned from, and what stands in the way of learning."""

from pathlib import Path
from typing import Any

import pytest

from pianoroll_vae.errors import NothingFound, VaemusicError
from pianoroll_vae.studio.learner import Learner
from pianoroll_vae.studio.learning import MIDI_FILES
from pianoroll_vae.workspace import DATASET
from tests.midi_files import melody_file, midi_file


def learner(tmp_path: Path) -> Learner:
    return Learner(tmp_path / "band", lambda kind, content: None)


def test_files_are_kept_by_content_and_shown_by_name(tmp_path: Path) -> None:
    songs = learner(tmp_path)
    content = midi_file(tmp_path / "song.mid").read_bytes()
    for name in ("<b>one</b>.mid", "the same.mid"):
        songs.add(name, content)
    songs.add("../other.mid", midi_file(tmp_path / "other.mid", seed=9).read_bytes())
    assert learner(tmp_path).state()["files"] == ["the same.mid", "../other.mid"]
    assert len(list((tmp_path / "band" / MIDI_FILES).iterdir())) == 2
    songs.clear()
    assert songs.state()["files"] == [] and not list((tmp_path / "band" / MIDI_FILES).iterdir())


def test_another_song_makes_the_dataset_anew(tmp_path: Path) -> None:
    songs = learner(tmp_path)
    songs.add("song.mid", midi_file(tmp_path / "song.mid").read_bytes())
    dataset = songs.workspace.path(DATASET)
    dataset.parent.mkdir(exist_ok=True, parents=True)
    dataset.touch()
    songs.add("other.mid", midi_file(tmp_path / "other.mid", seed=9).read_bytes())
    assert not dataset.exists()


@pytest.mark.parametrize("kind", ["no MIDI", "no notes"])
def test_a_file_without_music_is_refused(tmp_path: Path, kind: str) -> None:
    content = b"text" if kind == "no MIDI" else melody_file(tmp_path / "none.mid", ()).read_bytes()
    with pytest.raises(VaemusicError, match=r"song\.mid (is not a MIDI file|has no notes)") as error:
        learner(tmp_path).add("song.mid", content)
    assert error.value.hint


def test_learning_needs_songs(tmp_path: Path) -> None:
    songs = learner(tmp_path)
    with pytest.raises(NothingFound, match="no songs to learn from") as error:
        assert songs.begin(1)
    assert error.value.hint == "Choose MIDI files first."
    state: dict[str, Any] = songs.state()
    assert (state["trained"], state["running"], state["curves"], state["missing"]) == (False, False, [], "")
