"""What the chart's latent networks learn: deeds and latents of the next bar, from stretches of whole bars.

What is heard in a bar comes from the encoder as it is, batch by batch. Knows no files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pianoroll_vae.models.arranger.parameters import WROTE_NEW
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, REST, TokenStream
from pianoroll_vae.models.arranger.train.layers import Views
from pianoroll_vae.models.arranger.train.prior import PriorOutput, decide, latent_nats, look_back
from pianoroll_vae.models.arranger.train.trainer import ArrangerTrainer
from pianoroll_vae.models.arranger.train.vae import hear, latents
from pianoroll_vae.models.arranger.train.windows import written
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import SILENT

PLAYING_ALONG = 0.3
"""Share of the stretches in which some instruments' new bars are known."""


@dataclass(frozen=True, eq=False)
class Bars:
    """Stretches of bars side by side, with MEMORY_BARS bars in front of them that nothing is learned of.

    (stretches, MEMORY_BARS + bars, players) but for `bar` and `real` (stretches, MEMORY_BARS + bars).
    """

    content: Tensor
    """(…, content)"""

    mean: Tensor
    """(…, latent_size)"""

    deviation: Tensor
    kind: Tensor
    action: Tensor
    source: Tensor
    """The cell whose notes are played, SILENT where nothing is."""

    bar: Tensor
    real: Tensor
    """Whether the bar belongs to the song."""

    def part(self, rank: int, size: int) -> "Bars":
        """Every size-th stretch."""
        return Bars(*(getattr(self, field.name)[rank::size] for field in fields(self)))

    def to(self, device: torch.device) -> "Bars":
        return Bars(*(getattr(self, field.name).to(device) for field in fields(self)))


class PriorTrainer(ArrangerTrainer[Bars]):
    """The network of `planners` (the lead alone, or everybody else) and the songs it learns from."""

    unit = "bars"
    max_loss = 1e4
    examined = 128
    figures = ("deed", "back", "latent")

    def __init__(
        self,
        stage: str,
        recipe: Recipe,
        band: Band,
        weights: Weights,
        encoder: Views,
        train: TokenStream,
        valid: TokenStream,
        planners: tuple[int, ...],
        settings: TrainingSettings,
        epochs: int,
        device: torch.device,
        ranks: Ranks | None = None,
    ) -> None:
        self.stage, self.encoder, self.planners = stage, encoder, planners
        super().__init__(recipe, band, weights, train, valid, settings, epochs, device, ranks)

    def sizes(self) -> tuple[int, int]:
        """In bars."""
        bars = self.arranger.context_bars
        return bars, min(self.recipe.latents.pairs, int(self.train.song_bar[-1])) // bars

    def draw(self, stream: TokenStream, count: int, rng: np.random.Generator, learning: bool) -> Bars:
        """Stretches that begin with bars drawn by chance."""
        starts = rng.integers(0, stream.song_bar[-1], count)
        by = self.moves(count, rng, learning)
        return stretches(self.encoder, self.recipe, stream, starts, self.arranger.context_bars, by, self.drums).to(
            self.device
        )

    def cost(self, w: Mapping[str, Tensor], batch: Bars, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """Nats a bar of one instrument."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == torch.bfloat16):
            given = self._given(batch, noise)
            latent = batch.mean + batch.deviation * torch.randn(batch.mean.shape, generator=noise).to(self.device)
            rank, size = self.ranks.rank, self.ranks.size
            mine, given, latent = batch.part(rank, size), given[rank::size], latent[rank::size]
            now = slice(MEMORY_BARS, None)
            past = look_back(w, self.recipe, mine.content[:, now], mine.action[:, now], mine.bar[:, now])[:, :-1]
            found = [
                self._nats(w, row, instrument, past, mine, latent, given)
                for row, instrument in enumerate(self.planners)
            ]
        actions, backs, news = (torch.stack(part).sum() for part in zip(*found, strict=True))
        count = batch.real[:, MEMORY_BARS + 1 :].sum().clamp(min=1) * len(self.planners)
        loss = (actions + backs + news) / count
        parts = (actions + backs + news, actions, backs, news, count / size)
        return loss, torch.stack([part.detach().double() for part in parts]).cpu()

    def _nats(
        self, w: Views, row: int, instrument: int, past: Tensor, batch: Bars, latent: Tensor, given: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Nats of deeds, of which bar is repeated, and of latents, over all bars of the batch. `given` (stretches,
        players): who is known beside those that write first."""
        now = slice(MEMORY_BARS + 1, None)
        before = self.train.order[: self.train.order.index(instrument)]
        known = given[:, None].clone()
        known[..., before] = True
        known[..., instrument] = False
        content = batch.content[:, now] * known.unsqueeze(-1)
        action = batch.action[:, now] * known
        mine = memory_of(batch.content[:, :, instrument])
        source, real = memory_of(batch.source[:, :, instrument]), batch.real[:, now]
        output = decide(w, self.recipe, row, past, content, action, mine, source != SILENT)
        kind = batch.kind[:, now, instrument]
        actions = F.cross_entropy(output.kind[real], kind[real], reduction="sum")
        again = real & (kind == REPEAT)
        same = source[again] == batch.source[:, now, instrument][again].unsqueeze(-1)
        scores = output.back[again].log_softmax(-1)
        backs = -torch.logsumexp(scores.masked_fill(~same, -torch.inf), -1).sum()
        new = real & (kind == NEW)
        fresh = PriorOutput(
            *(getattr(output, name)[new] for name in ("kind", "back", "weight", "mean", "log_deviation"))
        )
        return actions, backs, latent_nats(fresh, latent[:, now, instrument][new]).sum()

    def _given(self, batch: Bars, noise: torch.Generator) -> Tensor:
        """(stretches, players): in some stretches some instruments stand already, as where a band plays along."""
        stretches, _, instruments = batch.action.shape
        along = torch.rand(stretches, 1, generator=noise) < PLAYING_ALONG
        return (along & (torch.rand(stretches, instruments, generator=noise) < 0.5)).to(self.device)


def memory_of(cells: Tensor) -> Tensor:
    """(stretches, MEMORY_BARS + bars, …) to (stretches, bars - 1, MEMORY_BARS, …): before each bar but the first, the
    bars that may be repeated, the latest first."""
    bars = cells.shape[1] - MEMORY_BARS
    back = torch.arange(1, bars)[:, None] + MEMORY_BARS - 1 - torch.arange(MEMORY_BARS)
    return cells[:, back]


def stretches(
    encoder: Views,
    recipe: Recipe,
    stream: TokenStream,
    starts: NDArray[np.int64],
    bars: int,
    by: NDArray[np.int64],
    drums: NDArray[np.bool_],
) -> Bars:
    """So many bars from each of `starts` on, of one song each, and MEMORY_BARS in front, moved by semitones `by`."""
    instruments = stream.instruments
    song = np.searchsorted(stream.song_bar, starts, side="right") - 1
    bar = starts[:, None] + np.arange(-MEMORY_BARS, bars)
    begin, end = stream.song_bar[song][:, None], stream.song_bar[song + 1][:, None]
    real = (bar >= begin) & (bar < end)
    cell = np.where(real, bar, 0)[..., None] * instruments + np.arange(instruments)
    source = np.where(real[..., None], stream.source[cell], SILENT)
    cells = len(stream.source)
    stretch = np.arange(len(starts))[:, None, None]
    names, heard = np.unique(np.where(source == SILENT, -1, stretch * cells + source), return_inverse=True)
    skip = int(len(names) > 0 and names[0] == -1)
    names, place = names[skip:], torch.from_numpy(heard.reshape(source.shape) - skip + 1)
    with torch.no_grad():
        content = hear(
            encoder, written(stream, names % cells, by[names // cells] * ~drums[names % cells % instruments])
        )
        mean, log_deviation = latents(encoder, content)
    nothing = torch.zeros(1, 1)
    content, mean, deviation = (
        torch.cat([nothing.expand(1, part.shape[1]), part])[place] for part in (content, mean, log_deviation.exp())
    )
    kind = np.where(source == SILENT, REST, np.where(source == cell, NEW, REPEAT))
    action = np.where(kind == REPEAT, distances(source, MEMORY_BARS), np.where(kind == NEW, WROTE_NEW, 0))
    return Bars(
        content,
        mean,
        deviation,
        torch.from_numpy(kind),
        torch.from_numpy(action),
        torch.from_numpy(source.astype(np.int64)),
        torch.from_numpy(np.where(real, bar - begin, 0)),
        torch.from_numpy(real),
    )


def distances(source: NDArray[np.int64], farthest: int) -> NDArray[np.int64]:
    """(…, bars, players) sources to how many bars back each last was played; 0 where it was not."""
    found = np.zeros(source.shape, np.int64)
    for back in range(farthest, 0, -1):
        same = source[..., back:, :] == source[..., :-back, :]
        found[..., back:, :] = np.where(same & (source[..., back:, :] != SILENT), back, found[..., back:, :])
    return found
