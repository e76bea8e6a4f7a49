"""The judge: boosted trees that are shown excerpts of two sets of songs and asked which excerpt is of which set.

It is asked only about songs it has not seen: the folds are made of whole songs. An AUC of 0.5 means that it cannot
tell the sets apart, 1.0 that it always can. scikit-learn is loaded when the judge is called, and only here. Knows
nothing of what the features mean or where the songs come from.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid

FOLDS = 5
DEALS = 3
"""How often the songs are dealt into folds anew: one deal alone moves the AUC by about 0.02."""

TREES = 80
LEAVES = 15
FEWEST_IN_A_LEAF = 20
LEARNING_RATE = 0.1
SHUFFLED_AT_ONCE = 32
"""Features whose importance is asked for in one go."""


SongsValues = Sequence[NDArray[np.float32]]
"""For every song of a set its excerpts, (excerpts, features)."""


@dataclass(frozen=True, eq=False)
class Verdict:
    auc: float
    """Mean over the folds of the area under the receiver's curve, on excerpts of songs not seen."""

    realness: NDArray[np.float64]
    """(songs judged,): how real each song seems, mean over its excerpts: 1 certainly real, 0 certainly not."""

    importance: NDArray[np.float64]
    """(features,): what the AUC loses when the feature is shuffled among the unseen excerpts; 0 if not asked for."""


def judge(judged: SongsValues, real: SongsValues, seed: int = 0, importance: bool = False) -> Verdict:
    """Tell the judged songs from the real ones; both sets need at least `FOLDS` songs."""
    if min(len(judged), len(real)) < FOLDS:
        raise SettingInvalid(
            f"The judge needs at least {FOLDS} songs on either side; here are {len(judged)} and {len(real)}.",
            "Generate more songs, or name a larger collection of real ones.",
        )
    trees, one_thread = _scikit_learn()
    rng = np.random.default_rng(seed)
    values = np.concatenate([*judged, *real])
    song = np.repeat(np.arange(len(judged) + len(real)), [len(s) for s in (*judged, *real)])
    is_real = song >= len(judged)
    realness = np.zeros(len(values))
    areas: list[float] = []
    losses: list[NDArray[np.float64]] = []
    with one_thread():
        for deal in range(DEALS):
            fold = np.concatenate([_deal(len(judged), rng), _deal(len(real), rng)])[song]
            for unseen in (fold == number for number in range(FOLDS)):
                model = trees(seed + deal).fit(values[~unseen], is_real[~unseen])
                seems_real = model.predict_proba(values[unseen])[:, 1]
                realness[unseen] += seems_real / DEALS
                areas.append(_area(is_real[unseen], seems_real))
                if importance and deal == 0:
                    losses.append(_losses(model, values[unseen], is_real[unseen], rng))
    by_song = np.bincount(song, realness) / np.bincount(song)
    lost = np.mean(losses, axis=0) if losses else np.zeros(values.shape[1])
    return Verdict(float(np.mean(areas)), by_song[: len(judged)], lost)


def _deal(songs: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(songs,): the fold of each song, dealt out evenly."""
    return rng.permutation(songs) % FOLDS


def _losses(
    model: Any, values: NDArray[np.float32], is_real: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(features,): what the model's area loses on these excerpts when one feature is shuffled among them."""
    intact = _area(is_real, model.predict_proba(values)[:, 1])
    areas: list[float] = []
    for some in np.array_split(np.arange(values.shape[1]), -(-values.shape[1] // SHUFFLED_AT_ONCE)):
        mixed = np.repeat(values[None], len(some), axis=0)
        for copy, feature in zip(mixed, some, strict=True):
            copy[:, feature] = rng.permutation(copy[:, feature])
        seems_real = model.predict_proba(mixed.reshape(-1, values.shape[1]))[:, 1].reshape(len(some), -1)
        areas += [_area(is_real, seems) for seems in seems_real]
    return intact - np.array(areas)


def _area(is_real: NDArray[np.bool_], seems_real: NDArray[np.float64]) -> float:
    """Area under the receiver's curve: how often a real excerpt seems more real than another, ties counting half."""
    _, place = np.unique(seems_real, return_inverse=True)
    real, other = np.bincount(place, is_real), np.bincount(place, ~is_real)
    less_real = np.cumsum(other) - other
    return float((real * (less_real + other / 2)).sum() / (real.sum() * other.sum()))


def _scikit_learn() -> tuple[Callable[[int], Any], Callable[[], AbstractContextManager[Any]]]:
    """Untrained trees for a seed, and a way to work on one thread.

    The trees' threads wait for each other at every split: on a busy machine many are up to fifty times slower than one.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise SettingInvalid(
            "The judge needs scikit-learn, which is not installed.", "Install it: pip install 'pianoroll-vae[evaluate]'"
        ) from None

    def trees(seed: int) -> Any:
        return HistGradientBoostingClassifier(
            learning_rate=LEARNING_RATE,
            max_iter=TREES,
            max_leaf_nodes=LEAVES,
            min_samples_leaf=FEWEST_IN_A_LEAF,
            early_stopping=False,
            random_state=seed,
        )

    return trees, lambda: threadpool_limits(1)
