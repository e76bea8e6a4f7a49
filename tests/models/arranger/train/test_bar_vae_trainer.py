"""Training of the bar VAE: it learns, several processes compute one loss, songs are brought into one key."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.tokens import TokenStream, tokenize, writing_order
from pianoroll_vae.models.arranger.train.bar_vae_trainer import BarVaeTrainer, _NewBars
from pianoroll_vae.models.arranger.train.training_data import ArrangerTrainingData
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import Bars
from tests.small_arranger import DRUMS, SMALL_ARRANGER, bar_notes, charted, loops

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def stream() -> TokenStream:
    return tokenize((charted(loops(16, seed)) for seed in range(6)), writing_order(LPD5))


def trainer_of(stream: TokenStream, epochs: int = 2) -> BarVaeTrainer:
    data = ArrangerTrainingData(SMALL_ARRANGER, LPD5, stream, stream)
    trainer = data.for_bar_vae("band", TrainingSettings(16, 1e-2, 0, torch.float32), epochs, CPU)
    assert isinstance(trainer, BarVaeTrainer)
    return trainer


def test_training_lowers_the_loss(stream: TokenStream) -> None:
    trainer = trainer_of(stream, 12)
    losses = [trainer.train_epoch(epoch, lambda count: None)["loss"][0] for epoch in range(1, 13)]
    assert losses[-1] < 0.8 * losses[0]
    assert trainer.validate().keys() >= {"valid_loss", "valid_kl", "valid_onsets"}


def test_the_ranks_share_the_loss_of_one_process(stream: TokenStream) -> None:
    def loss(rank: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        trainer = trainer_of(stream)
        trainer.ranks = replace(trainer.ranks, rank=rank, size=size)
        batch = trainer.sample_batch(stream, 8, np.random.default_rng(0), True)
        return trainer.loss(batch, torch.Generator().manual_seed(0))

    (alone, sums), *parts = loss(0, 1), loss(0, 2), loss(1, 2)
    assert sum(part.item() for part, _ in parts) == pytest.approx(alone.item(), rel=1e-4)
    assert torch.stack([part for _, part in parts]).sum(0).tolist() == pytest.approx(sums.tolist(), rel=1e-4)


def test_every_new_bar_is_cut_whole_and_all_but_drums_are_transposed() -> None:
    rng = np.random.default_rng(1)
    cells = [bar_notes(rng, 6, bool(DRUMS[instrument])) for _ in range(4) for instrument in range(5)]
    stream = tokenize([charted(Bars.from_cells(cells, 5))], writing_order(LPD5))
    bars = _NewBars.of(stream, DRUMS)
    assert len(bars.heading) == 20
    batch = bars.cut(stream, np.arange(20), np.where(DRUMS[bars.instrument], 0, 2))
    for row in range(20):
        notes, instrument = batch.note[batch.bar == row].numpy(), int(batch.instrument[row])
        notes[:, 1] -= 0 if DRUMS[instrument] else 2
        assert any(np.array_equal(notes, cell) for cell in cells)
