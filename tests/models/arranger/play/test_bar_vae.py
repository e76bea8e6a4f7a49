"""Choosing onsets, and decoding mixtures."""

import numpy as np

from pianoroll_vae.models.arranger.parameters import CELLS, ONSET_THRESHOLD
from pianoroll_vae.models.arranger.play.bar_vae import BARS_PER_BATCH, BarVae, choose_onsets
from tests.small_arranger import SMALL_ARRANGER

SIZES = SMALL_ARRANGER.bar_vae


def latents(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, SIZES.latent_size), np.float32)


def test_the_likeliest_onsets_are_chosen() -> None:
    logits = np.random.default_rng(0).standard_normal((3, CELLS)).astype(np.float32)
    chosen = choose_onsets(logits, np.array([0, 1, 40]))
    assert chosen.sum(1).tolist() == [0, 1, 40]
    assert chosen[1, logits[1].argmax()]
    assert logits[2][chosen[2]].min() > logits[2][~chosen[2]].max()
    assert np.array_equal(choose_onsets(logits), logits > ONSET_THRESHOLD)


def test_bars_decode_the_same_alone_and_among_others(vae: BarVae) -> None:
    count = BARS_PER_BATCH + 3
    instrument = np.arange(count) % 5
    notes, bar = vae.decode(latents(count), instrument)
    assert np.array_equal(bar, np.sort(bar))
    last, _ = vae.decode(latents(count)[-1:], instrument[-1:])
    assert np.array_equal(notes[bar == count - 1], last)
