"""Finds vectors that move segments towards a genre, as a linear probe measures it, and change the attributes little."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.attribute_directions import JACOBIAN_STEPS, NEWTON_STEPS, AttributeSolver
from pianoroll_vae.desk.direction_effects import DirectionEffects, direction_score
from pianoroll_vae.desk.labelled_segments import MIN_SEGMENTS, LabelledSegments
from pianoroll_vae.models.ensemble import Latents

MIN_AUC = 0.6
"""AUC of a genre's linear probe on held-out songs, below which the genre has no direction."""

STRENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Of the lengths of candidates that are tried."""


def find_genre_vectors(
    effects: DirectionEffects, solvers: Sequence[AttributeSolver], candidate: Latents, probes: Latents
) -> Latents:
    """(instruments, latent_size): each instrument's best of the candidate, as it is and with less effect on attributes,
    in all `STRENGTHS`. candidate, probes: as of `genre_probes`.

    The best one changes its own measure by nearly one standard deviation and the others little, on training segments.
    """
    candidates = [candidate, *(solver.without_attributes(candidate) for solver in solvers)]
    best, vectors = np.full(len(candidate), -np.inf), np.zeros_like(candidate)
    for alone in candidates:
        for strength in STRENGTHS:
            score = direction_score(*effects.on_genre(strength * alone, probes))
            better = score > best
            vectors[better], best[better] = strength * alone[better], score[better]
    return vectors


def genre_trials() -> int:
    """How many moves are tried until the vectors of a genre are found."""
    return (1 + len(JACOBIAN_STEPS)) * len(STRENGTHS) + len(JACOBIAN_STEPS) * (NEWTON_STEPS // 2)


def genre_probes(train: LabelledSegments, held_out: LabelledSegments, genre: int) -> tuple[Latents, Latents]:
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
        if area_under_curve(held_out.latents[test, instrument] @ probe, held_out.genres[test, genre]) >= MIN_AUC:
            difference /= np.linalg.norm(difference)
            vectors[instrument], probes[instrument] = difference * (latents[playing] @ difference).std(), probe
    return vectors, probes


def area_under_curve(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """AUC: the probability that a segment of the genre scores higher than another one."""
    count = int(positive.sum())
    if not 0 < count < len(scores):
        return 0.5
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))
