"""Changes of the weights that the decoder plays with."""

import numpy as np

from pianoroll_vae.models.arranger.play.weights import with_strict_chords
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chord_labels import CHORD_TONES, QUALITIES
from tests.models.arranger.play.test_song_state import SMALL_WEIGHTS
from tests.small_arranger import DRUMS


def test_strict_chords_cost_the_tones_outside_of_a_chord_and_drums_nothing() -> None:
    weights = SMALL_WEIGHTS.decoder_weights
    strict = with_strict_chords(weights, DRUMS)
    change = (weights.chord_tone - strict.chord_tone).reshape(len(LPD5), len(QUALITIES), 12)
    assert not change[DRUMS].any()
    for part in change[~DRUMS]:
        assert np.array_equal(part > 0.1, ~CHORD_TONES[: len(QUALITIES)])
