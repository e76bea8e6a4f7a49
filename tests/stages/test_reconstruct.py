from pathlib import Path

import pytest

from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages.reconstruct import reconstruct
from tests.midi_files import melody_file


def test_a_reconstruction_reports_its_f1(ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi]) -> None:
    alike, arrangement = reconstruct(ensemble, two_songs[0])
    assert [each.instrument for each in alike] == list(ensemble.band.names)
    rolls = arrangement.new.regrid(ensemble.steps_per_beat).rolls() > 0
    real = two_songs[0].song.regrid(ensemble.steps_per_beat).notes.rolls(5, rolls.shape[1]) > 0
    by_hand = 2 * (rolls & real)[0].sum() / (rolls[0].sum() + real[0].sum())
    assert alike[0].cell_f1 == pytest.approx(by_hand, abs=0.02)
    assert alike[3].cells == 0


def test_a_song_without_notes_is_not_reconstructed(ensemble: Ensemble, tmp_path: Path) -> None:
    silent = open_source(melody_file(tmp_path / "empty.mid", ()), ensemble.band)
    with pytest.raises(NothingFound, match="to reconstruct has no notes"):
        reconstruct(ensemble, silent)
