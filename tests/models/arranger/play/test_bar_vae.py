"""Choosing onsets, and decoding mixtures."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.parameters import ONSET_LOGIT
from pianoroll_vae.models.arranger.play.bar_vae import BARS_AT_ONCE, CELLS, BarVae, choose_onsets, choose_shares
from tests.small_arranger import SMALL_ARRANGER, small_arranger_weights

SIZES = SMALL_ARRANGER.bar_vae


@pytest.fixture(scope="module")
def vae() -> BarVae:
    views = small_arranger_weights("bar_vae").views()
    return BarVae(SIZES, {name: view[0].numpy() for name, view in views.items()})


def latents(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, SIZES.latent_size), np.float32)


def test_the_likeliest_onsets_are_chosen() -> None:
    logits = np.random.default_rng(0).standard_normal((3, CELLS)).astype(np.float32)
    chosen = choose_onsets(logits, np.array([0, 1, 40]))
    assert chosen.sum(1).tolist() == [0, 1, 40]
    assert chosen[1, logits[1].argmax()]
    assert logits[2][chosen[2]].min() > logits[2][~chosen[2]].max()
    assert np.array_equal(choose_onsets(logits), logits > ONSET_LOGIT)


def test_cells_are_chosen_by_the_weight_of_the_songs_that_have_them() -> None:
    logits = np.arange(CELLS, dtype=np.float32)[None]
    sounding = np.zeros((2, 1, CELLS), np.bool_)
    sounding[0, 0, :8], sounding[:, 0, 8:10], sounding[1, 0, 10:14] = True, True, True
    chosen = choose_shares(logits, sounding, np.array([[0.25], [0.75]]))
    assert np.flatnonzero(chosen[0]).tolist() == [6, 7, 8, 9, 11, 12, 13]


def test_bars_decode_the_same_alone_and_among_others(vae: BarVae) -> None:
    count = BARS_AT_ONCE + 3
    instrument = np.arange(count) % 5
    notes, bar = vae.decode(latents(count), instrument)
    assert np.array_equal(bar, np.sort(bar))
    last, _ = vae.decode(latents(count)[-1:], instrument[-1:])
    assert np.array_equal(notes[bar == count - 1], last)


def test_a_mixture_is_its_end_where_that_has_all_the_weight_and_has_the_mean_number_of_notes(vae: BarVae) -> None:
    one, other, instrument = latents(6), latents(6, 1), np.arange(6) % 5
    ends = np.stack([one, other])
    for weight, end in ((1.0, one), (0.0, other)):
        mixed, bar = vae.decode_mixture(end, ends, np.array([[weight] * 6, [1 - weight] * 6]), instrument)
        alone, alone_bar = vae.decode(end, instrument)
        assert np.array_equal(mixed, alone)
        assert np.array_equal(bar, alone_bar)
    _, bar = vae.decode_mixture((one + other) / 2, ends, np.full((2, 6), 0.5), instrument)
    counts = [np.bincount(vae.decode(end, instrument)[1], minlength=6) for end in ends]
    assert np.abs(np.bincount(bar, minlength=6) - (counts[0] + counts[1]) / 2).max() <= 1.5, "three shares are rounded"
