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
    trees, area, one_thread = _scikit_learn()
    chance = np.random.default_rng(seed)
    values = np.concatenate([*judged, *real])
    song = np.repeat(np.arange(len(judged) + len(real)), [len(s) for s in (*judged, *real)])
    is_real = song >= len(judged)
    realness = np.zeros(len(values))
    areas: list[float] = []
    losses: list[list[float]] = []
    with one_thread():
        for deal in range(DEALS):
            fold = np.concatenate([_deal(len(judged), chance), _deal(len(real), chance)])[song]
            for unseen in (fold == number for number in range(FOLDS)):
                model = trees(seed + deal).fit(values[~unseen], is_real[~unseen])
                seems_real = model.predict_proba(values[unseen])[:, 1]
                realness[unseen] += seems_real / DEALS
                areas.append(area(is_real[unseen], seems_real))
                if importance and deal == 0:
                    mixes = (_shuffled(values[unseen], feature, chance) for feature in range(values.shape[1]))
                    mixed = [area(is_real[unseen], model.predict_proba(mix)[:, 1]) for mix in mixes]
                    losses.append([areas[-1] - loss for loss in mixed])
    by_song = np.bincount(song, realness) / np.bincount(song)
    lost = np.mean(losses, axis=0) if losses else np.zeros(values.shape[1])
    return Verdict(float(np.mean(areas)), by_song[: len(judged)], lost)


def _deal(songs: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """(songs,): the fold of each song, dealt out evenly."""
    return chance.permutation(songs) % FOLDS


def _shuffled(values: NDArray[np.float32], feature: int, chance: np.random.Generator) -> NDArray[np.float32]:
    mixed = values.copy()
    mixed[:, feature] = chance.permutation(mixed[:, feature])
    return mixed


def _scikit_learn() -> tuple[Callable[[int], Any], Callable[..., float], Callable[[], AbstractContextManager[Any]]]:
    """Untrained trees for a seed, the area under the curve, and a way to work on one thread.

    The trees' threads wait for each other at every split: on a busy machine many are up to fifty times slower than one.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.metrics import roc_auc_score
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

    return trees, roc_auc_score, lambda: threadpool_limits(1)
