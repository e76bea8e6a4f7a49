"""Trains the arranger's priors on windows of whole bars, embedded by the trained encoder."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS
from pianoroll_vae.models.arranger.conditions import hide_conditions
from pianoroll_vae.models.arranger.prior_output import PriorOutput
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, TokenStream
from pianoroll_vae.models.arranger.train.bar_windows import BarWindow, bars_before, corrupt_history, cut_bar_windows
from pianoroll_vae.models.arranger.train.chart_writer import ChartWindow, cut_chart_windows
from pianoroll_vae.models.arranger.train.prior import PlanInContext, Prior, latent_nll
from pianoroll_vae.models.arranger.train.trainer import ArrangerTrainer, TrainerInputs
from pianoroll_vae.models.arranger.train.vae import BarEncoder
from pianoroll_vae.models.arranger.traits import UNKNOWN_CLASS
from pianoroll_vae.models.training.device import autocast
from pianoroll_vae.music.bars import SILENT

ACCOMPANIMENT_RATIO = 0.3
"""Share of the windows in which the new bars of some instruments are given, as in `vaemusic accompany`."""


BEGINNING_RATIO = 0.1
"""Share of the windows in which a song begins."""

CORRUPTED_RATIO = 0.06
"""Share of the bars in the history that are exchanged for others while training."""

NEXT_KNOWN_RATIO = 0.1
"""Share of the bars before which the next bar of the whole band is known, as before a bar that is kept."""

PriorBatch = tuple[BarWindow, ChartWindow | None]
"""Bars and, for the lead, the chart of the same songs."""


class PriorTrainer(ArrangerTrainer[Prior, PriorBatch]):
    """Trains the prior of the instruments `rows` of the band: of the lead, or of all others."""

    unit = "bars"
    max_loss = 1e4
    valid_windows = 128
    loss_terms = ("action", "distance", "latent", "form", "active", "chords", "traits")

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

    def sample_batch(self, stream: TokenStream, count: int, rng: np.random.Generator, training: bool) -> PriorBatch:
        """Windows that begin with random bars; while training, transposed."""
        starts = rng.integers(0, stream.song_starts[-1], count)
        song = np.searchsorted(stream.song_starts, starts, side="right") - 1
        at_beginning = rng.random(count) < BEGINNING_RATIO
        starts = np.where(at_beginning, stream.song_starts[song], starts)
        semitones, conditions = self.random_semitones(count, rng, training), stream.conditions[song]
        if training:
            conditions = hide_conditions(conditions, rng)
        bars = self.sizes.context_bars
        window = cut_bar_windows(self.encoder, stream, starts, bars, semitones, self.drums, conditions, self.device)
        if training:
            window = corrupt_history(window, CORRUPTED_RATIO, rng)
        if self.network.chart is None:
            return window, None
        blocks = (MEMORY_BARS + bars) // BLOCK_BARS
        return window, cut_chart_windows(stream, starts, blocks, semitones, conditions, self.device)

    def loss(self, batch: PriorBatch, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """In nats a bar of one instrument; the chart's, a block; those of traits, a trait."""
        bars, chart = batch
        rank, size = self.ranks.rank, self.ranks.size
        with autocast(self.device, self.settings.precision):
            given = self._random_given(bars, noise)[rank::size]
            next_known = torch.rand(bars.action.shape[:2], generator=noise, device="cpu")[rank::size] < NEXT_KNOWN_RATIO
            sample = torch.randn(bars.mean.shape, generator=noise, device="cpu").to(self.device)
            shard, latent = bars.shard(rank, size), (bars.mean + bars.std * sample)[rank::size]
            now = slice(MEMORY_BARS, None)
            past = self.network.history(
                shard.history[:, now], shard.action[:, now], shard.bar[:, now], shard.chords[:, now]
            )[:, :-1]
            plan = self._plan(shard, given, next_known.to(self.device))
            terms = [
                self._nll(row, instrument, past, shard, latent, given, plan) for row, instrument in enumerate(self.rows)
            ]
            chart_nll = torch.cat([self._chart_nll(chart), self._trait_nll(shard, bars)])
        action, distance, new = (torch.stack(part).sum() for part in zip(*terms, strict=True))
        count = bars.in_song[:, MEMORY_BARS + 1 :].sum().clamp(min=1) * len(self.rows)
        loss = (action + distance + new) / count + chart_nll.sum()
        terms_a_bar = torch.stack([action, distance, new]) / count
        means = torch.cat([loss[None], terms_a_bar, chart_nll]).detach().double()
        return loss, torch.cat([means * count, (count / size).double()[None]]).cpu()

    def _chart_nll(self, chart: ChartWindow | None) -> Tensor:
        """(3,): this rank's share of the nats of form, instruments and chords a block."""
        if chart is None or self.network.chart is None:
            return torch.zeros(3, device=self.device)
        nll = self.network.chart.nll(chart.shard(self.ranks.rank, self.ranks.size))
        return nll / chart.has_loss.sum().clamp(min=1)

    def _trait_nll(self, shard: BarWindow, bars: BarWindow) -> Tensor:
        """(1,): this rank's share, of all windows `bars`, of the nats of a trait."""
        if self.network.traits is None:
            return torch.zeros(1, device=self.device)
        nll = self.network.traits.nll(shard.traits, shard.genres, shard.tempo)
        return nll[None] / (bars.traits != UNKNOWN_CLASS).sum().clamp(min=1)

    def _plan(self, batch: BarWindow, given: Tensor, next_known: Tensor) -> PlanInContext:
        """Of all bars but the window's first. given: (windows, instruments), whose bars are all known;
        next_known: (windows, MEMORY_BARS + bars), whether the next bar of the whole band is known."""
        now = slice(MEMORY_BARS + 1, None)
        following = F.pad(batch.content[:, MEMORY_BARS + 2 :], (0, 0, 0, 0, 0, 1))
        known = given[:, None] | next_known[:, now, None]
        chords, form = batch.chords[:, now], batch.form[:, now]
        same = (bars_before(batch.chords) == chords.unsqueeze(2)).sum(-1)
        back = torch.arange(1, MEMORY_BARS + 1, device=form.device)
        shape = form.shape
        return PlanInContext(
            chords,
            form,
            batch.block_bar[:, now],
            batch.active[:, now],
            batch.genres.unsqueeze(1).expand(*shape, -1),
            batch.tempo.unsqueeze(1).expand(shape),
            following * known.unsqueeze(-1),
            same,
            back == form.unsqueeze(-1) * BLOCK_BARS,
        )

    def _nll(
        self,
        row: int,
        instrument: int,
        past: Tensor,
        batch: BarWindow,
        latent: Tensor,
        given: Tensor,
        plan: PlanInContext,
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
        output = self.network.predict(row, instrument, past, content, action, last_bars, source != SILENT, plan)
        in_song, kind = batch.in_song[:, now], batch.kind[:, now, instrument]
        action_nll = F.cross_entropy(output.kind[in_song], kind[in_song], reduction="sum")
        repeat, new = in_song & (kind == REPEAT), in_song & (kind == NEW)
        # A bar played several times within the memory may be repeated from any of them.
        same = source[repeat] == batch.source[:, now, instrument][repeat].unsqueeze(-1)
        log_probability = output.back[repeat].log_softmax(-1)
        distance_nll = -torch.logsumexp(log_probability.masked_fill(~same, -torch.inf), -1).sum()
        new_bars = PriorOutput(*(part[new] for part in output))
        return action_nll, distance_nll, latent_nll(new_bars, latent[:, now, instrument][new]).sum()

    def _random_given(self, batch: BarWindow, noise: torch.Generator) -> Tensor:
        """(windows, instruments)"""
        windows, _, instruments = batch.action.shape
        accompaniment = torch.rand(windows, 1, generator=noise, device="cpu") < ACCOMPANIMENT_RATIO
        given = torch.rand(windows, instruments, generator=noise, device="cpu") < 0.5
        return (accompaniment & given).to(self.device)
