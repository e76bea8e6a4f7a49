"""Learns directions in latent space for attributes and genres, and measures their effect on held-out segments.

A direction is one vector for each instrument: moved by 1 along it, the instrument's attribute, or the output of a
linear probe for the genre, is meant to change by one standard deviation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES, attribute_values
from pianoroll_vae.music.measures.ratio import Values
from pianoroll_vae.music.song import Song

MIN_EFFECT = 0.5
"""Standard deviations that a direction must change its attribute by for each unit, on held-out songs."""

MAX_SIDE_EFFECT = 1 / 3
"""By how much of that another attribute may change, at most."""

OTHERS_COST = 1.5
"""Of the change of another attribute, beside the error of its own, when a direction's length is chosen."""

JACOBIAN_STEPS = (1.5, 3.0)
"""Standard deviations by which each dimension of the latents is moved: short steps do not change a bass."""

RIDGES, DAMPING, NEWTON_STEPS = (0.01, 0.05, 0.2), 0.4, 7
WANTED_EFFECT = 0.9
LEAST_EFFECT = 0.75
SAFETY = 1.15
"""By which held-out songs may differ from those on which directions are found."""

MIN_AUC = 0.6
"""AUC of a genre's linear probe on held-out songs, below which the genre has no direction."""

MIN_SEGMENTS = 50
HELD_OUT_PER_TRIAL = 12
"""The effect is measured on at most so many held-out segments for each segment on which lengths are tried."""

STRENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Of the lengths of candidates that are tried."""


@dataclass(frozen=True, eq=False)
class Direction:
    """`vectors` (instruments, latent_size): zero where the instrument has no such direction."""

    name: str
    kind: str
    """'attribute' or 'genre'."""

    vectors: Latents
    moves: NDArray[np.float64]
    """(instruments,): change of its own attribute or genre on held-out songs in standard deviations; NaN: no vector."""

    others: NDArray[np.float64]
    """(instruments,): the largest change of another attribute, in its standard deviations."""

    @property
    def effective(self) -> NDArray[np.bool_]:
        """(instruments,): whether the direction changes its attribute enough, and the others little."""
        moves = np.nan_to_num(self.moves)
        return (moves >= MIN_EFFECT) & (np.nan_to_num(self.others) <= MAX_SIDE_EFFECT * moves)


@dataclass(frozen=True, eq=False)
class LabelledSegments:
    """Latents (n, instruments, latent_size) of segments, their attributes (n, instruments, attributes) and genres."""

    latents: Latents
    attribute_values: Values
    genres: NDArray[np.bool_]
    """(n, genres)"""

    @staticmethod
    def encode(ensemble: Ensemble, song: Song, genres: NDArray[np.bool_], count: int) -> "LabelledSegments":
        """At most `count` segments of a song, evenly spaced; genres: (genres,), of the song."""
        latents = ensemble.encode(song)
        values = measure_segments(ensemble, ensemble.in_segments(song))[: len(latents)]
        whole = LabelledSegments(latents, values, np.tile(genres, (len(latents), 1)))
        return whole.subsample(count)

    @staticmethod
    def concatenate(parts: Sequence["LabelledSegments"]) -> "LabelledSegments":
        columns = ([getattr(part, name) for part in parts] for name in ("latents", "attribute_values", "genres"))
        return LabelledSegments(*map(np.concatenate, columns))

    def subsample(self, count: int) -> "LabelledSegments":
        """At most `count` segments, evenly spaced."""
        chosen = np.unique(np.linspace(0, len(self.latents) - 1, min(count, len(self.latents))).astype(int))
        return LabelledSegments(self.latents[chosen], self.attribute_values[chosen], self.genres[chosen])

    def playing(self, instrument: int) -> NDArray[np.bool_]:
        """(n,): the segments in which an instrument plays."""
        return np.asarray(~np.isnan(self.attribute_values[:, instrument]).any(-1))


def learn_directions(
    ensemble: Ensemble,
    train: LabelledSegments,
    held_out: LabelledSegments,
    genre_names: tuple[str, ...],
    on_direction: Callable[[], None],
) -> list[Direction]:
    """The directions of all attributes and genres, ineffective ones too; `on_direction` is called after each."""
    trial, test = (
        train.subsample(ensemble.trial_segments),
        held_out.subsample(HELD_OUT_PER_TRIAL * ensemble.trial_segments),
    )
    spread = np.stack([_spread(train.attribute_values[train.playing(i), i]) for i in range(len(ensemble.band))])
    trial_effect = _Effect(ensemble, trial.latents, spread)
    test_effect = _Effect(ensemble, test.latents, spread)
    directions = []
    scale = np.stack([_scale(train, instrument) for instrument in range(len(ensemble.band))])
    isolations = [_Isolation.measure(trial_effect, step * scale) for step in JACOBIAN_STEPS]
    found = [isolation.attribute_vectors() for isolation in isolations]
    for index, name in enumerate(ATTRIBUTE_MEASURES):
        scores = np.stack([score[index] for _, score in found])
        vectors = np.stack([vector[index] for vector, _ in found])[scores.argmax(0), np.arange(len(ensemble.band))]
        directions.append(Direction(name, "attribute", vectors, *test_effect.on_attribute(vectors, index)))
        on_direction()
    for index, name in enumerate(genre_names):
        candidate, probes = _genre_vectors(train, held_out, index)
        vectors, effect = candidate, _no_effect(len(candidate))
        if candidate.any():
            alone = np.stack([candidate, *(isolation.without_attributes(candidate) for isolation in isolations)])
            vectors = _calibrate(alone, partial(trial_effect.on_genre, probes=probes))
            effect = test_effect.on_genre(vectors, probes)
        directions.append(Direction(name, "genre", vectors, *effect))
        on_direction()
    return directions


class _Effect:
    """Measures how decoded segments change when their latents move along vectors (instruments, latent_size)."""

    def __init__(self, ensemble: Ensemble, latents: Latents, spread: Values) -> None:
        self.ensemble = ensemble
        self.latents = latents
        self.spread = spread
        """(instruments, attributes)"""
        self.before = self._decode(latents)
        self.attributes_before = measure_segments(ensemble, self.before)

    def on_attribute(self, vectors: Latents, attribute: int) -> tuple[Values, Values]:
        """(instruments,) each, in standard deviations: the change of the attribute, the largest change of another."""
        shift = self.shifts(vectors)
        moves = np.where(np.abs(vectors).sum(-1) > 0, shift[:, attribute], np.nan)
        return moves, np.nan_to_num(np.abs(np.delete(shift, attribute, axis=1))).max(1)

    def on_genre(self, vectors: Latents, probes: Latents) -> tuple[Values, Values]:
        """The same for a genre: the change of its probe's output once the decoded segments are encoded again."""
        decoded = self._decode(self.latents + vectors)
        after, before = self.ensemble.encode(decoded), self.encoded_before
        spread = (before * probes).sum(-1).std(0)
        moves = ((after - before) * probes).sum(-1).mean(0) / np.maximum(spread, 1e-12)
        defined = (np.abs(vectors).sum(-1) > 0) & (np.abs(probes).sum(-1) > 0)
        return np.where(defined, moves, np.nan), np.nan_to_num(np.abs(self._shifts(decoded))).max(1)

    @cached_property
    def encoded_before(self) -> Latents:
        """Latents of the segments as they are decoded without a change."""
        return self.ensemble.encode(self.before)

    def shifts(self, vectors: Latents) -> Values:
        """(instruments, attributes): the change of each attribute, in standard deviations."""
        return self._shifts(self._decode(self.latents + vectors))

    def _decode(self, latents: Latents) -> Song:
        """The segments, one after the other."""
        ensemble = self.ensemble
        steps = len(latents) * ensemble.segment_beats * ensemble.steps_per_beat
        return Song(ensemble.band, ensemble.decode(latents), steps, ensemble.steps_per_beat)

    def _shifts(self, decoded: Song) -> Values:
        """(instruments, attributes): NaN where no segment has a value both before and after."""
        moved = measure_segments(self.ensemble, decoded) - self.attributes_before
        count = (~np.isnan(moved)).sum(0)
        mean = np.nansum(moved, axis=0) / np.maximum(count, 1)
        return np.where((count > 0) & (self.spread > 0), mean / np.where(self.spread > 0, self.spread, 1), np.nan)


@dataclass(frozen=True, eq=False)
class _Isolation:
    """Finds vectors that move one attribute and no other.

    Attributes go together in songs, so the direction of the songs that have more of one would move the others too.
    Therefore what each dimension does is measured, moved by `step`, and Newton's method finds short vectors with the
    wanted effect."""

    effect: _Effect
    step: Latents
    """(instruments, latent_size)"""

    jacobian: Values
    """(instruments, attributes, latent_size): the change of each attribute by a step of each dimension."""

    @staticmethod
    def measure(effect: _Effect, step: Latents) -> "_Isolation":
        return _Isolation(effect, step, _jacobian(effect, step))

    def attribute_vectors(self) -> tuple[Latents, Values]:
        """(attributes, instruments, latent_size), and their scores (attributes, instruments).

        The shortest vector that moves its attribute by about `WANTED_EFFECT`, and no other by much, is the best: a
        longer one changes more of the music."""
        attributes = self.jacobian.shape[1]
        found = np.zeros((attributes, *self.step.shape), np.float32)
        best = np.full(found.shape[:2], -np.inf)
        for attribute, ridge in product(range(attributes), RIDGES):
            wanted = WANTED_EFFECT * np.eye(attributes)[attribute]
            vectors = self._toward(np.tile(wanted, (len(self.step), 1)), ridge)
            for _ in range(NEWTON_STEPS):
                shift = np.nan_to_num(self.effect.shifts(vectors))
                others = np.abs(np.delete(shift, attribute, axis=1)).max(1)
                score = self._score(vectors, shift[:, attribute], others)
                better = score > best[attribute]
                found[attribute, better], best[attribute, better] = vectors[better], score[better]
                vectors = vectors + DAMPING * self._toward(wanted - shift, ridge)
        return found, best

    def _score(self, vectors: Latents, moves: Values, others: Values) -> Values:
        """(instruments,): above -100 where a vector has the wanted effect, and the higher the shorter it is."""
        steps = np.divide(vectors, self.step, out=np.zeros_like(vectors), where=self.step > 0)
        works = (moves > LEAST_EFFECT) & (SAFETY * others < MAX_SIDE_EFFECT * moves)
        return np.where(works, -np.linalg.norm(steps, axis=1), -100 + _score(moves / WANTED_EFFECT, others))

    def without_attributes(self, vectors: Latents) -> Latents:
        """Vectors (instruments, latent_size) changed so that they move the attributes less."""
        for _ in range(NEWTON_STEPS // 2):
            vectors = vectors - DAMPING * self._toward(np.nan_to_num(self.effect.shifts(vectors)), RIDGES[0])
        return vectors

    def _toward(self, change: Values, ridge: float) -> Latents:
        """(instruments, latent_size): the shortest vectors that change the attributes by about (instruments,
        attributes)."""
        transposed = self.jacobian.transpose(0, 2, 1)
        gram = self.jacobian @ transposed
        mean = np.trace(gram, axis1=1, axis2=2)[:, None, None] / gram.shape[1]
        weights = np.linalg.solve(gram + (ridge * mean + 1e-9) * np.eye(gram.shape[1]), change[..., None])
        return np.asarray(self.step * (transposed @ weights)[..., 0], np.float32)


def _no_effect(instruments: int) -> tuple[Values, Values]:
    """The effect of a genre that no probe separates from the others: none."""
    return np.full(instruments, np.nan), np.zeros(instruments)


def _jacobian(effect: _Effect, step: Latents) -> Values:
    """(instruments, attributes, latent_size): the change of each attribute by each dimension, a step at a time."""
    columns = []
    for dimension in range(step.shape[1]):
        vectors = np.zeros_like(step)
        vectors[:, dimension] = step[:, dimension]
        columns.append(np.nan_to_num(effect.shifts(vectors)))
    return np.stack(columns, 2)


def _scale(train: LabelledSegments, instrument: int) -> NDArray[np.float32]:
    """(latent_size,): standard deviations of the latents of segments in which the instrument plays."""
    playing = train.playing(instrument)
    if playing.sum() < MIN_SEGMENTS:
        return np.zeros(train.latents.shape[2], np.float32)
    return np.asarray(train.latents[playing, instrument].std(0), np.float32)


def _score(moves: Values, others: Values) -> Values:
    """The larger the better: how near a direction is to one standard deviation of its own and none of the others."""
    return np.asarray(-np.abs(1 - np.nan_to_num(moves)) - OTHERS_COST * others)


def measure_segments(ensemble: Ensemble, song: Song) -> Values:
    """(segments, instruments, attributes) of a song on the ensemble's grid whose segments all have `segment_beats`."""
    steps = ensemble.segment_beats * ensemble.steps_per_beat
    segments = -(-song.steps // steps)
    return attribute_values(song.notes, len(ensemble.band), segments, steps, ensemble.steps_per_beat)


def _calibrate(candidates: Latents, effect: Callable[[Latents], tuple[Values, Values]]) -> Latents:
    """(instruments, latent_size): each instrument's best of the candidates (n, instruments, latent_size), scaled.

    The best one changes its own measure by nearly one standard deviation and the others little, on training segments.
    """
    best, vectors = np.full(candidates.shape[1], -np.inf), np.zeros(candidates.shape[1:], np.float32)
    for candidate in candidates:
        for strength in STRENGTHS:
            moves, others = effect(strength * candidate)
            score = _score(moves, others)
            better = score > best
            vectors[better], best[better] = strength * candidate[better], score[better]
    return vectors


def _genre_vectors(train: LabelledSegments, held_out: LabelledSegments, genre: int) -> tuple[Latents, Latents]:
    """(instruments, latent_size) each: the difference of the class means, and the weights of a linear discriminant.

    The difference is as long as the standard deviation of the latents along it. Both are zero where the discriminant's
    AUC on held-out segments is below `MIN_AUC`.
    """
    vectors, probes = np.zeros((2, *train.latents.shape[1:]), np.float32)
    for instrument in range(len(vectors)):
        playing = train.playing(instrument)
        inside, outside = playing & train.genres[:, genre], playing & ~train.genres[:, genre]
        if min(inside.sum(), outside.sum()) < MIN_SEGMENTS:
            continue
        latents = train.latents[:, instrument]
        difference = latents[inside].mean(0) - latents[outside].mean(0)
        probe = np.linalg.solve(np.cov(latents[playing].T) + 1e-3 * np.eye(len(difference)), difference)
        test = held_out.playing(instrument)
        if _auc(held_out.latents[test, instrument] @ probe, held_out.genres[test, genre]) >= MIN_AUC:
            difference /= np.linalg.norm(difference)
            vectors[instrument], probes[instrument] = difference * (latents[playing] @ difference).std(), probe
    return vectors, probes


def _spread(values: Values) -> Values:
    """(attributes,): standard deviations over segments (n, attributes), 0 where there are none."""
    return np.asarray(values.std(0) if len(values) else np.zeros(values.shape[1]))


def _auc(scores: NDArray[np.float32], positive: NDArray[np.bool_]) -> float:
    """The probability that a segment of the genre scores higher than another one."""
    count = int(positive.sum())
    if not 0 < count < len(scores):
        return 0.5
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))
