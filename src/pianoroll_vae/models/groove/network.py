"""The groove networks in PyTorch, for training; `groove` has the same in numpy, and a test compares them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pianoroll_vae.models.groove.groove import DRUMS, HIDDEN_SIZE, NEGATIVE_SLOPE, OFFSETS, POSITION_SIZE, RHYTHM_SIZE
from pianoroll_vae.music.drum_kit import DRUM_OF_KEY
from pianoroll_vae.music.notes import PITCHES

TOUCH_DROPOUT, FILL_DROPOUT = 0.4, 0.1
"""Of the input and the hidden layers; completion, whose input is masked already, has less."""


class GrooveNetwork(nn.Module):
    """The two networks. Inputs: window (n, 2 * WINDOW + 1, DRUMS), hit_rate (n, SLOTS_PER_BAR, DRUMS) and position
    (n, POSITION_SIZE). Dropout of the input keeps the networks from recognising the songs of the training set."""

    def __init__(self) -> None:
        super().__init__()
        self.touch = _perceptron(RHYTHM_SIZE + POSITION_SIZE, DRUMS * (1 + OFFSETS), TOUCH_DROPOUT)
        """Velocity and offset logits of each drum."""
        self.keys = nn.Embedding(PITCHES, 1 + OFFSETS)
        """Added to `touch`: how a MIDI key differs from the others of its drum."""
        self.fill = _perceptron(RHYTHM_SIZE + POSITION_SIZE + DRUMS, DRUMS, FILL_DROPOUT)
        """Logits of a hit of each drum."""
        nn.init.zeros_(self.keys.weight)

    @classmethod
    def from_arrays(cls, weights: Mapping[str, NDArray[np.float32]]) -> GrooveNetwork:
        """The networks of a trained model, for evaluation."""
        network = cls()
        network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return network.eval()

    def to_arrays(self) -> dict[str, NDArray[np.float32]]:
        """A copy of the weights, by name."""
        return {name: tensor.numpy().copy() for name, tensor in self.state_dict().items()}

    def velocity_and_offset(
        self, window: Tensor, hit_rate: Tensor, position: Tensor, row: Tensor, key: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(hits,) velocities of 0 to 1 and (hits, OFFSETS) logits. row (hits,): which of the n slots a hit is in;
        key (hits,): its MIDI key."""
        rhythm = self._rhythm(window, hit_rate, TOUCH_DROPOUT)
        outputs: Tensor = self.touch(torch.cat([rhythm, position], 1)).view(-1, DRUMS, 1 + OFFSETS)
        outputs = outputs[row, torch.from_numpy(DRUM_OF_KEY)[key]] + self.keys(key)
        return outputs[:, 0], outputs[:, 1:]

    def hit_logits(self, window: Tensor, hit_rate: Tensor, position: Tensor, given: Tensor) -> Tensor:
        """(n, DRUMS) logits that a drum is hit. given (n, DRUMS): 1 for the drums whose hits are visible."""
        rhythm = self._rhythm(window * given[:, None], hit_rate * given[:, None], FILL_DROPOUT)
        logits: Tensor = self.fill(torch.cat([rhythm, position, given], 1))
        return logits

    def _rhythm(self, window: Tensor, hit_rate: Tensor, dropout: float) -> Tensor:
        """(n, RHYTHM_SIZE)"""
        return functional.dropout(torch.cat([window.flatten(1), hit_rate.flatten(1)], 1), dropout, self.training)


def _perceptron(input_size: int, output_size: int, dropout: float) -> nn.Sequential:
    """Two hidden layers."""
    layers = []
    for size in (input_size, HIDDEN_SIZE):
        layers += [nn.Linear(size, HIDDEN_SIZE), nn.LeakyReLU(NEGATIVE_SLOPE), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(HIDDEN_SIZE, output_size))
