"""Classifier two-sample test: gradient-boosted trees learn to separate excerpts of two sets of songs.

The result is the ROC AUC on held-out songs: 0.5 means that the sets cannot be separated, 1.0 that they always can
(Lopez-Paz and Oquab 2017). Cross-validation folds hold whole songs, because excerpts of one song resemble each other.
scikit-learn is imported on the first call, and only here.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid

FOLDS = 5
MIN_SET_SONGS = FOLDS
"""Every fold needs songs of both sets."""

REPEATS = 3
"""Cross-validations, each with other folds: with one alone the AUC varies by about 0.02."""

MAX_ITER = 80
MAX_LEAF_NODES = 15
MIN_SAMPLES_LEAF = 20
LEARNING_RATE = 0.1
FEATURES_PER_BATCH = 32
"""Features whose importance is computed by one call of the classifier."""


FeaturesBySong = Sequence[NDArray[np.float32]]
"""For every song of a set (excerpts, features)."""


@dataclass(frozen=True, eq=False)
class TwoSampleResult:
    auc: float
    """ROC AUC on excerpts of held-out songs, mean over the folds."""

    realness: NDArray[np.float64]
    """(evaluated songs,): the predicted probability that a song is real, mean over its excerpts."""

    importance: NDArray[np.float64]
    """(features,): permutation importance, the AUC lost when a feature is shuffled; 0 where it was not computed."""


def two_sample_test(
    evaluated: FeaturesBySong, real: FeaturesBySong, seed: int = 0, importance: bool = False
) -> TwoSampleResult:
    """Train and test classifiers on two sets of at least `MIN_SET_SONGS` songs each."""
    refuse_too_few(len(evaluated), len(real))
    classifier, one_thread = _load_scikit_learn()
    rng = np.random.default_rng(seed)
    values = np.concatenate([*evaluated, *real])
    song = np.repeat(np.arange(len(evaluated) + len(real)), [len(s) for s in (*evaluated, *real)])
    is_real = song >= len(evaluated)
    probability = np.zeros(len(values))
    aucs: list[float] = []
    importances: list[NDArray[np.float64]] = []
    with one_thread():
        for repeat in range(REPEATS):
            fold = np.concatenate([_assign_folds(len(evaluated), rng), _assign_folds(len(real), rng)])[song]
            for held_out in (fold == number for number in range(FOLDS)):
                model = classifier(seed + repeat).fit(values[~held_out], is_real[~held_out])
                predicted = model.predict_proba(values[held_out])[:, 1]
                probability[held_out] += predicted / REPEATS
                aucs.append(_roc_auc(is_real[held_out], predicted))
                if importance and repeat == 0:
                    importances.append(_permutation_importance(model, values[held_out], is_real[held_out], rng))
    by_song = np.bincount(song, probability) / np.bincount(song)
    mean_importance = np.mean(importances, axis=0) if importances else np.zeros(values.shape[1])
    return TwoSampleResult(float(np.mean(aucs)), by_song[: len(evaluated)], mean_importance)


def refuse_too_few(evaluated: int, real: int) -> None:
    if min(evaluated, real) < MIN_SET_SONGS:
        raise SettingInvalid(
            f"The two-sample test needs {MIN_SET_SONGS} songs or more in each set; there are {evaluated} and {real}.",
            "Generate more songs (--count), or name a larger collection of real ones (--against).",
        )


def _assign_folds(songs: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(songs,): a random fold for each song; all folds have the same size, plus or minus one."""
    return rng.permutation(songs) % FOLDS


def _permutation_importance(
    model: Any, values: NDArray[np.float32], is_real: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(features,): the AUC lost on these excerpts when one feature is shuffled among them."""
    intact = _roc_auc(is_real, model.predict_proba(values)[:, 1])
    aucs: list[float] = []
    for features in np.array_split(np.arange(values.shape[1]), -(-values.shape[1] // FEATURES_PER_BATCH)):
        shuffled = np.repeat(values[None], len(features), axis=0)
        for copy, feature in zip(shuffled, features, strict=True):
            copy[:, feature] = rng.permutation(copy[:, feature])
        predicted = model.predict_proba(shuffled.reshape(-1, values.shape[1]))[:, 1].reshape(len(features), -1)
        aucs += [_roc_auc(is_real, probability) for probability in predicted]
    return intact - np.array(aucs)


def _roc_auc(is_real: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """How often a real excerpt has a higher probability than another one; ties count half."""
    _, rank = np.unique(probability, return_inverse=True)
    real, other = np.bincount(rank, is_real), np.bincount(rank, ~is_real)
    lower = np.cumsum(other) - other
    return float((real * (lower + other / 2)).sum() / (real.sum() * other.sum()))


def _load_scikit_learn() -> tuple[Callable[[int], Any], Callable[[], AbstractContextManager[Any]]]:
    """An untrained classifier for a seed, and a context manager that limits it to one thread.

    The threads of HistGradientBoostingClassifier synchronise at every split: on a busy machine several of them are up
    to fifty times slower than one.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise SettingInvalid(
            "The two-sample test needs scikit-learn, which is not installed.",
            "Install it: pip install 'pianoroll-vae[evaluate]'",
        ) from None

    def classifier(seed: int) -> Any:
        return HistGradientBoostingClassifier(
            learning_rate=LEARNING_RATE,
            max_iter=MAX_ITER,
            max_leaf_nodes=MAX_LEAF_NODES,
            min_samples_leaf=MIN_SAMPLES_LEAF,
            early_stopping=False,
            random_state=seed,
        )

    return classifier, lambda: threadpool_limits(1)
