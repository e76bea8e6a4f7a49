import pytest

from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages.reconstruct import reconstruct


def test_a_reconstruction_reports_its_f1(ensemble: Ensemble, two_songs: tuple[SourceMidi, SourceMidi]) -> None:
    alike, arrangement = reconstruct(ensemble, two_songs[0])
    assert [each.instrument for each in alike] == list(ensemble.band.names)
    rolls = arrangement.new.regrid(ensemble.steps_per_beat).rolls() > 0
    real = two_songs[0].song.regrid(ensemble.steps_per_beat).notes.rolls(5, rolls.shape[1]) > 0
    by_hand = 2 * (rolls & real)[0].sum() / (rolls[0].sum() + real[0].sum())
    assert alike[0].cell_f1 == pytest.approx(by_hand, abs=0.02)
    assert alike[3].cells == 0
