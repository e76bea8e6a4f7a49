"""The bar VAE without PyTorch: bars to latents, and latents to notes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import CELLS, OCTAVES, ONSET_BIAS, ONSET_THRESHOLD
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.weights import Tensors, gelu, rms_norm
from pianoroll_vae.models.recipe import BarVaeSizes
from pianoroll_vae.music.bars import NOTE_COLUMNS
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

BARS_PER_BATCH = 128
"""In one matrix product, so that memory stays bounded."""

MAX_ONSETS = 192
"""In a decoded bar."""

Index = NDArray[np.int64]

NO_NOTES = np.zeros((0, NOTE_COLUMNS), np.int64)


class CellFeatures(NamedTuple):
    """Of decoded bars, from which onsets, lengths and velocities follow."""

    steps: Array
    """(bars, TWELFTHS_PER_BAR, features)"""

    pitches: Array
    """(bars, PITCHES, features)"""

    instrument: Index
    """(bars,)"""


@dataclass(frozen=True)
class BarVae:
    """Rows are bars of one instrument each."""

    sizes: BarVaeSizes
    tensors: Tensors

    def encode(self, notes: NDArray[np.int64], bar: Index, instrument: Index) -> Array:
        """Means (bars, latent_size); notes: (notes, NOTE_COLUMNS); bar: (notes,), ascending; instrument: (bars,)."""
        means = np.zeros((len(instrument), self.sizes.latent_size), np.float32)
        for part in bar_batches(len(instrument)):
            own = slice(*np.searchsorted(bar, (part.start, part.stop)))
            means[part] = self._encode(notes[own], bar[own] - part.start, instrument[part])
        return means

    def _encode(self, notes: NDArray[np.int64], bar: Index, instrument: Index) -> Array:
        w, bars = self.tensors, len(instrument)

        def row(name: str, index: Index) -> Array:
            return w[f"encoder.{name}.weight"][index]

        step, pitch, length, velocity = notes.T
        pitches = row("pitch", pitch) + row("pitch_class", pitch % 12) + row("octave", pitch // 12)
        pitches = pitches + row("pitch_of_instrument", instrument[bar] * PITCHES + pitch)
        features = [
            _scatter_add(
                pitches + row("length", length) + row("velocity", velocity), bar, step, bars, TWELFTHS_PER_BAR
            ),
            _scatter_add(row("step", step) + row("length_of_pitch", length), bar, pitch, bars, PITCHES),
            _scatter_add(row("step_of_class", step), bar, pitch % 12, bars, 12),
            _scatter_add(row("step_of_octave", step), bar, pitch // 12, bars, OCTAVES),
        ]
        x = np.concatenate(features, 1) @ w["encoder.input.weight"].T
        x = self._block("encoder.block.", gelu(x + w["encoder.instrument.weight"][instrument]))
        half = self.sizes.latent_size
        mean: Array = x @ w["encoder.latent.weight"][:half].T + w["encoder.latent.bias"][:half]
        return mean

    def features(self, latents: Array, instrument: Index) -> CellFeatures:
        """Of the bars that latents (bars, latent_size) decode to."""
        w, bars = self.tensors, len(latents)
        x = gelu(latents @ w["decoder.latent.weight"].T + w["decoder.instrument.weight"][instrument])
        x = self._block("decoder.block.", x)
        steps = x @ w["decoder.steps.weight"].T + w["decoder.steps_of_instrument.weight"][instrument]
        pitches = x @ w["decoder.pitches.weight"].T + w["decoder.pitches_of_instrument.weight"][instrument]
        pitches = pitches.reshape(bars, PITCHES, -1)
        pitch = np.arange(PITCHES)
        pitches += (x @ w["decoder.pitch_classes.weight"].T).reshape(bars, 12, -1)[:, pitch % 12]
        pitches += (x @ w["decoder.octaves.weight"].T).reshape(bars, OCTAVES, -1)[:, pitch // 12]
        return CellFeatures(steps.reshape(bars, TWELFTHS_PER_BAR, -1), pitches, np.asarray(instrument))

    def onset_logits(self, features: CellFeatures) -> Array:
        """(bars, CELLS): cell = step · PITCHES + pitch."""
        w, rank, own = self.tensors, self.sizes.rank, features.instrument
        logits = features.steps[..., :rank] @ features.pitches[..., :rank].swapaxes(1, 2)
        logits += w["decoder.step_bias.weight"][own][:, :, None] + np.float32(ONSET_BIAS)
        logits += w["decoder.pitch_bias.weight"][own][:, None, :]
        return logits.reshape(len(own), CELLS)

    def note_classes(self, features: CellFeatures, bar: Index, cell: Index) -> tuple[Index, Index]:
        """The likeliest classes of length and velocity of notes (notes,) in these cells."""
        w = self.tensors
        at_step, at_pitch = features.steps[bar, cell // PITCHES], features.pitches[bar, cell % PITCHES]
        hidden = np.concatenate([at_step, at_pitch, at_step * at_pitch], -1) @ w["decoder.note.weight"].T
        hidden = gelu(hidden + w["decoder.note_of_instrument.weight"][features.instrument[bar]])
        lengths = hidden @ w["decoder.length.weight"].T + w["decoder.length.bias"]
        velocities = hidden @ w["decoder.velocity.weight"].T + w["decoder.velocity.bias"]
        return lengths.argmax(-1), velocities.argmax(-1)

    def count_onsets(self, latents: Array, instrument: Index) -> Index:
        """(bars,): how many onsets are above `ONSET_THRESHOLD`."""
        counts = np.zeros(len(latents), np.int64)
        for part in bar_batches(len(latents)):
            counts[part] = (self.onset_logits(self.features(latents[part], instrument[part])) > ONSET_THRESHOLD).sum(1)
        return counts

    def decode(self, latents: Array, instrument: Index) -> tuple[NDArray[np.int64], Index]:
        """Notes (notes, NOTE_COLUMNS) of all onsets above `ONSET_THRESHOLD`, in order, and the bar of each."""
        notes, bars = [NO_NOTES], [np.zeros(0, np.int64)]
        for part in bar_batches(len(latents)):
            features = self.features(latents[part], instrument[part])
            bar, own = self.notes(features, self.onset_logits(features) > ONSET_THRESHOLD)
            notes.append(own)
            bars.append(bar + part.start)
        return np.concatenate(notes), np.concatenate(bars)

    def notes(self, features: CellFeatures, sounding: NDArray[np.bool_]) -> tuple[Index, NDArray[np.int64]]:
        """The bar of each note, and the notes (notes, NOTE_COLUMNS), of onsets (bars, CELLS)."""
        bar, cell = np.divmod(np.flatnonzero(sounding), CELLS)  # ten times as fast as nonzero of a matrix
        lengths, velocities = self.note_classes(features, bar, cell)
        return bar, np.stack([cell // PITCHES, cell % PITCHES, lengths, velocities], 1)

    def _block(self, prefix: str, x: Array) -> Array:
        """A residual block, as in training."""
        w = self.tensors
        hidden = gelu(rms_norm(x) @ w[f"{prefix}up.weight"].T + w[f"{prefix}up.bias"])
        return rms_norm(x + hidden @ w[f"{prefix}down.weight"].T + w[f"{prefix}down.bias"])


def choose_onsets(logits: Array, counts: Index | None = None) -> NDArray[np.bool_]:
    """(bars, CELLS): the `counts` (bars,) likeliest cells of each bar; None: those above `ONSET_THRESHOLD`."""
    if counts is None:
        return logits > ONSET_THRESHOLD
    most = int(np.clip(counts.max(initial=1), 1, MAX_ONSETS))
    largest = -np.sort(np.partition(-logits, most - 1, axis=1)[:, :most], axis=1)
    lowest = largest[np.arange(len(logits)), np.clip(counts, 1, most) - 1]
    return (logits >= lowest[:, None]) & (counts > 0)[:, None]


def bar_batches(bars: int) -> Iterator[slice]:
    """Slices of at most `BARS_PER_BATCH` bars."""
    return (slice(begin, min(begin + BARS_PER_BATCH, bars)) for begin in range(0, bars, BARS_PER_BATCH))


def _scatter_add(features: Array, bar: Index, place: Index, bars: int, places: int) -> Array:
    """(bars, places · features): the sum of the features (notes, features) of all notes at each place of a bar."""
    sums = np.zeros((bars * places, features.shape[1]), np.float32)
    np.add.at(sums, bar * places + place, features)
    return sums.reshape(bars, -1)
