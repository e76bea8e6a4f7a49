"""The arranger's prior: what an instrument does in the next bar, and the latent of a new bar.

A transformer over the bars of the whole band, as the encoder embeds them. In each bar the lead is predicted first;
every other instrument is also given what those before it do in the new bar. An instrument rests, repeats one of its
last bars, or plays something new, whose latent is drawn from a mixture of Gaussians.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, FORMS
from pianoroll_vae.models.arranger.conditions import GENRES, TEMPOS
from pianoroll_vae.models.arranger.parameters import (
    ACTIONS,
    BAR_PERIODS,
    BAR_POSITIONS,
    CHORD_LABELS,
    POINTER_WIDTH,
    RETURN_GATES,
)
from pianoroll_vae.models.arranger.prior_output import PriorOutput
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT
from pianoroll_vae.models.arranger.train.chart_writer import ChartWriter
from pianoroll_vae.models.arranger.train.layers import RMSNorm, Transformer, gelu
from pianoroll_vae.models.arranger.train.trait_model import TraitModel
from pianoroll_vae.models.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Plan:
    """The chart and the conditions of bars (…), as `play.plan.Plan` has them of a song."""

    chords: Tensor
    """(…, 2): labels of the half bars."""

    form: Tensor
    """Of the bar's block, see `Blocks.form`."""

    block_bar: Tensor
    """Number of the bar in its block, 0 to BLOCK_BARS - 1."""

    active: Tensor
    """(…, instruments): whether each instrument plays in the bar's block."""

    genres: Tensor
    """(…, GENRES)"""

    tempo: Tensor


@dataclass(frozen=True, eq=False)
class PlanInContext(Plan):
    """The plan of bars that are predicted, and what of it depends on the bars around each."""

    future: Tensor
    """(…, instruments, content_size): what is known of the bar after; zeros where nothing is."""

    same_chords: Tensor
    """(…, MEMORY_BARS): half bars, 0 to 2, in which each of the last bars has the same chord as this bar."""

    returns_to: Tensor
    """(…, MEMORY_BARS): whether the form returns to that bar."""


class StackedLinear(nn.Module):
    """A linear layer of each of several instruments: weight (instruments, outputs, inputs)."""

    def __init__(self, instruments: int, inputs: int, outputs: int, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(instruments, outputs, inputs))
        self.bias = nn.Parameter(torch.empty(instruments, outputs)) if bias else None

    def forward(self, x: Tensor, row: int) -> Tensor:
        return F.linear(x, self.weight[row], None if self.bias is None else self.bias[row])


class StackedEmbedding(nn.Module):
    """An embedding of each of several instruments: weight (instruments, entries, width)."""

    def __init__(self, instruments: int, entries: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(instruments, entries, width))

    def forward(self, index: Tensor, row: int) -> Tensor:
        return F.embedding(index, self.weight[row])


class History(nn.Module):
    """A transformer over the bars that the whole band has played."""

    def __init__(self, instruments: int, content: int, layers: int, width: int, heads: int) -> None:
        super().__init__()
        self.content = nn.Linear(instruments * content, width, bias=False)
        self.action = nn.Embedding(instruments * ACTIONS, width)
        self.bar_position = nn.Embedding(BAR_POSITIONS, width)
        self.chords = nn.Embedding(2 * CHORD_LABELS, width)
        self.layers = Transformer(layers, width, heads, BAR_PERIODS)
        self.norm = RMSNorm(width)

    def forward(self, content: Tensor, action: Tensor, bar: Tensor, chords: Tensor) -> Tensor:
        """(songs, bars, width): the past up to and including each bar.

        content: (songs, bars, instruments, content_size), zeros for rests; action: (songs, bars, instruments); bar:
        (songs, bars), numbered from the song's first; chords: (songs, bars, 2).
        """
        x = self.content(content.flatten(2)) + self.action(action_index(action)).sum(2)
        x = x + self.bar_position(bar % BAR_POSITIONS) + self.chords(chord_index(chords)).sum(2)
        history: Tensor = self.norm(self.layers(x, bar))
        return history


class CurrentBar(nn.Module):
    """What each instrument makes of the past and of the new bar, as far as the other instruments have written it."""

    def __init__(self, rows: int, instruments: int, content: int, width: int) -> None:
        super().__init__()
        self.content = StackedLinear(rows, instruments * content, width)
        self.action = StackedEmbedding(rows, instruments * ACTIONS, width)
        self.history = StackedLinear(rows, width, width)
        self.future = StackedLinear(rows, instruments * content, width)
        self.active = StackedLinear(rows, instruments, width)
        self.chords = nn.Embedding(2 * CHORD_LABELS, width)
        self.form = nn.Embedding(FORMS, width)
        self.block_bar = nn.Embedding(BLOCK_BARS, width)
        self.genre = nn.Embedding(GENRES, width)
        self.tempo = nn.Embedding(TEMPOS, width)
        self.up = StackedLinear(rows, width, 2 * width, bias=True)
        self.down = StackedLinear(rows, 2 * width, width)

    def forward(
        self, row: int, instrument: int, past: Tensor, content: Tensor, action: Tensor, plan: PlanInContext
    ) -> Tensor:
        """(…, width); see `Prior.predict`."""
        x = self.history(past, row) + self.content(content.flatten(-2), row)
        x = x + self.action(action_index(action), row).sum(-2)
        x = x + self.future(plan.future.flatten(-2), row) + self.active(plan.active.to(x.dtype), row)
        x = x + self.chords(chord_index(plan.chords)).sum(-2) + self.form(plan.form) + self.block_bar(plan.block_bar)
        x = x + plan.genres.to(x.dtype) @ self.genre.weight + self.tempo(plan.tempo)
        return F.rms_norm(x + self.down(gelu(self.up(x, row)), row), x.shape[-1:])


class PriorHeads(nn.Module):
    """Output layers, of each instrument its own."""

    def __init__(self, rows: int, width: int, content: int, components: int, latent: int) -> None:
        super().__init__()
        self.components, self.latent_size = components, latent
        self.action = StackedLinear(rows, width, 3 + MEMORY_BARS, bias=True)
        self.query = StackedLinear(rows, width, POINTER_WIDTH)
        self.key = StackedLinear(rows, content, POINTER_WIDTH)
        self.return_bar = StackedLinear(rows, width, RETURN_GATES, bias=True)
        self.mixture = StackedLinear(rows, width, components * (1 + 2 * latent), bias=True)

    def forward(
        self, row: int, x: Tensor, last_bars: Tensor, played: Tensor, plan: PlanInContext
    ) -> PriorOutput[Tensor]:
        """Of x (…, width); see `Prior.predict`."""
        action = self.action(x, row).float()
        query, key = self.query(x, row), self.key(last_bars, row)
        pointer = (key @ query.unsqueeze(-1)).squeeze(-1).float() * POINTER_WIDTH**-0.5
        gates = self.return_bar(x, row).float()
        by_chords = gates[..., :-1].gather(-1, plan.same_chords)
        back = action[..., 3:] + pointer + by_chords + gates[..., -1:] * plan.returns_to
        back = back.masked_fill(~played, -math.inf)
        no_repeat = F.pad(~played.any(-1, keepdim=True), (REPEAT, NEW - REPEAT))
        kind = action[..., :3].masked_fill(no_repeat, -math.inf)
        mixture = self.mixture(x, row).float()
        shape = (*mixture.shape[:-1], self.components, self.latent_size)
        mean, log_std = (part.reshape(shape) for part in mixture[..., self.components :].chunk(2, -1))
        return PriorOutput(kind, back, mixture[..., : self.components], mean, log_std.clamp(-5, 2))


class Prior(nn.Module):
    """The prior of `rows` of the band's instruments. Its state dict has the names and the order of
    `parameters.prior_specs`."""

    def __init__(self, recipe: Recipe, instruments: int, rows: int, with_chart: bool = False) -> None:
        super().__init__()
        sizes, latent = recipe.arranger, recipe.latent_size
        content, width = sizes.bar_width, sizes.prior_width
        self.history = History(instruments, content, sizes.prior_layers, width, sizes.prior_heads)
        self.current = CurrentBar(rows, instruments, content, width)
        self.heads = PriorHeads(rows, width, content, recipe.latents.components, latent)
        self.chart = ChartWriter(instruments, sizes) if with_chart else None
        self.traits = TraitModel(instruments) if with_chart else None

    def predict(
        self,
        row: int,
        instrument: int,
        past: Tensor,
        content: Tensor,
        action: Tensor,
        last_bars: Tensor,
        played: Tensor,
        plan: PlanInContext,
    ) -> PriorOutput[Tensor]:
        """What an instrument, of index `row` among those of this prior, does after `past` (…, width).

        content (…, instruments, content_size) and action (…, instruments): of the new bar, zeros for instruments that
        have not written it. last_bars (…, MEMORY_BARS, content_size): the instrument's last bars, the latest first;
        played (…, MEMORY_BARS): whether it played in them.
        """
        output: PriorOutput[Tensor] = self.heads(
            row, self.current(row, instrument, past, content, action, plan), last_bars, played, plan
        )
        return output


HALF_LOG_2_PI = 0.9189385
"""Of the normalisation of a Gaussian's density, for each number."""


def latent_nll(output: PriorOutput[Tensor], latent: Tensor) -> Tensor:
    """(…): nats of latents (…, latent_size) under the mixtures."""
    off = (latent.unsqueeze(-2) - output.mean) * (-output.log_std).exp()
    component = -0.5 * (off**2).sum(-1) - output.log_std.sum(-1) - HALF_LOG_2_PI * latent.shape[-1]
    return -torch.logsumexp(output.weight.log_softmax(-1) + component, -1)


def chord_index(chords: Tensor) -> Tensor:
    """Labels (…, 2) of a bar's half bars to indices of an embedding of both."""
    return chords + CHORD_LABELS * torch.arange(2, device=chords.device)


def action_index(action: Tensor) -> Tensor:
    """Actions (…, instruments) to indices of an embedding of all instruments' actions."""
    return action + ACTIONS * torch.arange(action.shape[-1], device=action.device)
