"""Trains the arranger's priors on windows of whole bars, embedded by the trained encoder."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, TokenStream
from pianoroll_vae.models.arranger.train.bar_windows import BarWindow, bars_before, cut_bar_windows
from pianoroll_vae.models.arranger.train.prior import Prior
from pianoroll_vae.models.arranger.train.trainer import ArrangerTrainer, TrainerInputs
from pianoroll_vae.models.arranger.train.vae import BarEncoder
from pianoroll_vae.music.bars import SILENT

ACCOMPANIMENT_RATIO = 0.3
"""Share of the windows in which the new bars of some instruments are given, as in `vaemusic accompany`."""


class PriorTrainer(ArrangerTrainer[Prior, BarWindow]):
    """Trains the prior of the instruments `rows` of the band: of the lead, or of all others."""

    unit = "bars"
    max_loss = 1e4
    valid_windows = 128
    loss_terms = ("action", "distance", "latent")

    def __init__(
        self, stage: str, row: str, network: Prior, encoder: BarEncoder, rows: tuple[int, ...], inputs: TrainerInputs
    ) -> None:
        self.stage, self.encoder, self.rows = stage, encoder.to(inputs.device), rows
        super().__init__(row, network, inputs)

    def window_size(self) -> int:
        """In bars."""
        return self.sizes.context_bars

    def epoch_windows(self) -> int:
        return min(self.recipe.latents.pairs, int(self.train.song_starts[-1])) // self.sizes.context_bars

    def sample_batch(self, stream: TokenStream, count: int, rng: np.random.Generator, training: bool) -> BarWindow:
        """Windows that begin with random bars; while training, transposed."""
        starts = rng.integers(0, stream.song_starts[-1], count)
        semitones = self.random_semitones(count, rng, training)
        return cut_bar_windows(
            self.encoder, stream, starts, self.sizes.context_bars, semitones, self.drums, self.device
        )

    def loss(self, batch: BarWindow, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """In nats a bar of one instrument."""
        rank, size = self.ranks.rank, self.ranks.size
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == torch.bfloat16):
            given = self._random_given(batch, noise)[rank::size]
            latent = batch.mean + batch.std * torch.randn(batch.mean.shape, generator=noise, device="cpu").to(
                self.device
            )
            shard, latent = batch.shard(rank, size), latent[rank::size]
            now = slice(MEMORY_BARS, None)
            past = self.network.history(shard.content[:, now], shard.action[:, now], shard.bar[:, now])[:, :-1]
            terms = [self._nll(row, instrument, past, shard, latent, given) for row, instrument in enumerate(self.rows)]
        action, distance, new = (torch.stack(part).sum() for part in zip(*terms, strict=True))
        count = batch.in_song[:, MEMORY_BARS + 1 :].sum().clamp(min=1) * len(self.rows)
        loss = action + distance + new
        sums = (loss, action, distance, new, count / size)
        return loss / count, torch.stack([part.detach().double() for part in sums]).cpu()

    def _nll(
        self, row: int, instrument: int, past: Tensor, batch: BarWindow, latent: Tensor, given: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Nats of an instrument's actions, of which bars it repeats, and of its latents, summed over the batch. given:
        (windows, instruments), whose new bars are known beside those of the instruments that write first."""
        now = slice(MEMORY_BARS + 1, None)
        known = given[:, None].clone()
        known[..., self.train.order[: self.train.order.index(instrument)]] = True
        known[..., instrument] = False
        content = batch.content[:, now] * known.unsqueeze(-1)
        action = batch.action[:, now] * known
        last_bars, source = bars_before(batch.content[:, :, instrument]), bars_before(batch.source[:, :, instrument])
        output = self.network.predict(row, past, content, action, last_bars, source != SILENT)
        in_song, kind = batch.in_song[:, now], batch.kind[:, now, instrument]
        action_nll = F.cross_entropy(output.kind[in_song], kind[in_song], reduction="sum")
        repeat, new = in_song & (kind == REPEAT), in_song & (kind == NEW)
        # A bar played several times within the memory may be repeated from any of them.
        same = source[repeat] == batch.source[:, now, instrument][repeat].unsqueeze(-1)
        log_probability = output.back[repeat].log_softmax(-1)
        distance_nll = -torch.logsumexp(log_probability.masked_fill(~same, -torch.inf), -1).sum()
        return action_nll, distance_nll, output[new].nll(latent[:, now, instrument][new]).sum()

    def _random_given(self, batch: BarWindow, noise: torch.Generator) -> Tensor:
        """(windows, instruments)"""
        windows, _, instruments = batch.action.shape
        accompaniment = torch.rand(windows, 1, generator=noise, device="cpu") < ACCOMPANIMENT_RATIO
        given = torch.rand(windows, instruments, generator=noise, device="cpu") < 0.5
        return (accompaniment & given).to(self.device)
