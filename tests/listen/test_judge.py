import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.listen.judge import Verdict, _area, judge


def songs(count: int, seed: int, shift: float = 0.0, of_each_song: float = 0.0) -> list[np.ndarray]:
    """Excerpts (10, 6) of songs; feature 2 is shifted, and every song has a colour of its own."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        values = chance.normal(0, 1, (10, 6)) + of_each_song * chance.normal(0, 1, 6)
        values[:, 2] += shift
        made.append(values.astype(np.float32))
    return made


def test_the_judge_cannot_tell_equal_sets_apart() -> None:
    assert judge(songs(20, 1), songs(20, 2)).auc == pytest.approx(0.5, abs=0.1)


def test_excerpts_of_a_song_do_not_give_their_neighbours_away() -> None:
    colourful = judge(songs(20, 1, of_each_song=5), songs(20, 2, of_each_song=5))
    assert colourful.auc == pytest.approx(0.5, abs=0.2)


@pytest.fixture(scope="module")
def judged() -> list[np.ndarray]:
    """All shifted but song 7, which is as the real ones are."""
    made = songs(20, 1, shift=3)
    made[7] = songs(1, 3)[0]
    return made


@pytest.fixture(scope="module")
def verdict(judged: list[np.ndarray]) -> Verdict:
    return judge(judged, songs(30, 2), seed=5, importance=True)


def test_the_judge_tells_different_sets_apart_and_says_by_what(verdict: Verdict) -> None:
    assert verdict.auc > 0.9
    assert int(verdict.importance.argmax()) == 2
    assert verdict.importance[2] > 0.3


def test_a_real_song_among_the_judged_seems_the_most_real(verdict: Verdict) -> None:
    assert verdict.realness.shape == (20,)
    assert int(verdict.realness.argmax()) == 7
    assert ((verdict.realness >= 0) & (verdict.realness <= 1)).all()


def test_the_same_seed_gives_the_same_verdict(judged: list[np.ndarray], verdict: Verdict) -> None:
    again = judge(judged, songs(30, 2), seed=5, importance=True)
    assert again.auc == verdict.auc
    assert np.array_equal(again.realness, verdict.realness)
    assert np.array_equal(again.importance, verdict.importance)


@pytest.mark.parametrize("seed", range(3))
def test_the_area_under_the_curve_is_scikit_learns(seed: int) -> None:
    chance = np.random.default_rng(seed)
    is_real, seems_real = chance.random(60) < 0.4, chance.integers(0, 20, 60) / 20
    assert _area(is_real, seems_real) == pytest.approx(roc_auc_score(is_real, seems_real))


def test_too_few_songs_are_refused() -> None:
    with pytest.raises(SettingInvalid) as refusal:
        judge(songs(4, 1), songs(20, 2))
    assert refusal.value.message == "The judge needs at least 5 songs on either side; here are 4 and 20."
    assert "Generate more songs" in refusal.value.hint


def test_without_scikit_learn_the_hint_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import numpy as np\n"
        "from pianoroll_vae.listen.judge import judge\n"
        "values = [np.zeros((1, 2), np.float32)] * 5\n"
        "try: judge(values, values)\n"
        "except Exception as error: print(type(error).__name__, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "SettingInvalid Install it: pip install 'pianoroll-vae[evaluate]'"
