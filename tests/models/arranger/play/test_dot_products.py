"""The products of integers are exact; `test_kernels` has those of whole matrices."""

import numba
import numpy as np
import pytest

from pianoroll_vae.models.arranger.play.dot_products import STEP, dot_products


@pytest.mark.parametrize(("rows", "tokens"), [(8, 1), (2, 4)])
def test_each_row_is_multiplied_with_each_token(rows: int, tokens: int) -> None:
    products, rng, inputs = dot_products(rows, tokens), np.random.default_rng(rows), 3 * STEP

    @numba.njit
    def call(values, scale, x, x_scale, out):  # type: ignore[no-untyped-def]
        products(values, 1, x, 2, scale, x_scale, out)

    values = rng.integers(-127, 128, (rows + 2, inputs)).astype(np.int8)
    x = rng.integers(-9999, 9999, (tokens + 3, inputs)).astype(np.int16)
    scale, x_scale = (rng.standard_normal(len(each)).astype(np.float32) for each in (values, x))
    out = np.full((len(x), len(values)), 7, np.float32)
    call(values, scale, x, x_scale, out)
    expected = (x.astype(np.int64) @ values.T.astype(np.int64)).astype(np.float32) * scale * x_scale[:, None]
    assert np.array_equal(out[2 : 2 + tokens, 1 : 1 + rows], expected[2 : 2 + tokens, 1 : 1 + rows])
    out[2 : 2 + tokens, 1 : 1 + rows] = 7
    assert (out == 7).all(), "nothing else is written"
