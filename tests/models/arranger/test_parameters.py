"""The modules of `train` have the weights of `parameters`, by name, shape and order."""

import pytest
from torch import nn

from pianoroll_vae.models.arranger.parameters import chart_writer_specs, melody_specs, prior_specs, vae_specs
from pianoroll_vae.models.parameter_spec import ParameterSpec
from tests.small_arranger import SMALL_ARRANGER, small_prior, small_vae


@pytest.mark.parametrize(
    ("network", "specs"),
    [
        (small_vae(), vae_specs(SMALL_ARRANGER, 5)),
        (small_prior("melody"), melody_specs(SMALL_ARRANGER, 5)),
        (small_prior("melody").chart, chart_writer_specs(SMALL_ARRANGER, 5)),
        (small_prior("conditional"), prior_specs(SMALL_ARRANGER, 5, 4)),
    ],
)
def test_state_dicts_have_names_shapes_and_order_of_the_specs(
    network: nn.Module, specs: dict[str, ParameterSpec]
) -> None:
    found = [(name, tuple(weight.shape)) for name, weight in network.state_dict().items()]
    assert found == [(name, spec.shape) for name, spec in specs.items()]
    buffers = dict(network.named_buffers())
    assert [name for name, _ in network.named_parameters()] == [name for name in specs if name not in buffers]
