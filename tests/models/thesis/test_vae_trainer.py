"""VAEs are trained by plain modules on any device; every recipe's step stays on its device."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pianoroll_vae.models.recipe import RECIPES
from pianoroll_vae.models.thesis.likelihood import kl_nats, latent_cost, sample_latents
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.thesis.transposition import transpose
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.thesis.vae_trainer import VaeTrainer, latent_cost_at, log_sigma_rate_factor
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from tests.models.thesis.plain_networks import PlainVae, as_matrices, copy_into
from tests.thesis_dataset import SMALL, thesis_dataset

META = torch.device("meta")
THESIS_RECIPES = [name for name, recipe in RECIPES.items() if recipe.family == "thesis"]


class DeviceRecorder(TorchDispatchMode):
    """Records the devices of all results that are computed meanwhile."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.devices: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        self.devices |= {leaf.device.type for leaf in tree_leaves(result) if isinstance(leaf, Tensor)}
        return result


@pytest.mark.parametrize("name", THESIS_RECIPES)
def test_a_step_of_every_recipe_leaves_no_tensor_on_the_cpu(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adam = torch.optim.Adam  # PyTorch has no fused Adam for the device "meta"
    monkeypatch.setattr(
        "pianoroll_vae.models.thesis.vae_trainer.Adam", lambda *args, fused, **options: adam(*args, **options)
    )
    recipe = replace(RECIPES[name], vae=replace(RECIPES[name].vae, channels=SMALL.vae.channels))
    bank = thesis_dataset(tmp_path / "d.h5", songs=2).bank("train")
    vae = BandVae.fresh(recipe, ("piano",), 0)
    rolls = Rolls(bank, vae.order, (0,), recipe.grid.cell_scale, META)
    trainer = VaeTrainer(vae, rolls, rolls, TrainingSettings(4, 1e-3), Ranks(), (0,))
    network, cost = trainer.vae.networks[0], latent_cost_at(recipe.vae, 1)
    ids, noise = torch.arange(4, device=META), torch.zeros(4, recipe.latent_size, device=META)
    with DeviceRecorder() as recorder:
        targets = trainer.train.batch(0, ids)
        targets = transpose(targets, torch.full((4,), 3, device=META), rolls.order)
        inputs = targets * torch.ones_like(targets)
        loss, _ = trainer.loss(network, inputs, targets, noise, cost)
        loss.backward()
    assert recorder.devices == {"meta"}
    terms = trainer.update(0, inputs, targets, noise, cost, 4)
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    moments = [moment for key, moment in trainer.optimizer_state().items() if not key.endswith("step")]
    assert len(moments) == 2 * len(gradients) == 2 * len(list(network.parameters()))
    assert {tensor.device for tensor in (terms, *network.parameters(), *gradients, *moments)} == {META}


def test_a_step_is_that_of_convolutions_and_a_plain_adam(tmp_path: Path) -> None:
    """Five steps, to 1e-4 of each weight: sums of float32 in another order."""
    recipe = RECIPES["thesis"]
    bank = thesis_dataset(tmp_path / "d.h5", songs=2).bank("train")
    torch.manual_seed(0)
    plain, vae = PlainVae(), BandVae.fresh(recipe, ("piano",), 0)
    copy_into(vae.weights, [plain])
    rolls = Rolls(bank, vae.order, (0,), recipe.grid.cell_scale)
    trainer = VaeTrainer(vae, rolls, rolls, TrainingSettings(4, 1e-3))
    optimizer = torch.optim.Adam(plain.parameters(), 1e-3, weight_decay=recipe.vae.weight_decay)
    ids = torch.arange(4)
    images = torch.from_numpy(bank.batch(ids.numpy(), 0)).float().unsqueeze(1) / 127
    for _ in range(5):
        noise = torch.randn(4, recipe.latent_size)
        cells = rolls.batch(0, ids)
        trainer.update(0, cells, cells, noise, latent_cost_at(recipe.vae, 1), 4)
        code = plain.encode(images)
        latents = code[:, :-1] + code[:, -1:].exp() * noise
        error = (images - plain.decode(latents)) / plain.log_sigma.exp()
        kl = (0.5 * (latents.square() - noise.square()) - code[:, -1:]).sum()
        optimizer.zero_grad()
        (((0.5 * error.square() + plain.log_sigma).sum() + kl) / 4).backward()
        optimizer.step()
    for name, expected in as_matrices(plain).items():
        torch.testing.assert_close(trainer.weights[name][0], expected, rtol=1e-3, atol=1e-4, msg=name)


def test_bfloat16_gradients_point_the_same_way(tmp_path: Path) -> None:
    bank = thesis_dataset(tmp_path / "d.h5", songs=4).bank("train")
    found = []
    for precision in (torch.float32, torch.bfloat16):
        vae = BandVae.fresh(SMALL, ("piano",), 0)
        rolls = Rolls(bank, vae.order, (0,), SMALL.grid.cell_scale)
        trainer = VaeTrainer(vae, rolls, rolls, TrainingSettings(8, 1e-3, 0, precision))
        cells, noise = rolls.batch(0, torch.arange(8)), torch.ones(8, SMALL.latent_size)
        trainer.update(0, cells, cells, noise, latent_cost_at(SMALL.vae, 1), 8)
        gradients = [parameter.grad for parameter in trainer.vae.networks[0].parameters()]
        found.append(torch.cat([gradient.flatten() for gradient in gradients if gradient is not None]))
    assert float(torch.cosine_similarity(found[0], found[1], 0)) > 0.999


def test_log_sigma_is_updated_faster_in_larger_batches(tmp_path: Path) -> None:
    assert [log_sigma_rate_factor(size) for size in (8, 32, 128)] == [1.0, 1.0, 4.0]
    bank = thesis_dataset(tmp_path / "d.h5", songs=2).bank("train")
    vae = BandVae.fresh(SMALL, ("piano",), 0)
    rolls = Rolls(bank, vae.order, (0,), SMALL.grid.cell_scale)
    trainer = VaeTrainer(vae, rolls, rolls, TrainingSettings(128, 1e-3))
    cells = rolls.batch(0, torch.arange(4))
    trainer.update(0, cells, cells, torch.zeros(4, SMALL.latent_size), latent_cost_at(SMALL.vae, 1), 4)
    assert float(trainer.weights["log_sigma"]) == pytest.approx(-4e-3, rel=1e-3)


def test_a_batch_that_does_not_fit_is_halved_with_one_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adam, notices = torch.optim.Adam, list[str]()
    monkeypatch.setattr(
        "pianoroll_vae.models.thesis.vae_trainer.Adam", lambda *args, fused, **options: adam(*args, **options)
    )

    def refuse(trainer: VaeTrainer) -> None:
        if trainer.settings.batch_size > 8:
            raise torch.OutOfMemoryError

    monkeypatch.setattr(VaeTrainer, "refuse_if_too_large", refuse)
    dataset = thesis_dataset(tmp_path / "d.h5")
    data = ThesisTrainingData.from_dataset(dataset, SMALL, notices.append)
    trainer = data.for_vae(LPD5.names, TrainingSettings(16, 1e-3), Ranks(), META)
    assert trainer.settings.batch_size == 8
    assert notices == ["the batch is halved to 8: the GPU's memory is too small for more"]


def test_free_bits_cost_nothing_and_warm_up_grows() -> None:
    code, noise = torch.zeros(3, 5), torch.zeros(3, 4)
    code[:, 0] = 1.0
    latents = sample_latents(code, noise)
    kl = kl_nats(code, latents, noise)
    assert torch.equal(latent_cost(1.0, free_bits=0.6)(code, latents, noise)[1], torch.zeros(3))
    assert torch.equal(latent_cost(1.0, free_bits=0.4)(code, latents, noise)[1], kl)
    training = replace(SMALL.vae, beta=4.0, warm_up_epochs=3)
    paid = [float(latent_cost_at(training, epoch)(code, latents, noise)[1].sum()) for epoch in (1, 2, 3, 4, 5)]
    assert paid == pytest.approx([1.5, 3.0, 4.5, 6.0, 6.0])


def test_two_threads_train_the_same_bits_as_one(tmp_path: Path) -> None:
    dataset, threads, found = thesis_dataset(tmp_path / "d.h5"), torch.get_num_threads(), []
    data = ThesisTrainingData.from_dataset(dataset, SMALL, lambda text: None)
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            trainer = data.for_vae(LPD5.names, TrainingSettings(8, 1e-2), Ranks(), torch.device("cpu"))
            trainer.train_epoch(1, lambda n: None)
            found.append(torch.cat([weight.detach().flatten() for weight in trainer.named_weights().values()]))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(found[0], found[1])
