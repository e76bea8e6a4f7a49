"""The products of integers are exact; `test_kernels` has those of whole matrices."""

import numba
import numpy as np
import pytest

from pianoroll_vae.models.arranger.play.dot_products import OUTPUTS, dot_products, to_blocks


@pytest.mark.parametrize("outputs", [8, 16, 21])
def test_a_block_has_pairs_of_inputs_of_eight_outputs_side_by_side(outputs: int) -> None:
    values = np.random.default_rng(0).integers(-127, 128, (3, outputs, 6)).astype(np.int8)
    blocks = to_blocks(values)
    assert blocks.shape == (3, -(-outputs // 8), 3, 16)
    for block in range(blocks.shape[1]):
        begin = min(8 * block, outputs - 8)
        for output in range(8):
            assert np.array_equal(blocks[:, block, :, 2 * output], values[:, begin + output, ::2])
            assert np.array_equal(blocks[:, block, :, 2 * output + 1], values[:, begin + output, 1::2])


@pytest.mark.parametrize(("outputs", "inputs"), [(7, 2), (8, 3)])
def test_what_cannot_be_laid_out_in_blocks_is_refused(outputs: int, inputs: int) -> None:
    with pytest.raises(ValueError, match=f"{outputs} outputs and {inputs} inputs"):
        to_blocks(np.zeros((outputs, inputs), np.int8))


@pytest.mark.parametrize(("blocks", "tokens"), [(1, 1), (2, 4)])
def test_each_block_is_multiplied_with_each_token(blocks: int, tokens: int) -> None:
    products, rng, outputs = dot_products(blocks, tokens), np.random.default_rng(blocks), (blocks + 1) * OUTPUTS - 3

    @numba.njit
    def call(values, scale, x, x_scale, out):  # type: ignore[no-untyped-def]
        products(values, 1, x, 2, scale, x_scale, out)

    values = rng.integers(-127, 128, (outputs, 12)).astype(np.int8)
    x = rng.integers(-9999, 9999, (tokens + 3, 10)).astype(np.int16)
    scale, x_scale = (rng.standard_normal(len(each)).astype(np.float32) for each in (values, x))
    out = np.full((len(x), len(values)), 7, np.float32)
    call(to_blocks(values), scale, x, x_scale, out)
    expected = (x.astype(np.int64) @ values[:, :10].T.astype(np.int64)).astype(np.float32) * scale * x_scale[:, None]
    written = slice(2, 2 + tokens), slice(min(OUTPUTS, outputs - OUTPUTS), outputs)
    assert np.array_equal(out[written], expected[written])
    out[written] = 7
    assert (out == 7).all(), "nothing else is written"
