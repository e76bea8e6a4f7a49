"""Measures how close sets of songs are to real songs, with an upper and a lower bound for comparison.

The upper bound is a second set of real songs. The lower bounds are real songs whose instruments are swapped between
songs and, where they are given, songs of the recipe `thesis`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid, counted
from pianoroll_vae.listen.following import FollowingScore
from pianoroll_vae.listen.overlap import Histogram, histogram, overlaps
from pianoroll_vae.listen.song_set import SongSet, measure, swap_instruments
from pianoroll_vae.listen.two_sample_test import FOLDS, TwoSampleResult, two_sample_test
from pianoroll_vae.music.measures.copying import PhraseIndex
from pianoroll_vae.music.measures.drift import KeyDrift
from pianoroll_vae.music.measures.excerpt import EXCERPT_BARS
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import Watch

REAL, SWAPPED, THESIS = "real songs", "instruments swapped", "thesis"
HELD_OUT = "held-out real songs"
REAL_AUC_RANGE = (0.48, 0.55)
"""The AUC of real songs against real songs must lie here for the two-sample test to be valid."""

MIN_THESIS_AUC, MAX_THESIS_OVERLAP = 0.99, 0.60
"""The same for songs of the recipe `thesis` against real songs."""

REAL_SPLITS = 3
"""Random divisions of the real songs into two sets: with 300 songs in each, one division varies the AUC by 0.025."""

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
    sets: tuple[SetScores, ...]
    """Real songs, then the lower bounds, then every evaluated set."""

    evaluated: tuple[str, ...]
    """The names of the evaluated sets."""

    features: tuple[Feature, ...]
    """By overlap, the smallest first."""

    ranking: tuple[tuple[float, Song], ...]
    """Every evaluated song with its predicted probability to be real, the highest first."""

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
        if real and not low <= real.auc <= high:
            failed.append(f"real songs against real songs have AUC {real.auc:.3f}, not {low} to {high}")
        if thesis and thesis.auc < MIN_THESIS_AUC:
            failed.append(f"the recipe thesis has AUC {thesis.auc:.3f}, not {MIN_THESIS_AUC} or more")
        if thesis and thesis.overlap > MAX_THESIS_OVERLAP:
            failed.append(f"the recipe thesis has overlap {thesis.overlap:.3f}, not {MAX_THESIS_OVERLAP:.2f} or less")
        return tuple(failed)

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


def evaluate(
    evaluated: Mapping[str, Sequence[Song]],
    real: Sequence[Song],
    other_real: Sequence[Song],
    thesis: Sequence[Song],
    training: Sequence[Song],
    skip_bars: int,
    seed: int,
    watch: Watch,
) -> Evaluation:
    """Measure each evaluated set, by its name, against `real`.

    `other_real` is a second set of real songs, the upper bound; `thesis` and `training` may be empty. The sets must be
    disjoint, except that songs of `other_real` may be `training` songs.
    """
    lower_bounds = {SWAPPED: swap_instruments(other_real)} | ({THESIS: thesis} if thesis else {})
    given = {REAL: other_real} | lower_bounds | dict(evaluated)
    real_set, sets = _measured(real, given, skip_bars, watch)
    copied = _copied({**sets, REAL: real_set}, training, watch) if training else {}
    results = _test_sets(sets, real_set, tuple(evaluated), seed, watch)
    diversity = _diversity(real_set, sets[REAL], sets)
    same_count = min(len(sets[name]) for name in evaluated)  # the overlap of fewer songs is lower, of real ones too
    scores = [
        _scores(name, songs, real_set, results[name].auc, diversity[name, name], copied.get(name), same_count)
        for name, songs in sets.items()
    ]
    between = [diversity[pair] for pair in combinations(evaluated, 2)]
    importance = [results[name].importance for name in evaluated]
    return Evaluation(
        sets=tuple(scores),
        evaluated=tuple(evaluated),
        features=_features([sets[name] for name in evaluated], real_set, importance),
        ranking=_ranking({name: sets[name] for name in evaluated}, results),
        diversity_between=float(np.mean(between)) if between else None,
    )


def _measured(
    real: Sequence[Song], given: Mapping[str, Sequence[Song]], skip_bars: int, watch: Watch
) -> tuple[SongSet, dict[str, SongSet]]:
    """The real songs and each set that was given, refused where they are too few."""
    for name, songs in ((HELD_OUT, real), *given.items()):  # before minutes of measuring
        _refuse_too_few(name, len(songs), len(songs), skip_bars)
    total = len(real) + sum(len(songs) for songs in given.values())
    with watch.task("Measuring", total, "songs") as task:
        real_set = measure(REAL, real, skip_bars, task)
        sets = {name: measure(name, songs, skip_bars, task) for name, songs in given.items()}
    _refuse_too_few(HELD_OUT, len(real), len(real_set), skip_bars)
    for name, songs in given.items():
        _refuse_too_few(name, len(songs), len(sets[name]), skip_bars)
    return real_set, sets


def _refuse_too_few(name: str, songs: int, usable: int, skip_bars: int) -> None:
    """Every fold of the two-sample test needs songs of both sets; usable: songs with a whole excerpt."""
    if usable >= FOLDS:
        return
    why = f", {usable or 'none'} of them with {EXCERPT_BARS} bars or more after the first {skip_bars}"
    raise SettingInvalid(
        f"The two-sample test needs {FOLDS} songs or more in each set; '{name}' has {counted(songs, 'song')}"
        f"{why if usable < songs else ''}.",
        "Use more songs (--count, or a larger folder), or skip fewer bars (--primer-bars)."
        if usable < songs
        else "Generate more songs (--count), or name a larger folder.",
    )


def _test_sets(
    sets: Mapping[str, SongSet], real: SongSet, evaluated: Sequence[str], seed: int, watch: Watch
) -> dict[str, TwoSampleResult]:
    """Test each set against real songs; those evaluated have the importance of each feature."""
    results: dict[str, TwoSampleResult] = {}
    with watch.task("Two-sample tests", len(sets), "sets") as task:
        for name, songs in sets.items():
            if name == REAL:
                results[name] = _test_real_songs(songs, real, seed)
            else:
                results[name] = two_sample_test(songs.features, real.features, seed, importance=name in evaluated)
            task.advance()
    return results


def _scores(
    name: str, songs: SongSet, real: SongSet, auc: float, diversity: float, copied: ByName | None, same_count: int
) -> SetScores:
    # Drop-out, drift and figures of real songs are those of the held-out ones; the others may be trained on.
    measured = real if name == REAL else songs
    return SetScores(
        name=name,
        songs=len(songs),
        excerpts=len(songs.excerpts),
        auc=auc,
        overlap=float(overlaps(songs.excerpts_of_first(same_count), real.excerpts).mean()),
        diversity=diversity,
        drop_out=measured.drop_out(),
        copied=copied,
        key_drift=measured.mean_drift(),
        figures=measured.mean_figures(),
        coherence=measured.mean_coherence(),
    )


def _ranking(
    evaluated: Mapping[str, SongSet], results: Mapping[str, TwoSampleResult]
) -> tuple[tuple[float, Song], ...]:
    ranking = [
        (float(realness), song)
        for name, songs in evaluated.items()
        for realness, song in zip(results[name].realness, songs.songs, strict=True)
    ]
    return tuple(sorted(ranking, key=lambda ranked: -ranked[0]))


def _test_real_songs(first: SongSet, second: SongSet, seed: int) -> TwoSampleResult:
    """Test real songs against real songs; the AUC is the mean over several random divisions of all of them."""
    result = two_sample_test(first.features, second.features, seed)
    rng = np.random.default_rng(seed)
    songs = [*first.features, *second.features]
    aucs = [result.auc]
    while len(aucs) < REAL_SPLITS:
        shuffled = [songs[number] for number in rng.permutation(len(songs))]
        aucs.append(two_sample_test(shuffled[: len(first)], shuffled[len(first) :], seed + len(aucs)).auc)
    return replace(result, auc=float(np.mean(aucs)))


def _features(
    evaluated: Sequence[SongSet], real_set: SongSet, importance: Sequence[NDArray[np.float64]]
) -> tuple[Feature, ...]:
    values = np.concatenate([songs.excerpts for songs in evaluated])
    mean_importance = np.mean(importance, axis=0)
    features = [
        Feature(name, float(mean_importance[i]), histogram(values[:, i], real_set.excerpts[:, i]))
        for i, name in enumerate(real_set.feature_names)
    ]
    return tuple(sorted(features, key=lambda feature: feature.histogram.overlap))


def _copied(sets: Mapping[str, SongSet], training: Sequence[Song], watch: Watch) -> dict[str, dict[str, Any]]:
    """Copied shares by set and instrument. Swapped songs are left out: they may be training songs themselves."""
    searched = {name: songs for name, songs in sets.items() if name != SWAPPED}
    band = training[0].band
    shares: dict[str, dict[str, Any]] = {name: {} for name in searched}
    with watch.task("Searching for copied phrases", len(band), "instruments") as task:
        for instrument, instrument_name in enumerate(band.names):
            index = PhraseIndex(training, instrument)
            for name, songs in searched.items():
                shares[name][instrument_name] = songs.copied_share(index)
            task.advance()
    return shares


def _diversity(real_set: SongSet, other_real: SongSet, sets: Mapping[str, SongSet]) -> dict[tuple[str, str], float]:
    """Within each set and between every two: the mean distance from a song to its nearest neighbour.

    Features are standardised by the real songs. The distance is relative to the same within real songs, or between the
    two sets of them; the same number of songs is compared, since the nearest of more songs is nearer.
    """
    mean, std = real_set.song_means.mean(0), real_set.song_means.std(0)

    def standardise(songs: SongSet) -> NDArray[np.float64]:
        return np.asarray((songs.song_means - mean) / np.where(std > 0, std, 1))

    points = {name: standardise(songs) for name, songs in sets.items()}
    real, other = standardise(real_set), standardise(other_real)

    def ratio(first: str, second: str) -> float:
        count = min(len(points[first]), len(points[second]), len(real), len(other))
        among_real = _nearest(real[:count], None if first == second else other[:count])
        return _nearest(points[first][:count], None if first == second else points[second][:count]) / among_real

    return {(first, second): ratio(first, second) for first in points for second in points}


def _nearest(points: NDArray[np.float64], others: NDArray[np.float64] | None) -> float:
    """Mean distance from each point to the nearest of the others, or of the remaining points."""
    targets = points if others is None else others
    squares = (points**2).sum(1)[:, None] + (targets**2).sum(1) - 2 * points @ targets.T
    if others is None:
        np.fill_diagonal(squares, np.inf)
    return float(np.sqrt(np.maximum(squares, 0)).min(1).mean())
