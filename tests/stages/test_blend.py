from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages.blend import blend, nearest_of_style
from tests.midi_files import melody_file, notes_of


def test_a_blend_of_nothing_is_the_song_and_only_its_bars_change(
    ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi], tmp_path: Path
) -> None:
    out = tmp_path / "out.mid"
    out.write_bytes(blend(ensemble, *two_songs, amount=0).midi())
    old = set(notes_of(out))
    assert old == set(notes_of(tmp_path / "a.mid"))
    out.write_bytes(blend(ensemble, *two_songs, amount=1, bars=(3, 4)).midi())
    changed = old ^ set(notes_of(out))
    assert changed
    assert all(7.9 <= note[3] < 16 for note in changed)


def test_each_instrument_moves_toward_what_it_plays_itself_in_the_style() -> None:
    latents = np.zeros((1, 2, 3), np.float32)
    style = np.array([[[5, 0, 0], [1, 1, 1]], [[2, 0, 0], [9, 9, 9]]], np.float32)
    phrases = np.zeros((2, 2, 4, 128), np.uint8)
    phrases[:, 0, 0, 60] = 80  # the second instrument never plays in the style
    assert nearest_of_style(latents, style, phrases).tolist() == [[[2, 0, 0], [0, 0, 0]]]


def test_a_style_without_notes_is_refused(
    ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi], tmp_path: Path
) -> None:
    with pytest.raises(NothingFound, match="gives the style"):
        blend(ensemble, two_songs[0], SourceMidi.read(melody_file(tmp_path / "none.mid", ())))
    with pytest.raises(SettingInvalid, match="amount"):
        blend(ensemble, *two_songs, amount=1.5)
