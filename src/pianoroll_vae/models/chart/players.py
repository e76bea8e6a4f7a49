"""Answers the questions of many songs at once: the networks of a band that writes note by note, ready to play."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from pianoroll_vae.models.chart import networks
from pianoroll_vae.models.chart.layers import Views, norm
from pianoroll_vae.models.chart.networks import chart_of
from pianoroll_vae.models.chart.past import Past
from pianoroll_vae.models.chart.plans import Said, decide, seen
from pianoroll_vae.models.chart.readers import reader_of
from pianoroll_vae.models.chart.windows import Written
from pianoroll_vae.models.chart.writing import Decide, Feed, Hear, LookBack, NextNote, Question
from pianoroll_vae.models.recipe import Recipe

Asking = Generator[Question, Any, None]


class Players:
    """The networks beside `rows` songs at a time, which they have read different parts of."""

    def __init__(
        self, recipe: Recipe, vae: Views, melody: Views, conditional: Views, order: tuple[int, ...], rows: int
    ) -> None:
        chart = chart_of(recipe)
        self.recipe, self.chart, self.vae, self.plans = recipe, chart, vae, (melody, conditional)
        self.reader = reader_of(recipe, vae, rows)
        self.lead, self.followers, self.rows = order[0], order[1:], rows
        width = chart.plan_width // chart.plan_heads
        self.looked = [Past(rows, chart.plan_layers, chart.plan_heads, chart.bars, width) for _ in self.plans]

    @torch.inference_mode()
    def run(self, songs: Sequence[Asking], bar_done: Callable[[], None] = lambda: None) -> None:
        """Answer until no song asks any more. What is slow is answered for as many songs as possible together; where
        a song ends, the next one begins."""
        coming = iter(songs)
        written = dict(zip(range(self.rows), coming, strict=False))
        waiting: dict[int, Question] = {}
        answers: Mapping[int, Any] = dict.fromkeys(written)
        while True:
            for row, answer in answers.items():
                asked = _next_question(written[row], answer)
                while asked is None and (song := next(coming, None)) is not None:
                    self._forget(row)
                    written[row], asked = song, _next_question(song)
                if asked is not None:
                    waiting[row] = asked
            if not waiting:
                return
            quick = {row: asked for row, asked in waiting.items() if not isinstance(asked, Feed)}
            answers = self._answer(quick) if quick else self._feed(waiting)
            for row in answers:
                if isinstance(waiting.pop(row), LookBack):
                    bar_done()

    def _forget(self, row: int) -> None:
        """Another song begins there."""
        self.reader.forget(row)
        for looked in self.looked:
            looked.forget(row)

    def _answer(self, asked: Mapping[int, Question]) -> dict[int, Any]:
        bars = {row: question for row, question in asked.items() if isinstance(question, LookBack)}
        heard = {row: question for row, question in asked.items() if isinstance(question, Hear)}
        notes = {row: question for row, question in asked.items() if isinstance(question, NextNote)}
        answers = {row: self._decide(question) for row, question in asked.items() if isinstance(question, Decide)}
        answers |= self._look_back(bars) if bars else {}
        answers |= self._hear(heard) if heard else {}
        return answers | (self.reader.next_note(notes) if notes else {})

    def _feed(self, asked: Mapping[int, Question]) -> Mapping[int, Any]:
        return self.reader.show({row: question.tokens for row, question in asked.items() if isinstance(question, Feed)})

    def _hear(self, asked: dict[int, Hear]) -> dict[int, Any]:
        sizes = [len(question.notes) for question in asked.values()]
        notes = torch.from_numpy(np.concatenate([q.notes for q in asked.values()]).astype(np.int64))
        bar = torch.repeat_interleave(torch.arange(len(asked)), torch.tensor(sizes))
        content = networks.hear(self.vae, Written(notes, bar, torch.tensor([q.who for q in asked.values()])))
        mean, _ = networks.latents(self.vae, content)
        return dict(zip(asked, zip(content.numpy(), mean.numpy(), strict=True), strict=True))

    def _look_back(self, asked: dict[int, LookBack]) -> dict[int, Any]:
        """One bar more, for both latent networks, song by song: few come to a bar's end at the same moment."""
        found = {}
        for row, question in asked.items():
            content, deed = torch.from_numpy(question.content), torch.from_numpy(question.deed)
            bar, real = torch.tensor([[question.bar]]), torch.ones(1, 1, dtype=torch.bool)
            pasts = []
            for w, looked in zip(self.plans, self.looked, strict=True):
                x = seen(w, content[None, None], deed[None, None], bar)
                x = looked.show(w, "past.", x, bar, real, slice(row, row + 1))
                pasts.append(norm(x, w["past.norm"])[0, 0])
            found[row] = tuple(pasts)
        return found

    def _decide(self, question: Decide) -> tuple[Any, ...]:
        planner = 0 if question.who == self.lead else self.followers.index(question.who)
        w = self.plans[0 if question.who == self.lead else 1]
        content, deed, mine, there = (
            torch.from_numpy(part) for part in (question.content, question.deed, question.mine, question.there)
        )
        said: Said = decide(w, self.recipe, planner, question.past, content, deed, mine, there)
        return tuple(getattr(said, name).numpy() for name in ("kind", "back", "weight", "mean", "log_deviation"))


def _next_question(song: Asking, answer: Any = None) -> Question | None:
    """None where the song has been written to its end."""
    try:
        return song.send(answer)
    except StopIteration:
        return None
