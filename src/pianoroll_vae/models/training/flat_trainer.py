"""What trainers of one flat block of weights have in common: how the loop and a resumed run find their tensors."""

from collections.abc import Mapping

from torch import Tensor

from pianoroll_vae.models.training.adam import Adam
from pianoroll_vae.models.training.weights import Weights


class FlatTrainer:
    """Networks of one kind in one block, a row an instrument."""

    weights: Weights
    adam: Adam

    @property
    def instruments(self) -> tuple[str, ...]:
        return self.weights.instruments

    def named_weights(self) -> Mapping[str, Tensor]:
        return self.weights.tensors()

    def optimizer_state(self) -> Mapping[str, Tensor]:
        return self.adam.state()
