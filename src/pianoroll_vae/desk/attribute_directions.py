"""Finds vectors that move one attribute and no other.

Attributes go together in songs, so the direction of the songs that have more of one would move the others too.
Therefore what each dimension of the latents does is measured, and Newton's method finds short vectors with the wanted
effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from pianoroll_vae.desk.direction_effects import DirectionEffects, direction_score
from pianoroll_vae.desk.directions import MAX_SIDE_EFFECT
from pianoroll_vae.models.ensemble import Latents
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES
from pianoroll_vae.music.measures.ratio import Values

JACOBIAN_STEPS = (1.5, 3.0)
"""Standard deviations by which each dimension of the latents is moved: short steps do not change a bass."""

RIDGES, DAMPING, NEWTON_STEPS = (0.01, 0.05, 0.2), 0.4, 7
WANTED_EFFECT = 0.9
MIN_WORKING_EFFECT = 0.75
"""From which on a vector counts as working."""

SAFETY = 1.15
"""By which held-out songs may differ from those on which directions are found."""


@dataclass(frozen=True, eq=False)
class AttributeSolver:
    """Newton's method with the changes of attributes that steps of one size make."""

    effects: DirectionEffects
    step: Latents
    """(instruments, latent_size)"""

    jacobian: Values
    """(instruments, attributes, latent_size): the change of each attribute by a step of each dimension."""

    @staticmethod
    def measure(effects: DirectionEffects, step: Latents) -> "AttributeSolver":
        """Each dimension is moved alone."""
        columns = []
        for dimension in range(step.shape[1]):
            vectors = np.zeros_like(step)
            vectors[:, dimension] = step[:, dimension]
            columns.append(np.nan_to_num(effects.shifts(vectors)))
        return AttributeSolver(effects, step, np.stack(columns, 2))

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
                shift = np.nan_to_num(self.effects.shifts(vectors))
                others = np.abs(np.delete(shift, attribute, axis=1)).max(1)
                score = self._score(vectors, shift[:, attribute], others)
                better = score > best[attribute]
                found[attribute, better], best[attribute, better] = vectors[better], score[better]
                vectors = vectors + DAMPING * self._toward(wanted - shift, ridge)
        return found, best

    def without_attributes(self, vectors: Latents) -> Latents:
        """Vectors (instruments, latent_size) changed so that they move the attributes less."""
        for _ in range(NEWTON_STEPS // 2):
            vectors = vectors - DAMPING * self._toward(np.nan_to_num(self.effects.shifts(vectors)), RIDGES[0])
        return vectors

    def _score(self, vectors: Latents, moves: Values, others: Values) -> Values:
        """(instruments,): above -100 where a vector has the wanted effect, and the higher the shorter it is."""
        steps = np.divide(vectors, self.step, out=np.zeros_like(vectors), where=self.step > 0)
        works = (moves > MIN_WORKING_EFFECT) & (SAFETY * others < MAX_SIDE_EFFECT * moves)
        return np.where(works, -np.linalg.norm(steps, axis=1), -100 + direction_score(moves / WANTED_EFFECT, others))

    def _toward(self, change: Values, ridge: float) -> Latents:
        """(instruments, latent_size): the shortest vectors that change the attributes by about (instruments,
        attributes)."""
        transposed = self.jacobian.transpose(0, 2, 1)
        gram = self.jacobian @ transposed
        mean = np.trace(gram, axis1=1, axis2=2)[:, None, None] / gram.shape[1]
        weights = np.linalg.solve(gram + (ridge * mean + 1e-9) * np.eye(gram.shape[1]), change[..., None])
        return np.asarray(self.step * (transposed @ weights)[..., 0], np.float32)


def measure_solvers(effects: DirectionEffects, spread: Latents) -> list[AttributeSolver]:
    """One for each of `JACOBIAN_STEPS`. spread: standard deviations of the latents (instruments, latent_size)."""
    return [AttributeSolver.measure(effects, step * spread) for step in JACOBIAN_STEPS]


def find_attribute_vectors(solvers: Sequence[AttributeSolver]) -> Latents:
    """(attributes, instruments, latent_size): of each attribute and instrument the best vector of all solvers."""
    vectors, scores = (np.stack(each) for each in zip(*(solver.attribute_vectors() for solver in solvers), strict=True))
    best = scores.argmax(0)
    return np.asarray(np.take_along_axis(vectors, best[None, :, :, None], 0)[0])


def attribute_trials(latent_size: int) -> int:
    """How many moves are tried until the vectors of all attributes are found."""
    return len(JACOBIAN_STEPS) * (latent_size + len(ATTRIBUTE_MEASURES) * len(RIDGES) * NEWTON_STEPS)
