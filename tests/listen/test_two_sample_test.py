import subprocess
import sys

import numpy as np
import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.listen.two_sample_test import TwoSampleResult, _roc_auc, two_sample_test
from tests.two_sample_tests import with_few_trees


def songs(count: int, seed: int, shift: float = 0.0, of_each_song: float = 0.0) -> list[np.ndarray]:
    """Excerpts (10, 6) of songs; feature 2 is shifted, and every song has an offset of its own."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        values = rng.normal(0, 1, (10, 6)) + of_each_song * rng.normal(0, 1, 6)
        values[:, 2] += shift
        made.append(values.astype(np.float32))
    return made


def test_sets_of_one_distribution_have_auc_one_half() -> None:
    with with_few_trees(20, 3, 5):
        assert two_sample_test(songs(20, 1), songs(20, 2)).auc == pytest.approx(0.5, abs=0.1)


def test_folds_hold_whole_songs() -> None:
    """With folds of excerpts the AUC would be 0.97."""
    with with_few_trees(20, 3, 5):
        result = two_sample_test(songs(20, 1, of_each_song=5), songs(20, 2, of_each_song=5))
    assert result.auc == pytest.approx(0.5, abs=0.2)


@pytest.fixture(scope="module")
def evaluated() -> list[np.ndarray]:
    """All shifted but song 7, which is of the real songs' distribution."""
    made = songs(20, 1, shift=3)
    made[7] = songs(1, 3)[0]
    return made


@pytest.fixture(scope="module")
def result(evaluated: list[np.ndarray]) -> TwoSampleResult:
    with with_few_trees(80, 1, 5):
        return two_sample_test(evaluated, songs(30, 2), seed=5, importance=True)


def test_sets_that_differ_in_one_feature_have_a_high_auc_and_that_feature_is_important(
    result: TwoSampleResult,
) -> None:
    assert result.auc > 0.9
    assert int(result.importance.argmax()) == 2
    assert result.importance[2] > 0.3


def test_a_real_song_in_the_evaluated_set_has_the_highest_realness(result: TwoSampleResult) -> None:
    assert result.realness.shape == (20,)
    assert int(result.realness.argmax()) == 7
    assert ((result.realness >= 0) & (result.realness <= 1)).all()


def test_the_same_seed_gives_the_same_result(evaluated: list[np.ndarray]) -> None:
    with with_few_trees():
        first, again = (two_sample_test(evaluated, songs(30, 2), seed=5, importance=True) for _ in range(2))
    assert again.auc == first.auc
    assert np.array_equal(again.realness, first.realness)
    assert np.array_equal(again.importance, first.importance)


@pytest.mark.parametrize("seed", range(3))
def test_the_roc_auc_is_scikit_learns(seed: int) -> None:
    from sklearn.metrics import roc_auc_score  # takes a second, in each process that collects this test

    rng = np.random.default_rng(seed)
    is_real, probability = rng.random(60) < 0.4, rng.integers(0, 20, 60) / 20
    assert _roc_auc(is_real, probability) == pytest.approx(roc_auc_score(is_real, probability))


def test_fewer_songs_than_folds_are_refused() -> None:
    with pytest.raises(SettingInvalid) as refusal:
        two_sample_test(songs(4, 1), songs(20, 2))
    assert refusal.value.message == "The two-sample test needs 5 songs or more in each set; there are 4 and 20."
    assert "Generate more songs" in refusal.value.hint


def test_without_scikit_learn_the_hint_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import numpy as np\n"
        "from pianoroll_vae.listen.two_sample_test import two_sample_test\n"
        "values = [np.zeros((1, 2), np.float32)] * 5\n"
        "try: two_sample_test(values, values)\n"
        "except Exception as error: print(type(error).__name__, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "SettingInvalid Install it: pip install 'pianoroll-vae[evaluate]'"
