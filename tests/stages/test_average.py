from pathlib import Path

import pytest

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages.average import MAX_SONGS, average, run
from pianoroll_vae.stages.reconstruct import reconstruct


def reconstructed(ensemble: Ensemble, source_midi: SourceMidi) -> Notes:
    """The notes of a song's reconstruction."""
    return reconstruct(ensemble, source_midi)[1].new.notes


def test_an_average_of_one_song_is_its_reconstruction(
    ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi]
) -> None:
    assert average(ensemble, two_songs[:1]).new.regrid(24).notes == reconstructed(ensemble, two_songs[0])
    assert average(ensemble, two_songs, (1, 0)).new.notes == average(ensemble, two_songs[:1]).new.notes
    assert average(ensemble, two_songs, (5, 5)).new.notes == average(ensemble, two_songs).new.notes


def test_tempo_and_programs_follow_the_weights(ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi]) -> None:
    first, second = (source_midi.song.tempo[0][1] for source_midi in two_songs)
    for weights, tempo in (((1, 0), first), ((0, 2), second), ((1, 1), (first * second) ** 0.5)):
        assert [bpm for _, bpm in average(ensemble, two_songs, weights).new.tempo] == pytest.approx([tempo])
    shared = set(two_songs[0].programs) & set(two_songs[1].programs)
    for weights, source_midi in (((2, 1), two_songs[0]), ((1, 2), two_songs[1])):
        programs = average(ensemble, two_songs, weights).programs
        assert {name: programs[name] for name in shared} == {name: source_midi.programs[name] for name in shared}


@pytest.mark.parametrize("weights", [(1,), (1, 2, 3), (0, 0), (1, -1), (float("nan"), 1)])
def test_weights_must_fit_the_songs(
    ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi], weights: tuple[float, ...]
) -> None:
    with pytest.raises(SettingInvalid, match="2 songs cannot have the weights") as caught:
        average(ensemble, two_songs, weights)
    assert "--weights" in caught.value.hint


def test_too_many_songs_are_refused_before_any_is_read(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="101 songs cannot be averaged") as caught:
        run(None, [tmp_path / "a.mid"] * (MAX_SONGS + 1), (), MusicOptions(), [tmp_path / "b.mid"], SilentWatch())
    assert "at most 100" in caught.value.hint
