"""Answers the questions of many songs at once: the networks of a band that writes note by note, ready to play."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pianoroll_vae.models.chart import networks
from pianoroll_vae.models.chart.layers import Views, norm
from pianoroll_vae.models.chart.networks import Answers, chart_of
from pianoroll_vae.models.chart.past import Past
from pianoroll_vae.models.chart.plans import Said, decide, seen
from pianoroll_vae.models.chart.stream import NOTE
from pianoroll_vae.models.chart.windows import Written
from pianoroll_vae.models.chart.writing import Decide, Feed, Hear, LookBack, NextNote, Question, Token
from pianoroll_vae.models.device import quick_in_bfloat16
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.bars import NOTE_COLUMNS

TOKENS_AT_ONCE = 128
"""Of one song, read in one go."""

MANY = 4
"""Songs side by side from which on half the precision saves time: one alone waits for other things."""

Asking = Generator[Question, Any, None]


class Players:
    """The networks beside `rows` songs that they have read different parts of."""

    def __init__(
        self, recipe: Recipe, vae: Views, melody: Views, conditional: Views, order: tuple[int, ...], rows: int
    ) -> None:
        chart = chart_of(recipe)
        self.recipe, self.chart, self.vae, self.plans = recipe, chart, vae, (melody, conditional)
        self.kind = torch.bfloat16 if rows >= MANY and quick_in_bfloat16() else torch.float32
        self.writes = {name: view.to(self.kind) for name, view in vae.items() if name.startswith(("write.", "next."))}
        self.lead, self.followers, self.rows = order[0], order[1:], rows
        self.read = Past(rows, chart.layers, chart.heads, chart.tokens, chart.width // chart.heads, self.kind)
        width = chart.plan_width // chart.plan_heads
        self.looked = [Past(rows, chart.plan_layers, chart.plan_heads, chart.bars, width) for _ in self.plans]

    @torch.inference_mode()
    def run(self, songs: Sequence[Asking], bar_done: Callable[[int], None] = lambda row: None) -> None:
        """Answer until no song asks any more. What is slow is answered for as many songs as possible together."""
        waiting: dict[int, Question] = {}
        answers: dict[int, Any] = dict.fromkeys(range(len(songs)))
        while True:
            for row, answer in answers.items():
                with suppress(StopIteration):
                    waiting[row] = songs[row].send(answer)
            if not waiting:
                return
            quick = {row: asked for row, asked in waiting.items() if not isinstance(asked, Feed)}
            answers = self._answer(quick) if quick else self._feed(waiting)
            for row in answers:
                if isinstance(waiting.pop(row), LookBack):
                    bar_done(row)

    def _answer(self, asked: Mapping[int, Question]) -> dict[int, Any]:
        bars = {row: question for row, question in asked.items() if isinstance(question, LookBack)}
        heard = {row: question for row, question in asked.items() if isinstance(question, Hear)}
        notes = {row: question for row, question in asked.items() if isinstance(question, NextNote)}
        answers = {row: self._decide(question) for row, question in asked.items() if isinstance(question, Decide)}
        answers |= self._look_back(bars) if bars else {}
        answers |= self._hear(heard) if heard else {}
        return answers | (self._next_note(notes) if notes else {})

    def _feed(self, asked: Mapping[int, Any]) -> dict[int, Any]:
        """The last of each song's new tokens, after all have been read."""
        answers: dict[int, Any] = {}
        longest = max(len(question.tokens) for question in asked.values())
        for begin in range(0, longest, TOKENS_AT_ONCE):
            parts = {row: question.tokens[begin : begin + TOKENS_AT_ONCE] for row, question in asked.items()}
            shown = self._show({row: part for row, part in parts.items() if part})
            answers |= {row: shown[row, len(part) - 1] for row, part in parts.items() if part}
        return answers

    def _show(self, parts: dict[int, Sequence[Token]]) -> Tensor:
        """(rows, tokens, width) of tokens of some songs."""
        size = max(len(part) for part in parts.values())
        note = np.zeros((self.rows, size, NOTE_COLUMNS), np.int64)
        facts = np.zeros((4, self.rows, size), np.int64)
        latent = np.zeros((self.rows, size, self.recipe.latent_size), np.float32)
        content = np.zeros((self.rows, size, self.chart.content), np.float32)
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
        x = networks.token_of(self.writes, who, says)
        x = x + networks.note_tokens(self.writes, torch.from_numpy(note), who) * is_note
        known = (torch.from_numpy(part).to(self.kind) for part in (latent, content))
        headed = networks.heading_tokens(self.writes, time, *known)
        x = x + headed * ~is_note
        return norm(self.read.show(self.writes, "write.", x, time, real > 0), self.writes["write.norm"])

    def _next_note(self, asked: dict[int, NextNote]) -> dict[int, Any]:
        questions = list(asked.values())
        answers = Answers(
            self.writes, torch.stack([q.hidden for q in questions]), torch.tensor([q.who for q in questions])
        )
        found: dict[int, Any] = {}
        rows = list(asked)
        where = [i for i, q in enumerate(questions) if q.place is None]
        if where:
            places = _some(answers, where).places().numpy()
            found |= {rows[i]: scores for i, scores in zip(where, places, strict=True)}
        which = [i for i, q in enumerate(questions) if q.place is not None and q.pitch is None]
        if which:
            some = _some(answers, which)
            place = torch.tensor([questions[i].place for i in which])
            pitches = some.pitches(some.hidden(), place).numpy()
            found |= {rows[i]: scores for i, scores in zip(which, pitches, strict=True)}
        how = [i for i, q in enumerate(questions) if q.pitch is not None]
        if how:
            some = _some(answers, how)
            place, pitch = (torch.tensor([getattr(questions[i], name) for i in how]) for name in ("place", "pitch"))
            lengths, velocities = some.lengths_and_velocities(some.hidden(), place, pitch)
            pairs = zip(lengths.numpy(), velocities.numpy(), strict=True)
            found |= {rows[i]: pair for i, pair in zip(how, pairs, strict=True)}
        return found

    def _hear(self, asked: dict[int, Hear]) -> dict[int, Any]:
        sizes = [len(question.notes) for question in asked.values()]
        notes = torch.from_numpy(np.concatenate([q.notes for q in asked.values()]).astype(np.int64))
        bar = torch.repeat_interleave(torch.arange(len(asked)), torch.tensor(sizes))
        content = networks.hear(self.vae, Written(notes, bar, torch.tensor([q.who for q in asked.values()])))
        mean, _ = networks.latents(self.vae, content)
        return dict(zip(asked, zip(content.numpy(), mean.numpy(), strict=True), strict=True))

    def _look_back(self, asked: dict[int, LookBack]) -> dict[int, Any]:
        """One bar more, for both latent networks."""
        players = len(self.followers) + 1
        content = torch.zeros(self.rows, 1, players, self.chart.content)
        deed = torch.zeros(self.rows, 1, players, dtype=torch.long)
        bar = torch.zeros(self.rows, 1, dtype=torch.long)
        real = torch.zeros(self.rows, 1, dtype=torch.bool)
        for row, question in asked.items():
            content[row, 0] = torch.from_numpy(question.content)
            deed[row, 0] = torch.from_numpy(question.deed)
            bar[row, 0], real[row, 0] = question.bar, True
        pasts = []
        for w, looked in zip(self.plans, self.looked, strict=True):
            x = looked.show(w, "past.", seen(w, content, deed, bar), bar, real)
            pasts.append(norm(x, w["past.norm"])[:, 0])
        return {row: (pasts[0][row], pasts[1][row]) for row in asked}

    def _decide(self, question: Decide) -> tuple[Any, ...]:
        planner = 0 if question.who == self.lead else self.followers.index(question.who)
        w = self.plans[0 if question.who == self.lead else 1]
        content, deed, mine, there = (
            torch.from_numpy(part) for part in (question.content, question.deed, question.mine, question.there)
        )
        said: Said = decide(w, self.recipe, planner, question.past, content, deed, mine, there)
        return tuple(getattr(said, name).numpy() for name in ("kind", "back", "weight", "mean", "log_deviation"))


def _some(answers: Answers, which: list[int]) -> Answers:
    if len(which) == len(answers.x):
        return answers
    return Answers(answers.w, answers.x[which], answers.who[which])
