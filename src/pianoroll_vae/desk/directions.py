"""Directions in latent space: how they are learned from phrases, and how far each really moves what it is named for.

A direction is one vector for each instrument; 1 along it is meant to move the instrument's trait, or what tells a
genre, by its standard deviation. Knows nothing of files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES, attribute_values
from pianoroll_vae.music.measures.ratio import Values
from pianoroll_vae.music.phrases import Phrases

MIN_EFFECT = 0.2
"""Standard deviations that a direction must move its own measure for each unit, on songs it was not learned from."""

MIN_AUC = 0.6
"""How well a genre must be told by its latents, on songs not learned from, before moving toward it means anything."""

MIN_PHRASES = 50
EXAMINED = 12
"""For each phrase on which the length of a direction is tried, so many held-out ones are moved along it at most."""

STRENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


@dataclass(frozen=True, eq=False)
class Direction:
    """`vectors` (instruments, latent_size): zero where the instrument has no such direction."""

    name: str
    kind: str
    """'trait' or 'genre'."""

    vectors: Latents
    moves: NDArray[np.float64]
    """(instruments,): standard deviations its own measure moves on held-out songs; NaN where it has no vector."""

    others: NDArray[np.float64]
    """(instruments,): the largest move of another trait, in its standard deviations."""

    @property
    def offered(self) -> NDArray[np.bool_]:
        """(instruments,): who it really moves."""
        return np.nan_to_num(self.moves) >= MIN_EFFECT


@dataclass(frozen=True, eq=False)
class Heard:
    """Phrases with what they are: latents (n, instruments, latent_size), traits (n, instruments, traits), genres."""

    latents: Latents
    attribute_values: Values
    genres: NDArray[np.bool_]
    """(n, genres)"""

    @staticmethod
    def of(ensemble: Ensemble, phrases: Phrases, genres: NDArray[np.bool_]) -> "Heard":
        return Heard(ensemble.encode(phrases), attribute_values(phrases, ensemble.steps_per_beat), genres)

    def some(self, count: int) -> "Heard":
        """Phrases from all over, at most so many."""
        chosen = np.unique(np.linspace(0, len(self.latents) - 1, min(count, len(self.latents))).astype(int))
        return Heard(self.latents[chosen], self.attribute_values[chosen], self.genres[chosen])

    def playing(self, instrument: int) -> NDArray[np.bool_]:
        """(n,): the phrases in which an instrument plays."""
        return np.asarray(~np.isnan(self.attribute_values[:, instrument]).any(-1))


def learn(
    ensemble: Ensemble, train: Heard, held_out: Heard, genre_names: tuple[str, ...], done: Callable[[], None]
) -> list[Direction]:
    """All directions, with what they do to the phrases held out; those that move nothing among them. `done` is told of
    each."""
    practice, examined = train.some(ensemble.trial_phrases), held_out.some(EXAMINED * ensemble.trial_phrases)
    spread = np.stack([_spread(train.attribute_values[train.playing(c), c]) for c in range(len(ensemble.band))])
    on_practice = _Effect(ensemble, practice.latents, spread)
    on_held_out = _Effect(ensemble, examined.latents, spread)
    directions = []
    ways = np.stack([_ways_of_traits(train, instrument) for instrument in range(len(ensemble.band))], 2)
    for index, name in enumerate(ATTRIBUTE_MEASURES):
        vectors = _calibrated(ways[:, index], partial(on_practice.of_trait, own=index))
        directions.append(Direction(name, "trait", vectors, *on_held_out.of_trait(vectors, index)))
        done()
    for index, name in enumerate(genre_names):
        way, probes = _way_of_genre(train, held_out, index)
        vectors = _calibrated(way[None], partial(on_practice.of_genre, probes=probes))
        directions.append(Direction(name, "genre", vectors, *on_held_out.of_genre(vectors, probes)))
        done()
    return directions


class _Effect:
    """What a step along vectors (instruments, latent_size) does to some phrases, in standard deviations."""

    def __init__(self, ensemble: Ensemble, latents: Latents, spread: Values) -> None:
        self.ensemble = ensemble
        self.latents = latents
        self.spread = spread
        """(instruments, traits)"""
        self.before = ensemble.decode(latents)
        self.traits_before = attribute_values(self.before, ensemble.steps_per_beat)

    def of_trait(self, vectors: Latents, own: int) -> tuple[Values, Values]:
        """(instruments,) each: how far the trait moves, and the largest move of another one."""
        shift = self._shifts(self.ensemble.decode(self.latents + vectors))
        moves = np.where(np.abs(vectors).sum(-1) > 0, shift[:, own], np.nan)
        return moves, np.nan_to_num(np.abs(np.delete(shift, own, axis=1))).max(1)

    def of_genre(self, vectors: Latents, probes: Latents) -> tuple[Values, Values]:
        """The same for a genre: how far its probe moves in what the band hears of what it decodes."""
        after = self.ensemble.decode(self.latents + vectors)
        heard, was = (self.ensemble.encode(phrases) for phrases in (after, self.before))
        spread = (was * probes).sum(-1).std(0)
        moves = ((heard - was) * probes).sum(-1).mean(0) / np.maximum(spread, 1e-12)
        there = (np.abs(vectors).sum(-1) > 0) & (np.abs(probes).sum(-1) > 0)
        return np.where(there, moves, np.nan), np.nan_to_num(np.abs(self._shifts(after))).max(1)

    def _shifts(self, after: Phrases) -> Values:
        """(instruments, traits): NaN where nothing plays before and after."""
        moved = attribute_values(after, self.ensemble.steps_per_beat) - self.traits_before
        count = (~np.isnan(moved)).sum(0)
        mean = np.nansum(moved, axis=0) / np.maximum(count, 1)
        return np.where((count > 0) & (self.spread > 0), mean / np.where(self.spread > 0, self.spread, 1), np.nan)


def _calibrated(ways: Latents, effect: Callable[[Latents], tuple[Values, Values]]) -> Latents:
    """(instruments, latent_size): of several ways (n, instruments, latent_size), each instrument's best, as long as
    moves its measure by one standard deviation and others little; tried on phrases that were learned from."""
    best, vectors = np.full(ways.shape[1], -np.inf), np.zeros(ways.shape[1:], np.float32)
    for way in ways:
        for scale in STRENGTHS:
            moves, others = effect(scale * way)
            worth = -np.abs(1 - np.nan_to_num(moves)) - others / 2
            better = worth > best
            vectors[better], best[better] = scale * way[better], worth[better]
    return vectors


def _ways_of_traits(train: Heard, instrument: int) -> Latents:
    """(2, traits, latent_size): how the latent changes with each trait while the others stay, and how each trait
    changes with the latent; both by least squares.

    A trait that never differs (there is no higher or lower drum) has no direction.
    """
    there = train.playing(instrument)
    values, latents = train.attribute_values[there, instrument], train.latents[there, instrument].astype(np.float64)
    if len(values) < MIN_PHRASES:
        return np.zeros((2, len(ATTRIBUTE_MEASURES), latents.shape[-1]), np.float32)
    spread = values.std(0)
    standard = (values - values.mean(0)) / np.where(spread > 0, spread, 1)
    centred = latents - latents.mean(0)
    slopes = np.linalg.lstsq(standard, centred, rcond=None)[0]
    pulls = np.linalg.lstsq(centred, standard, rcond=None)[0].T
    lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
    pulls *= lengths / np.maximum(np.linalg.norm(pulls, axis=1, keepdims=True), 1e-12)
    return np.where(spread[:, None] > 0, np.stack([slopes, pulls]), 0).astype(np.float32)


def _way_of_genre(train: Heard, held_out: Heard, genre: int) -> tuple[Latents, Latents]:
    """(instruments, latent_size) each: from the middle of all other phrases to that of the genre's, as far as phrases
    differ along this way; and a linear probe that tells the genre. Both zero where latents do not tell it."""
    vectors, probes = np.zeros((2, *train.latents.shape[1:]), np.float32)
    for instrument in range(len(vectors)):
        there = train.playing(instrument)
        inside, outside = there & train.genres[:, genre], there & ~train.genres[:, genre]
        if min(inside.sum(), outside.sum()) < MIN_PHRASES:
            continue
        latents = train.latents[:, instrument]
        way = latents[inside].mean(0) - latents[outside].mean(0)
        probe = np.linalg.solve(np.cov(latents[there].T) + 1e-3 * np.eye(len(way)), way)
        asked = held_out.playing(instrument)
        if _auc(held_out.latents[asked, instrument] @ probe, held_out.genres[asked, genre]) >= MIN_AUC:
            way /= np.linalg.norm(way)
            vectors[instrument], probes[instrument] = way * (latents[there] @ way).std(), probe
    return vectors, probes


def _spread(values: Values) -> Values:
    """(traits,): how much each differs from phrase to phrase; 0 where nobody plays."""
    return np.asarray(values.std(0) if len(values) else np.zeros(values.shape[1]))


def _auc(scores: NDArray[np.float32], positive: NDArray[np.bool_]) -> float:
    """How often a phrase of the genre scores higher than another one."""
    count = int(positive.sum())
    if not 0 < count < len(scores):
        return 0.5
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))
