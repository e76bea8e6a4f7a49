"""`test_song_state` compares headings and priors, of which these are a part, with training."""

import numpy as np

from pianoroll_vae.models.arranger.play.plan_inputs import PlanInputs
from tests.models.arranger.play.test_song_state import SIZES, WEIGHTS, random_plan


def test_a_bar_s_inputs_depend_on_its_own_plan_alone() -> None:
    plan, other = (random_plan(8, np.random.default_rng(seed)) for seed in (1, 2))
    other.chords[3], other.form[3], other.active[3] = plan.chords[3], plan.form[3], plan.active[3]
    same = {name: getattr(plan, name) for name in ("conditions", "lines")}
    one, two = PlanInputs(WEIGHTS, plan), PlanInputs(WEIGHTS, type(other)(**vars(other) | same))
    assert one.headings.shape == (5, 8, SIZES.width)
    assert one.priors.shape == (5, 8, SIZES.prior_width)
    equal = [np.allclose(one.priors[:, bar], two.priors[:, bar], atol=1e-6) for bar in range(8)]
    assert equal == [False, False, False, True, False, False, False, False]
