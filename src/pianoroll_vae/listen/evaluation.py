"""Measures how close sets of songs are to real songs, with an upper and a lower bound for comparison.

The upper bound is a second set of real songs. The lower bounds are real songs whose instruments are swapped between
songs and, where they are given, songs of the recipe `thesis`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid, counted
from pianoroll_vae.listen.diversity import diversity_of
from pianoroll_vae.listen.evaluation_result import REAL, SWAPPED, THESIS, ByName, Evaluation, Feature, SetScores
from pianoroll_vae.listen.overlap import histogram, overlaps
from pianoroll_vae.listen.song_set import SongSet, measure, swap_instruments
from pianoroll_vae.listen.two_sample_test import MIN_SET_SONGS, TwoSampleResult, two_sample_test
from pianoroll_vae.music.measures.copying import PhraseIndex
from pianoroll_vae.music.measures.excerpt import EXCERPT_BARS
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import Watch

HELD_OUT = "held-out real songs"
REAL_SPLITS = 3
"""Random divisions of the real songs into two sets: with 300 songs in each, one division varies the AUC by 0.025."""


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
    diversity = diversity_of(real_set, sets[REAL], sets)
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
        fewest_songs=min(map(len, (real_set, *sets.values()))),
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
    if usable >= MIN_SET_SONGS:
        return
    why = f", {usable or 'none'} of them with {EXCERPT_BARS} bars or more after the first {skip_bars}"
    raise SettingInvalid(
        f"The two-sample test needs {MIN_SET_SONGS} songs or more in each set; '{name}' has {counted(songs, 'song')}"
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
