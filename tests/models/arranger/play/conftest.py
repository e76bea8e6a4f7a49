"""The bar VAE with random weights, for the tests of what it reads, varies and mixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pianoroll_vae.models.arranger.play.bar_vae import BarVae


@pytest.fixture(scope="session")
def vae() -> BarVae:
    from pianoroll_vae.models.arranger.play.bar_vae import BarVae
    from tests.small_arranger import SMALL_ARRANGER, small_arranger_weights

    views = small_arranger_weights("bar_vae").views()
    return BarVae(SMALL_ARRANGER.bar_vae, {name: view[0].numpy() for name, view in views.items()})
