from pathlib import Path

import pytest

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages.blend import blend
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


def test_a_style_without_notes_is_refused(
    ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi], tmp_path: Path
) -> None:
    with pytest.raises(NothingFound, match="gives the style"):
        blend(ensemble, two_songs[0], SourceMidi.read(melody_file(tmp_path / "none.mid", ())))
    with pytest.raises(SettingInvalid, match="amount"):
        blend(ensemble, *two_songs, amount=1.5)
