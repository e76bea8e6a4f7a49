"""The result of an evaluation: the figures of each set of songs, feature and song, and what follows from them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from pianoroll_vae.errors import counted
from pianoroll_vae.listen.following import FollowingScore
from pianoroll_vae.listen.overlap import Histogram
from pianoroll_vae.music.measures.drift import KeyDrift
from pianoroll_vae.music.song import Song

REAL, SWAPPED, THESIS = "real songs", "instruments swapped", "thesis"
REAL_AUC_RANGE = (0.48, 0.55)
"""The AUC of real songs against real songs must lie here for the two-sample test to be valid."""

MIN_SONGS = 50
"""In each set. The AUC of real songs against real songs has a standard deviation of 0.06 with 50 in each set, of 0.10
with 20 and of 0.18 with 5: with fewer songs it may lie in that range, or far from it, by chance."""

MIN_THESIS_AUC, MAX_THESIS_OVERLAP = 0.99, 0.60
"""The same for songs of the recipe `thesis` against real songs."""

ByName = Mapping[str, float | None]


@dataclass(frozen=True)
class SetScores:
    """The figures of one set of songs; real songs have AUC 0.5, overlap 1 and diversity 1."""

    name: str
    songs: int
    excerpts: int
    auc: float
    overlap: float
    """Overlapping area with real songs, mean over the features."""

    diversity: float
    """Mean distance from each song to its nearest neighbour in the set, relative to that among real songs."""

    drop_out: ByName
    """By instrument."""

    copied: ByName | None
    """By instrument: share of the phrases that nearly equal one of a training song; None without training songs."""

    key_drift: KeyDrift | None
    figures: ByName
    """What papers publish of whole songs."""

    coherence: ByName
    """Harmony and form of whole songs: means over the songs."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One feature in all evaluated songs and in real ones."""

    name: str
    importance: float
    """Permutation importance in the two-sample test: the AUC lost when the feature is shuffled."""

    histogram: Histogram
    """The evaluated songs first, the real ones second."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All figures of one run of `vaemusic evaluate`."""

    sets: tuple[SetScores, ...]
    """Real songs, then the lower bounds, then every evaluated set."""

    evaluated: tuple[str, ...]
    """The names of the evaluated sets."""

    features: tuple[Feature, ...]
    """By overlap, the smallest first."""

    ranking: tuple[tuple[float, Song], ...]
    """Every evaluated song with its predicted probability to be real, the highest first."""

    fewest_songs: int
    """In a set, that of held-out songs too."""

    diversity_between: float | None
    """As `SetScores.diversity`, from the songs of one evaluated set to those of another; None for a single set."""

    settings: Mapping[str, Any] = field(default_factory=dict)

    following: Mapping[str, tuple[FollowingScore, ...]] = field(default_factory=dict)
    """By model, where it was measured."""

    def scores_of(self, name: str) -> SetScores | None:
        return next((scores for scores in self.sets if scores.name == name), None)

    @property
    def mean_auc(self) -> float:
        return float(np.mean([scores.auc for scores in self.sets if scores.name in self.evaluated]))

    @property
    def mean_overlap(self) -> float:
        return float(np.mean([scores.overlap for scores in self.sets if scores.name in self.evaluated]))

    @property
    def gap_closed(self) -> float | None:
        """Where the mean overlap lies between that of `thesis` (0) and that of real songs (1)."""
        thesis, real = self.scores_of(THESIS), self.scores_of(REAL)
        if thesis is None or real is None or thesis.overlap >= real.overlap:
            return None
        return (self.mean_overlap - thesis.overlap) / (real.overlap - thesis.overlap)

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """Why the two-sample test is not valid here; empty where it is, as far as the given sets show."""
        failed = []
        real, thesis = self.scores_of(REAL), self.scores_of(THESIS)
        low, high = REAL_AUC_RANGE
        if self.fewest_songs < MIN_SONGS:
            few = counted(self.fewest_songs, "song")
            failed.append(f"the smallest set has {few}, and with fewer than {MIN_SONGS} the AUC depends on chance")
        if real and not low <= real.auc <= high:
            failed.append(f"real songs against real songs have AUC {real.auc:.3f}, not {low} to {high}")
        if thesis and thesis.auc < MIN_THESIS_AUC:
            failed.append(f"the recipe thesis has AUC {thesis.auc:.3f}, not {MIN_THESIS_AUC} or more")
        if thesis and thesis.overlap > MAX_THESIS_OVERLAP:
            failed.append(f"the recipe thesis has overlap {thesis.overlap:.3f}, not {MAX_THESIS_OVERLAP:.2f} or less")
        return tuple(failed)

    @property
    def warning(self) -> str:
        """Why the two-sample test is not valid here, as a sentence; empty where it is."""
        failed = "; ".join(self.failed_checks)
        return f"The two-sample test is not valid here: {failed}." if failed else ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "settings": dict(self.settings),
            "auc": self.mean_auc,
            "overlap": self.mean_overlap,
            "gap_closed": self.gap_closed,
            "test_valid": not self.failed_checks,
            "failed_checks": list(self.failed_checks),
            "has_thesis": self.scores_of(THESIS) is not None,
            "diversity_between": self.diversity_between,
            "sets": [asdict(scores) for scores in self.sets],
            "following": {name: [asdict(measure) for measure in own] for name, own in self.following.items()},
            "features": [
                {"name": f.name, "overlap": f.histogram.overlap, "importance": f.importance} for f in self.features
            ],
            "songs": [{"name": song.name, "realness": realness} for realness, song in self.ranking],
        }
