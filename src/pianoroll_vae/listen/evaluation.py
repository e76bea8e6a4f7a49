"""How good songs are: sets of songs measured against real ones, with a floor and a ceiling beside them.

The ceiling is real songs against other real songs; the floors are real songs whose instruments are exchanged, and
where they are at hand the songs of the recipe `thesis`. Knows nothing of workspaces, models or files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Watch
from pianoroll_vae.listen.judge import Verdict, judge
from pianoroll_vae.listen.overlap import Histogram, histogram, overlaps
from pianoroll_vae.listen.song_set import SongSet, exchanged, measure
from pianoroll_vae.music.measures.copying import PhraseBook
from pianoroll_vae.music.measures.drift import KeyDrift
from pianoroll_vae.music.song import Song

REAL, EXCHANGED, THESIS = "real songs", "instruments exchanged", "thesis"
FAIR_AUC = (0.48, 0.55)
"""Where the judge must end up between real songs and real songs, to be believed."""

THESIS_AUC, THESIS_OVERLAP = 0.99, 0.60
"""What the judge must at least say of the recipe `thesis`, and how much of real music that may at most cover."""

SHUFFLES = 3
"""How often the real songs are dealt into two sides: with 300 songs on each, one deal alone moves the AUC by 0.025."""

Shares = Mapping[str, float | None]


@dataclass(frozen=True)
class Line:
    """One set of songs. AUC 0.5 and overlap 1 mean: as real songs are."""

    name: str
    songs: int
    excerpts: int
    auc: float
    overlap: float
    variety: float
    """Distance from each song to the one most like it, as a multiple of the same among real songs."""

    drop_out: Shares
    memorised: Shares | None
    """By instrument: share of the phrases nearly equal to one of a training song; None without training songs."""

    key_drift: KeyDrift | None
    figures: Shares
    """What papers print of whole songs."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One feature in all judged songs and in real ones."""

    name: str
    importance: float
    """What the judge's AUC loses without it."""

    histogram: Histogram
    """The judged songs' shares first, the real ones' second."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    lines: tuple[Line, ...]
    """Real songs first, then the floors, then every judged set."""

    judged: tuple[str, ...]
    """The names of the judged sets."""

    features: tuple[Feature, ...]
    """What gives the songs away most comes first."""

    ranking: tuple[tuple[float, Song], ...]
    """Every judged song and how real it seems to the judge, the most real first."""

    variety_between: float | None
    """As `Line.variety`, from the songs of one judged set to those of another; None where there is but one."""

    settings: Mapping[str, Any] = field(default_factory=dict)

    def line(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name), None)

    @property
    def mean_auc(self) -> float:
        return float(np.mean([line.auc for line in self.lines if line.name in self.judged]))

    @property
    def mean_overlap(self) -> float:
        return float(np.mean([line.overlap for line in self.lines if line.name in self.judged]))

    @property
    def gap_closed(self) -> float | None:
        """How far the judged songs' overlap has come from that of `thesis` to that of real songs; 1 is all the way."""
        floor, ceiling = self.line(THESIS), self.line(REAL)
        if floor is None or ceiling is None or floor.overlap >= ceiling.overlap:
            return None
        return (self.mean_overlap - floor.overlap) / (ceiling.overlap - floor.overlap)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the judge cannot be believed here; empty when it can, as far as the floors at hand can tell."""
        doubts = []
        real, thesis = self.line(REAL), self.line(THESIS)
        if real and not FAIR_AUC[0] <= real.auc <= FAIR_AUC[1]:
            doubts.append(f"real songs against real songs give AUC {real.auc:.3f}, not {FAIR_AUC[0]} to {FAIR_AUC[1]}")
        if thesis and thesis.auc < THESIS_AUC:
            doubts.append(f"the recipe thesis gets away with AUC {thesis.auc:.3f}, not {THESIS_AUC} or more")
        if thesis and thesis.overlap > THESIS_OVERLAP:
            doubts.append(f"the recipe thesis overlaps by {thesis.overlap:.3f}, not {THESIS_OVERLAP:.2f} or less")
        return tuple(doubts)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "settings": dict(self.settings),
            "auc": self.mean_auc,
            "overlap": self.mean_overlap,
            "gap_closed": self.gap_closed,
            "judge_valid": not self.doubts,
            "doubts": list(self.doubts),
            "thesis_at_hand": self.line(THESIS) is not None,
            "variety_between": self.variety_between,
            "sets": [asdict(line) for line in self.lines],
            "features": [
                {"name": f.name, "overlap": f.histogram.overlap, "importance": f.importance} for f in self.features
            ],
            "songs": [{"name": song.name, "realness": realness} for realness, song in self.ranking],
        }


def evaluate(
    judged: Mapping[str, Sequence[Song]],
    real: Sequence[Song],
    other_real: Sequence[Song],
    thesis: Sequence[Song],
    training: Sequence[Song],
    skip_bars: int,
    seed: int,
    watch: Watch,
) -> Evaluation:
    """Measure each judged set, by its name, against `real`.

    `other_real` are as real and make the ceiling; `thesis` and `training` may be empty. No song may be in two of them,
    but those of `other_real` may be `training` songs.
    """
    floors = {EXCHANGED: exchanged(other_real)} | ({THESIS: thesis} if thesis else {})
    given = {REAL: other_real} | floors | dict(judged)
    total = len(real) + sum(len(songs) for songs in given.values())
    with watch.task("Measuring", total, "songs") as task:
        truth = measure(REAL, real, skip_bars, task)
        sets = {name: measure(name, songs, skip_bars, task) for name, songs in given.items()}
    memorised = _memorised({**sets, REAL: truth}, training, watch) if training else {}
    verdicts: dict[str, Verdict] = {}
    with watch.task("Judging", len(sets), "sets") as task:
        for name, songs in sets.items():
            if name == REAL:
                verdicts[name] = _judge_of_real_songs(songs, truth, seed)
            else:
                verdicts[name] = judge(songs.features, truth.features, seed, importance=name in judged)
            task.advance()
    variety = _variety(truth, sets[REAL], sets)
    as_many = min(len(sets[name]) for name in judged)  # fewer songs overlap less, in the ceiling too
    lines = []
    for name, songs in sets.items():
        seen = truth if name == REAL else songs  # the ceiling's figures are those of the songs that nobody trained on
        line = Line(
            name=name,
            songs=len(songs),
            excerpts=len(songs.excerpts),
            auc=verdicts[name].auc,
            overlap=float(overlaps(songs.first(as_many), truth.excerpts).mean()),
            variety=variety[name, name],
            drop_out=seen.drop_out(),
            memorised=memorised.get(name),
            key_drift=seen.mean_drift(),
            figures=seen.mean_figures(),
        )
        lines.append(line)
    ranking = [
        (float(realness), song)
        for name in judged
        for realness, song in zip(verdicts[name].realness, sets[name].songs, strict=True)
    ]
    between = [variety[pair] for pair in combinations(judged, 2)]
    return Evaluation(
        lines=tuple(lines),
        judged=tuple(judged),
        features=_features([sets[name] for name in judged], truth, [verdicts[name].importance for name in judged]),
        ranking=tuple(sorted(ranking, key=lambda ranked: -ranked[0])),
        variety_between=float(np.mean(between)) if between else None,
    )


def _judge_of_real_songs(one: SongSet, other: SongSet, seed: int) -> Verdict:
    """What the judge says of real songs against real songs, its AUC the mean over several deals of them all."""
    first = judge(one.features, other.features, seed)
    rng = np.random.default_rng(seed)
    songs = [*one.features, *other.features]
    areas = [first.auc]
    while len(areas) < SHUFFLES:
        dealt = [songs[place] for place in rng.permutation(len(songs))]
        areas.append(judge(dealt[: len(one)], dealt[len(one) :], seed + len(areas)).auc)
    return replace(first, auc=float(np.mean(areas)))


def _features(
    judged: Sequence[SongSet], truth: SongSet, importance: Sequence[NDArray[np.float64]]
) -> tuple[Feature, ...]:
    values = np.concatenate([songs.excerpts for songs in judged])
    mean_importance = np.mean(importance, axis=0)
    features = [
        Feature(name, float(mean_importance[i]), histogram(values[:, i], truth.excerpts[:, i]))
        for i, name in enumerate(truth.feature_names)
    ]
    return tuple(sorted(features, key=lambda feature: feature.histogram.overlap))


def _memorised(sets: Mapping[str, SongSet], training: Sequence[Song], watch: Watch) -> dict[str, dict[str, Any]]:
    """By set and instrument. Exchanged songs are left out: they are made of what the book holds."""
    asked = {name: songs for name, songs in sets.items() if name != EXCHANGED}
    band = training[0].band
    shares: dict[str, dict[str, Any]] = {name: {} for name in asked}
    with watch.task("Looking for training songs", len(band), "instruments") as task:
        for place, instrument in enumerate(band.names):
            book = PhraseBook(training, place)
            for name, songs in asked.items():
                shares[name][instrument] = songs.known_to(book)
            task.advance()
    return shares


def _variety(truth: SongSet, other: SongSet, sets: Mapping[str, SongSet]) -> dict[tuple[str, str], float]:
    """Within each set and between every two: the mean distance from a song to the one most like it.

    In units of the real songs' spread, feature by feature, over the same from real songs to other real ones; as many
    songs are compared of either side, since the nearest of many is nearer.
    """
    middle, spread = truth.portraits.mean(0), truth.portraits.std(0)
    places = {name: (songs.portraits - middle) / np.where(spread > 0, spread, 1) for name, songs in sets.items()}
    yardstick = (truth.portraits - middle) / np.where(spread > 0, spread, 1)
    strange = (other.portraits - middle) / np.where(spread > 0, spread, 1)

    def compared(one: str, two: str) -> float:
        count = min(len(places[one]), len(places[two]), len(yardstick), len(strange))
        among_real = _nearest(yardstick[:count], None if one == two else strange[:count])
        return _nearest(places[one][:count], None if one == two else places[two][:count]) / among_real

    return {(one, two): compared(one, two) for one in places for two in places}


def _nearest(one: NDArray[np.float64], other: NDArray[np.float64] | None) -> float:
    """Mean distance from each row to the nearest of the other rows, or of its own companions."""
    seen = one if other is None else other
    squares = (one**2).sum(1)[:, None] + (seen**2).sum(1) - 2 * one @ seen.T
    if other is None:
        np.fill_diagonal(squares, np.inf)
    return float(np.sqrt(np.maximum(squares, 0)).min(1).mean())
