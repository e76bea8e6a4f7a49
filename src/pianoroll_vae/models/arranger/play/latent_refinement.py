"""Moves latents by gradient descent on the decoder, so that bars decode to their own notes.

The encoder reads a bar in one pass, and of dense bars unlike those of training it loses a fifth of the onsets, though
the decoder can write them. A few steps of Adam on the cross-entropy of onsets, lengths and velocities find most of
them. Bars whose onsets are decoded rightly stay as they are.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import OCTAVES, ONSET_BIAS, ONSET_LOGIT
from pianoroll_vae.models.arranger.play.bar_vae import CELLS, BarVae, Index, parts_of
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.weights import rms_norm
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

STEPS = 10
LEARNING_RATE, DECAYS = 0.15, (0.8, 0.99)
"""Of Adam, and of its means of gradients and of their squares."""

EPSILON = 1e-8
GELU_SCALE, GELU_CUBIC = np.float32(1.5957691), np.float32(0.044715)


@dataclass(frozen=True)
class TargetNotes:
    """What bars should decode to."""

    notes: NDArray[np.int64]
    """(notes, NOTE_COLUMNS)"""

    bar: Index
    """(notes,), ascending"""

    instrument: Index
    """(bars,)"""

    def take(self, bars: NDArray[np.bool_]) -> "TargetNotes":
        """Of some of the bars (bars,)."""
        kept = bars[self.bar]
        return TargetNotes(self.notes[kept], (np.cumsum(bars) - 1)[self.bar[kept]], self.instrument[bars])

    def onsets(self) -> NDArray[np.bool_]:
        """(bars, TWELFTHS_PER_BAR, PITCHES)"""
        onsets = np.zeros((len(self.instrument), TWELFTHS_PER_BAR, PITCHES), np.bool_)
        onsets[self.bar, self.notes[:, 0], self.notes[:, 1]] = True
        return onsets


def refine_latents(vae: BarVae, latents: Array, targets: TargetNotes) -> Array:
    """Latents (bars, latent_size), of which none decodes to more wrong onsets than before."""
    descent, refined = Descent(vae), latents.copy()
    for part in parts_of(len(latents)):
        inside = np.zeros(len(latents), np.bool_)
        inside[part] = True
        refined[part] = descent.run(latents[part], targets.take(inside))
    return refined


@dataclass(frozen=True)
class Descent:
    """Adam on the latents of a batch of bars."""

    vae: BarVae

    def run(self, latents: Array, targets: TargetNotes) -> Array:
        """Of each bar the latent with the fewest wrong onsets."""
        best, fewest = latents.copy(), np.full(len(latents), CELLS)
        rows, x = np.arange(len(latents)), latents
        mean, square = np.zeros((2, *latents.shape), np.float32)
        for step in range(1, STEPS + 2):
            gradient, wrong = self.gradient(x, targets)
            better = wrong < fewest[rows]
            best[rows[better]], fewest[rows[better]] = x[better], wrong[better]
            left = wrong > 0
            if step > STEPS or not left.any():
                break
            rows, targets, gradient = rows[left], targets.take(left), gradient[left]
            mean = DECAYS[0] * mean[left] + (1 - DECAYS[0]) * gradient
            square = DECAYS[1] * square[left] + (1 - DECAYS[1]) * gradient**2
            scale = np.sqrt(square / (1 - DECAYS[1] ** step)) + EPSILON
            x = x[left] - np.float32(LEARNING_RATE / (1 - DECAYS[0] ** step)) * mean / scale
        return best

    def gradient(self, latents: Array, targets: TargetNotes) -> tuple[Array, Index]:
        """Of the cross-entropy by the latents (bars, latent_size); (bars,): how many onsets are decoded wrongly."""
        w, bars = self.vae.tensors, len(latents)
        up, down = w["decoder.block.up.weight"], w["decoder.block.down.weight"]
        entering = latents @ w["decoder.latent.weight"].T + w["decoder.instrument.weight"][targets.instrument]
        hidden, hidden_slope = _gelu(entering)
        inner, inner_slope = _gelu(rms_norm(hidden) @ up.T + w["decoder.block.up.bias"])
        whole = hidden + inner @ down.T + w["decoder.block.down.bias"]
        x = rms_norm(whole)
        steps = x @ w["decoder.steps.weight"].T + w["decoder.steps_of_instrument.weight"][targets.instrument]
        pitches = x @ self._of_pitch.T + w["decoder.pitches_of_instrument.weight"][targets.instrument]
        features = steps.reshape(bars, TWELFTHS_PER_BAR, -1), pitches.reshape(bars, PITCHES, -1)

        by_steps, by_pitches, wrong = self._by_features(*features, targets)
        by_x = by_steps.reshape(bars, -1) @ w["decoder.steps.weight"] + by_pitches.reshape(bars, -1) @ self._of_pitch
        by_whole = _through_rms_norm(by_x, whole)
        by_inner = np.multiply(by_whole @ down, inner_slope, dtype=np.float32)
        by_hidden = np.add(by_whole, _through_rms_norm(by_inner @ up, hidden), dtype=np.float32)
        by_entering = np.multiply(by_hidden, hidden_slope, dtype=np.float32)
        return by_entering @ w["decoder.latent.weight"], wrong

    def _by_features(self, steps: Array, pitches: Array, targets: TargetNotes) -> tuple[Array, Array, Index]:
        """The gradient by the features (bars, steps, features) and (bars, pitches, features); how many onsets are
        wrong."""
        w, rank, onsets = self.vae.tensors, self.vae.sizes.rank, targets.onsets()
        logits = steps[..., :rank] @ pitches[..., :rank].swapaxes(1, 2) + np.float32(ONSET_BIAS)
        logits += w["decoder.step_bias.weight"][targets.instrument][:, :, None]
        logits += w["decoder.pitch_bias.weight"][targets.instrument][:, None, :]
        error = _sigmoid(logits) - onsets
        by_steps, by_pitches = np.zeros_like(steps), np.zeros_like(pitches)
        by_steps[..., :rank] = error @ pitches[..., :rank]
        by_pitches[..., :rank] = error.swapaxes(1, 2) @ steps[..., :rank]
        step, pitch = targets.notes[:, 0], targets.notes[:, 1]
        by_step, by_pitch = self._by_note_features(steps[targets.bar, step], pitches[targets.bar, pitch], targets)
        np.add.at(by_steps, (targets.bar, step), by_step)
        np.add.at(by_pitches, (targets.bar, pitch), by_pitch)
        return by_steps, by_pitches, ((logits > ONSET_LOGIT) != onsets).sum((1, 2))

    def _by_note_features(self, at_step: Array, at_pitch: Array, targets: TargetNotes) -> tuple[Array, Array]:
        """The gradient of lengths and velocities by the features (notes, features) of their steps and pitches."""
        w = self.vae.tensors
        entering = np.concatenate([at_step, at_pitch, at_step * at_pitch], -1) @ w["decoder.note.weight"].T
        hidden, slope = _gelu(entering + w["decoder.note_of_instrument.weight"][targets.instrument[targets.bar]])
        by_hidden = np.zeros_like(hidden)
        for name, classes in (("length", targets.notes[:, 2]), ("velocity", targets.notes[:, 3])):
            error = _softmax(hidden @ w[f"decoder.{name}.weight"].T + w[f"decoder.{name}.bias"])
            error[np.arange(len(classes)), classes] -= 1
            by_hidden += error @ w[f"decoder.{name}.weight"]
        by_features = np.multiply(by_hidden, slope, dtype=np.float32) @ w["decoder.note.weight"]
        by_step, by_pitch, by_product = np.split(by_features, 3, -1)
        return by_step + by_product * at_pitch, by_pitch + by_product * at_step

    @cached_property
    def _of_pitch(self) -> Array:
        """(pitches · features, width): the weights of pitches, with those of their classes and octaves."""
        w, pitch = self.vae.tensors, np.arange(PITCHES)
        names = (("pitches", PITCHES), ("pitch_classes", 12), ("octaves", OCTAVES))
        weights = (w[f"decoder.{name}.weight"].reshape(places, -1, self.vae.sizes.width) for name, places in names)
        pitches, classes, octaves = weights
        whole = pitches + classes[pitch % 12] + octaves[pitch // 12]
        return np.asarray(whole.reshape(-1, self.vae.sizes.width))


def _gelu(x: Array) -> tuple[Array, Array]:
    """GELU of x, and its slope."""
    sigmoid = _sigmoid(GELU_SCALE * x * (1 + GELU_CUBIC * x * x))
    slope = sigmoid * (1 + x * (1 - sigmoid) * GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x))
    return np.asarray(x * sigmoid, np.float32), np.asarray(slope, np.float32)


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))), np.float32)


def _softmax(logits: Array) -> Array:
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shares / shares.sum(-1, keepdims=True), np.float32)


def _through_rms_norm(gradient: Array, x: Array) -> Array:
    """The gradient by x (bars, width) of that by its RMS norm."""
    normed = rms_norm(x)
    scale = np.sqrt(np.square(x).mean(-1, keepdims=True) + np.finfo(np.float32).eps)
    return np.asarray((gradient - normed * (gradient * normed).mean(-1, keepdims=True)) / scale, np.float32)
