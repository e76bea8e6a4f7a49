"""`interpolate`: the first and the last song are the reconstructions of the two_songs given ones."""

from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import interpolate
from pianoroll_vae.stages.interpolate import interpolate as interpolate_songs
from pianoroll_vae.stages.interpolate import interpolate_stepwise
from pianoroll_vae.stages.reconstruct import reconstruct
from pianoroll_vae.workspace import Workspace
from tests.conftest import Vaemusic
from tests.midi_files import midi_file


def reconstructed(ensemble: Ensemble, source_midi: SourceMidi) -> Notes:
    """The notes of a song's reconstruction."""
    return reconstruct(ensemble, source_midi)[1].new.notes


@pytest.mark.parametrize("linear", [False, True])
def test_the_first_and_the_last_song_are_the_reconstructions(
    ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi], linear: bool
) -> None:
    arrangements = interpolate_stepwise(ensemble, *two_songs, steps=5, linear=linear)
    assert len(arrangements) == 5
    for arrangement, source_midi in ((arrangements[0], two_songs[0]), (arrangements[-1], two_songs[1])):
        assert arrangement.new.regrid(24).notes == reconstructed(ensemble, source_midi)
        assert arrangement.new.regrid(24).steps == pytest.approx(source_midi.song.steps, abs=12)
        assert [bpm for _, bpm in arrangement.new.tempo] == pytest.approx([source_midi.song.tempo[0][1]])
    assert arrangements[2].new.notes != arrangements[0].new.notes


def test_an_interpolation_begins_as_one_song_and_ends_as_the_other(
    ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi]
) -> None:
    song = interpolate_songs(ensemble, *two_songs, steps=4).new
    phrase = 16 * 24
    first, last = song.between(0, phrase), song.between(3 * phrase, 4 * phrase)
    ends = [(first, two_songs[0], 0), (last, two_songs[1], 3 * phrase)]
    if isinstance(ensemble, ArrangerBand):  # it writes the last phrase with those before it in mind
        ends.pop()
    for part, source_midi, begin in ends:
        real = reconstructed(ensemble, source_midi).between(begin, begin + phrase)
        assert np.array_equal(part.rolls() > 0, real.rolls(5, phrase) > 0)
    assert [step for step, _ in song.tempo] == [0, phrase, 2 * phrase, 3 * phrase]
    assert [tempo for _, tempo in song.tempo] == pytest.approx([90, 109.03, 132.08, 160], abs=0.01)


def test_into_a_folder_goes_a_file_for_each_step(workspace: Workspace, tmp_path: Path) -> None:
    a, b = midi_file(tmp_path / "a.mid", beats=16), midi_file(tmp_path / "b.mid", beats=16, seed=9)
    made = interpolate.run(workspace, a, b, MusicOptions(), 3, False, [tmp_path / "way"], SilentWatch())
    assert [song.path.name for song in made] == ["song_1.mid", "song_2.mid", "song_3.mid"]
    assert all(song.path.is_file() for song in made)
    with pytest.raises(SettingInvalid, match="steps cannot be"):
        interpolate.run(workspace, a, b, MusicOptions(), 1, False, [tmp_path / "way"], SilentWatch())


def test_a_song_for_each_step_needs_no_name_of_a_folder(
    vaemusic: Vaemusic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.mid", "b.mid"):
        midi_file(tmp_path / name, beats=16)
    command = ("interpolate", "a.mid", "b.mid", "--steps", "2", "--stepwise")
    for folder in ("morph", "morph-2"):
        assert vaemusic(*command).status == 0
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == ["song_1.mid", "song_2.mid"]
    into_a_file = vaemusic(*command, "-o", "way.mid")
    assert into_a_file.status == 1
    assert "2 songs do not fit into one file way.mid" in into_a_file.err


@pytest.mark.parametrize("steps", [1, 2001, 100_000])
def test_steps_are_two_to_two_thousand(steps: int, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match=f"cannot be {steps}") as caught:
        interpolate.run(
            None, tmp_path / "a.mid", tmp_path / "b.mid", MusicOptions(), steps, False, [tmp_path], SilentWatch()
        )
    assert "2 to 2000" in caught.value.hint
