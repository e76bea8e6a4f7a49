"""Directions in latent space: how they are learned from phrases, and how far each really moves what it is named for.

A direction is one vector for each instrument; 1 along it is meant to move the instrument's trait by its standard
deviation, or the phrase toward a genre by as much as songs differ along the way there. Knows nothing of files.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.phrases import Phrases
from pianoroll_vae.music.traits import TRAITS, Values, traits

SMALLEST_MOVE = 0.2
"""Standard deviations that a direction must move its own measure for each unit, on songs it was not learned from."""

SMALLEST_AUC = 0.6
"""How well a genre must be told by its latents, on songs not learned from, before moving toward it means anything."""

FEWEST_PHRASES = 50


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
        return np.nan_to_num(self.moves) >= SMALLEST_MOVE


@dataclass(frozen=True, eq=False)
class Heard:
    """Phrases with what they are: latents (n, instruments, latent_size), traits (n, instruments, traits), genres."""

    latents: Latents
    traits: Values
    genres: NDArray[np.bool_]
    """(n, genres)"""

    @staticmethod
    def of(ensemble: Ensemble, phrases: Phrases, genres: NDArray[np.bool_]) -> "Heard":
        return Heard(ensemble.encode(phrases), traits(phrases, ensemble.steps_per_beat), genres)

    def playing(self, chair: int) -> NDArray[np.bool_]:
        """(n,): the phrases in which an instrument plays."""
        return np.asarray(~np.isnan(self.traits[:, chair]).any(-1))


def learn(ensemble: Ensemble, train: Heard, held_out: Heard, genre_names: tuple[str, ...]) -> list[Direction]:
    """All directions, with what they do to the phrases held out; those that move nothing among them."""
    before = ensemble.decode(held_out.latents)
    trait_vectors = np.stack([_of_traits(train, chair) for chair in range(len(ensemble.band))], 1)
    directions = []
    for index, name in enumerate(TRAITS):
        shift = _shifts(ensemble, held_out, train, trait_vectors[index], before)
        moves, others = _own_and_others(shift, index)
        directions.append(Direction(name, "trait", trait_vectors[index], moves, others))
    for index, name in enumerate(genre_names):
        directions.append(_of_genre(ensemble, train, held_out, index, name, before))
    return directions


def _of_traits(train: Heard, chair: int) -> Latents:
    """(traits, latent_size): how the latent changes with each trait while the others stay, by least squares.

    A trait that never differs (there is no higher or lower drum) has no direction.
    """
    there = train.playing(chair)
    values, latents = train.traits[there, chair], train.latents[there, chair]
    if len(values) < FEWEST_PHRASES:
        return np.zeros((len(TRAITS), latents.shape[-1]), np.float32)
    spread = values.std(0)
    standard = (values - values.mean(0)) / np.where(spread > 0, spread, 1)
    slopes = np.linalg.lstsq(np.column_stack([standard, np.ones(len(standard))]), latents, rcond=None)[0][:-1]
    return np.where(spread[:, None] > 0, slopes, 0).astype(np.float32)


def _shifts(ensemble: Ensemble, held_out: Heard, train: Heard, vectors: Latents, before: Phrases) -> Values:
    """(instruments, traits): how far each trait moves, in its standard deviations; NaN where nothing plays."""
    after = traits(ensemble.decode(held_out.latents + vectors), ensemble.steps_per_beat)
    moved = after - traits(before, ensemble.steps_per_beat)
    spread = np.stack([np.nanstd(train.traits[train.playing(c), c], axis=0) for c in range(len(ensemble.band))])
    count = (~np.isnan(moved)).sum(0)
    mean = np.nansum(moved, axis=0) / np.maximum(count, 1)
    return np.where((count > 0) & (spread > 0), mean / np.where(spread > 0, spread, 1), np.nan)


def _own_and_others(shift: Values, own: int) -> tuple[Values, Values]:
    others = np.abs(np.delete(shift, own, axis=1))
    return shift[:, own], np.nan_to_num(others).max(1)


def _of_genre(ensemble: Ensemble, train: Heard, held_out: Heard, genre: int, name: str, before: Phrases) -> Direction:
    """From the middle of all other phrases to that of the genre's, as far as phrases differ along this way.

    Its measure is a linear probe of what the band hears in what was decoded.
    """
    instruments, size = train.latents.shape[1:]
    vectors, probes = np.zeros((2, instruments, size), np.float32)
    told = np.zeros(instruments, bool)
    for chair in range(instruments):
        there = train.playing(chair)
        inside, outside = there & train.genres[:, genre], there & ~train.genres[:, genre]
        if min(inside.sum(), outside.sum()) < FEWEST_PHRASES:
            continue
        latents = train.latents[:, chair]
        way = latents[inside].mean(0) - latents[outside].mean(0)
        vectors[chair] = way / np.linalg.norm(way) * (latents[there] @ (way / np.linalg.norm(way))).std()
        within = np.cov(latents[there].T) + 1e-3 * np.eye(size)
        probes[chair] = np.linalg.solve(within, way)
        asked = held_out.playing(chair)
        scores = held_out.latents[asked, chair] @ probes[chair]
        told[chair] = _auc(scores, held_out.genres[asked, genre]) >= SMALLEST_AUC
    after = ensemble.decode(held_out.latents + vectors)
    gone = (ensemble.encode(after) - ensemble.encode(before)) * probes
    spread = (train.latents * probes).sum(-1).std(0)
    moves = np.where(told, gone.sum(-1).mean(0) / np.maximum(spread, 1e-12), np.nan)
    others = np.nan_to_num(np.abs(_shifts(ensemble, held_out, train, vectors, before))).max(1)
    return Direction(name, "genre", vectors, moves, others)


def _auc(scores: NDArray[np.float32], positive: NDArray[np.bool_]) -> float:
    """How often a phrase of the genre scores higher than another one."""
    count = int(positive.sum())
    if not 0 < count < len(scores):
        return 0.5
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))
