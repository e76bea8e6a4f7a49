"""The decoder beside many songs that it has read different parts of: reads their tokens, says what may follow."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from pianoroll_vae.models.chart import networks
from pianoroll_vae.models.chart.layers import Views, norm
from pianoroll_vae.models.chart.networks import Answers, chart_of
from pianoroll_vae.models.chart.past import Past
from pianoroll_vae.models.chart.solo import SoloReader
from pianoroll_vae.models.chart.stream import NOTE
from pianoroll_vae.models.chart.writing import NextNote, Token
from pianoroll_vae.models.device import quick_in_bfloat16
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.bars import NOTE_COLUMNS

TOKENS_AT_ONCE = 128
"""Of one song, read in one go, at most."""

FEW = 8
"""Tokens that a song has to tell while it is being written."""

MANY = 4
"""Songs side by side from which on half the precision saves time."""


class Reader(Protocol):
    """What a decoder answers. What it makes of a token is its own matter."""

    def show(self, parts: Mapping[int, Sequence[Token]]) -> Mapping[int, Any]:
        """Row to what is made of the last of its new tokens."""

    def forget(self, row: int) -> None:
        """Another song begins in that row."""

    def next_note(self, asked: Mapping[int, NextNote]) -> dict[int, Any]:
        """Row to the scores that `NextNote` describes."""


def reader_of(recipe: Recipe, vae: Views, rows: int) -> Reader:
    """The quickest decoder for so many songs."""
    weights = {name: view for name, view in vae.items() if name.startswith(("write.", "next."))}
    if rows == 1:
        arrays = {name: view.numpy() for name, view in weights.items()}
        return SoloReader(chart_of(recipe), arrays, networks.PHRASE_BARS)
    kind = torch.bfloat16 if rows >= MANY and quick_in_bfloat16() else torch.float32
    return ManyReader(recipe, {name: view.to(kind) for name, view in weights.items()}, rows, kind)


class ManyReader:
    """All songs at once."""

    def __init__(self, recipe: Recipe, weights: Views, rows: int, kind: torch.dtype) -> None:
        chart = chart_of(recipe)
        self.w, self.rows, self.kind = weights, rows, kind
        self.sizes = recipe.latent_size, chart.content
        # What is read in one go must not push itself out of the ring: a token that sees nothing, not even itself, says
        # nothing.
        self.at_once = max(min(TOKENS_AT_ONCE, chart.tokens // 4), 1)
        self.past = Past(rows, chart.layers, chart.heads, chart.tokens, chart.width // chart.heads, kind)

    def show(self, parts: Mapping[int, Sequence[Token]]) -> dict[int, Tensor]:
        """Who has much to tell, as where a song begins, tells it alone, since the others' rows would be empty."""
        found: dict[int, Tensor] = {}
        few = {row: part for row, part in parts.items() if len(part) <= FEW}
        for row, part in parts.items():
            if row not in few:
                for begin in range(0, len(part), self.at_once):
                    some = part[begin : begin + self.at_once]
                    found[row] = self._shown({0: some}, slice(row, row + 1))[0, len(some) - 1]
        if few:
            shown = self._shown(few, slice(0, self.rows))
            found |= {row: shown[row, len(part) - 1] for row, part in few.items()}
        return found

    def forget(self, row: int) -> None:
        self.past.forget(row)

    def _shown(self, parts: Mapping[int, Sequence[Token]], rows: slice) -> Tensor:
        """(rows, tokens, width); `parts` are counted from the first of the `rows`."""
        size, count = max(len(part) for part in parts.values()), rows.stop - rows.start
        note = np.zeros((count, size, NOTE_COLUMNS), np.int64)
        facts = np.zeros((4, count, size), np.int64)
        latent, content = (np.zeros((count, size, width), np.float32) for width in self.sizes)
        for row, part in parts.items():
            for i, token in enumerate(part):
                note[row, i] = token.note
                facts[:, row, i] = token.who, token.says, token.time, 1
                if token.latent is not None:
                    latent[row, i] = token.latent
                if token.content is not None:
                    content[row, i] = token.content
        who, says, time, real = torch.from_numpy(facts)
        is_note = (says == NOTE).unsqueeze(-1)
        x = networks.token_of(self.w, who, says)
        x = x + networks.note_tokens(self.w, torch.from_numpy(note), who) * is_note
        known = (torch.from_numpy(part).to(self.kind) for part in (latent, content))
        x = x + networks.heading_tokens(self.w, time, *known) * ~is_note
        return norm(self.past.show(self.w, "write.", x, time, real > 0, rows), self.w["write.norm"])

    def next_note(self, asked: Mapping[int, NextNote]) -> dict[int, Any]:
        where = {row: q for row, q in asked.items() if q.place is None}
        which = {row: q for row, q in asked.items() if q.place is not None and q.pitch is None}
        how = {row: q for row, q in asked.items() if q.pitch is not None}
        found: dict[int, Any] = {}
        if where:
            found |= zip(where, self._answers(where).places().numpy(), strict=True)
        if which:
            answers, place = self._answers(which), _column(which, "place")
            found |= zip(which, answers.pitches(answers.hidden(), place).numpy(), strict=True)
        if how:
            answers, place, pitch = self._answers(how), _column(how, "place"), _column(how, "pitch")
            lengths, velocities = answers.lengths_and_velocities(answers.hidden(), place, pitch)
            found |= zip(how, zip(lengths.numpy(), velocities.numpy(), strict=True), strict=True)
        return found

    def _answers(self, asked: Mapping[int, NextNote]) -> Answers:
        hidden = torch.stack([question.hidden for question in asked.values()])
        return Answers(self.w, hidden, _column(asked, "who"))


def _column(asked: Mapping[int, NextNote], name: str) -> Tensor:
    return torch.tensor([getattr(question, name) for question in asked.values()])
