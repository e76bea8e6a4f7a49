"""Changes of the weights that the decoder plays with."""

import numpy as np

from pianoroll_vae.models.arranger.play.weights import with_ranges, with_strict_chords
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chord_labels import CHORD_TONES, QUALITIES
from tests.models.arranger.play.test_song_state import SMALL_WEIGHTS
from tests.small_arranger import DRUMS


def change_of_strict_chords() -> np.ndarray:
    """(instruments, qualities, 12): what is added to the logits of the tones above a root."""
    weights = SMALL_WEIGHTS.decoder_weights
    change = with_strict_chords(weights, LPD5).heads.chord_tone - weights.heads.chord_tone
    return change.reshape(len(LPD5), len(QUALITIES), 12)


def test_strict_chords_cost_the_tones_outside_of_a_chord_and_drums_nothing() -> None:
    change = change_of_strict_chords()
    assert not change[DRUMS].any()
    for part in change[~DRUMS]:
        assert np.array_equal(part < -0.1, ~CHORD_TONES[: len(QUALITIES)])


def test_strict_chords_favour_the_root_in_a_bass_alone() -> None:
    raised = (change_of_strict_chords() > 0.1).any(1)
    assert np.argwhere(raised).tolist() == [[LPD5.index("bass"), 0]]


def test_pitched_instruments_keep_to_their_ranges() -> None:
    weights = SMALL_WEIGHTS.decoder_weights
    change = with_ranges(weights, LPD5).heads.pitch_bias - weights.heads.pitch_bias
    usual, below = [*range(21), *range(109, 128)], range(21)
    expected = {"bass": [*below, *range(68, 128)], "drums": []}
    for number, instrument in enumerate(LPD5):
        assert (change[number] < -10).nonzero()[0].tolist() == expected.get(instrument.name, usual)
        assert not change[number][change[number] >= -10].any()
