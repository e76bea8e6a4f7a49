"""Refined latents decode to more of a bar's own notes; the gradient is that of training."""

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.parameters import ONSET_LOGIT
from pianoroll_vae.models.arranger.play.bar_vae import CELLS, BarVae
from pianoroll_vae.models.arranger.play.latent_refinement import Descent, TargetNotes, refine_latents
from pianoroll_vae.models.arranger.train.bar_vae import BarVae as TrainedVae
from pianoroll_vae.models.arranger.train.trainer import load_weights
from pianoroll_vae.models.arranger.train.windows import EncoderBars
from tests.small_arranger import DRUMS, SMALL_ARRANGER, bar_notes, small_arranger_weights

BARS = 12
INSTRUMENT = np.arange(BARS) % 5


@pytest.fixture(scope="module")
def vae() -> BarVae:
    views = small_arranger_weights("bar_vae").views()
    return BarVae(SMALL_ARRANGER.bar_vae, {name: view[0].numpy() for name, view in views.items()})


@pytest.fixture(scope="module")
def targets() -> TargetNotes:
    rng = np.random.default_rng(0)
    cells = [bar_notes(rng, 9, bool(DRUMS[instrument])).astype(np.int64) for instrument in INSTRUMENT]
    return TargetNotes(np.concatenate(cells), np.repeat(np.arange(BARS), [*map(len, cells)]), INSTRUMENT)


@pytest.fixture(scope="module")
def latents(vae: BarVae, targets: TargetNotes) -> np.ndarray:
    return vae.encode(targets.notes, targets.bar, targets.instrument)


def wrong_onsets(vae: BarVae, latents: np.ndarray, targets: TargetNotes) -> np.ndarray:
    decoded = vae.onset_logits(vae.features(latents, targets.instrument)) > ONSET_LOGIT
    return np.asarray((decoded != targets.onsets().reshape(-1, CELLS)).sum(1))


def test_the_gradient_is_that_of_the_training_network(vae: BarVae, targets: TargetNotes, latents: np.ndarray) -> None:
    network = load_weights(TrainedVae(SMALL_ARRANGER.bar_vae, 5), small_arranger_weights("bar_vae"))
    x = torch.from_numpy(latents.copy()).requires_grad_()
    bars = EncoderBars(*map(torch.from_numpy, (targets.notes, targets.bar, targets.instrument)))
    [expected] = torch.autograd.grad(network.nll(x, bars).sum(), x)
    gradient, wrong = Descent(vae).gradient(latents, targets)
    assert np.allclose(gradient, expected.numpy(), rtol=1e-3, atol=1e-3)
    assert np.array_equal(wrong, wrong_onsets(vae, latents, targets))


def test_refined_latents_decode_to_fewer_wrong_onsets_and_none_to_more(
    vae: BarVae, targets: TargetNotes, latents: np.ndarray
) -> None:
    before = wrong_onsets(vae, latents, targets)
    after = wrong_onsets(vae, refine_latents(vae, latents, targets), targets)
    assert (after <= before).all()
    assert after.sum() < 0.9 * before.sum()


def test_bars_that_are_decoded_rightly_stay_as_they_are(vae: BarVae, latents: np.ndarray) -> None:
    notes, bar = vae.decode(latents, INSTRUMENT)
    targets = TargetNotes(notes, bar, INSTRUMENT)
    assert np.array_equal(refine_latents(vae, latents, targets), latents)


def test_some_bars_of_targets_keep_their_notes(targets: TargetNotes) -> None:
    some = np.isin(np.arange(BARS), [2, 7])
    taken = targets.take(some)
    assert np.array_equal(taken.onsets(), targets.onsets()[some])
    assert taken.instrument.tolist() == [2, 2]
