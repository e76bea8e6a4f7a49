"""The bar VAE: a bar of one instrument as a latent from which its notes can be read back.

The latent of `ArrangerVae` has few nats, since the priors have to predict it; this one has enough for the notes. Onsets
are decoded all at once: the logit of a step and a pitch is the product of a vector for the step and one for the pitch,
both made from the latent, so that the number of notes can be chosen afterwards.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pianoroll_vae.models.arranger.parameters import CELLS, OCTAVES, ONSET_BIAS
from pianoroll_vae.models.arranger.train.layers import gelu
from pianoroll_vae.models.arranger.train.windows import EncoderBars
from pianoroll_vae.models.recipe import BarVaeSizes
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR


class Block(nn.Module):
    """A residual block of x (bars, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.down(gelu(self.up(F.rms_norm(x, x.shape[-1:]))))
        return F.rms_norm(x, x.shape[-1:])


class Encoder(nn.Module):
    """Bars to posteriors, from features of what begins on each step, and of when each pitch, each pitch class and each
    octave begins: what is learned of a pitch holds for its octaves too."""

    def __init__(self, instruments: int, sizes: BarVaeSizes) -> None:
        super().__init__()
        width, by_step, by_pitch = sizes.width, sizes.step_features, sizes.pitch_features
        self.pitch = nn.Embedding(PITCHES, by_step)
        self.pitch_class = nn.Embedding(12, by_step)
        self.octave = nn.Embedding(OCTAVES, by_step)
        self.pitch_of_instrument = nn.Embedding(instruments * PITCHES, by_step)
        self.length = nn.Embedding(len(LENGTHS), by_step)
        self.velocity = nn.Embedding(VELOCITIES, by_step)
        self.step = nn.Embedding(TWELFTHS_PER_BAR, by_pitch)
        self.length_of_pitch = nn.Embedding(len(LENGTHS), by_pitch)
        self.step_of_class = nn.Embedding(TWELFTHS_PER_BAR, 2 * by_pitch)
        self.step_of_octave = nn.Embedding(TWELFTHS_PER_BAR, by_pitch)
        inputs = TWELFTHS_PER_BAR * by_step + (PITCHES + 2 * 12 + OCTAVES) * by_pitch
        self.input = nn.Linear(inputs, width, bias=False)
        self.instrument = nn.Embedding(instruments, width)
        self.block = Block(width)
        self.latent = nn.Linear(width, 2 * sizes.latent_size)

    def forward(self, bars: EncoderBars) -> tuple[Tensor, Tensor]:
        """Means and logarithms of standard deviations, (bars, latent_size) each."""
        step, pitch, length, velocity = bars.note.unbind(1)
        bar, count = bars.bar, len(bars)
        pitches = self.pitch(pitch) + self.pitch_class(pitch % 12) + self.octave(pitch // 12)
        pitches = pitches + self.pitch_of_instrument(bars.instrument[bar] * PITCHES + pitch)
        features = [
            _scatter_add(pitches + self.length(length) + self.velocity(velocity), bar, step, count, TWELFTHS_PER_BAR),
            _scatter_add(self.step(step) + self.length_of_pitch(length), bar, pitch, count, PITCHES),
            _scatter_add(self.step_of_class(step), bar, pitch % 12, count, 12),
            _scatter_add(self.step_of_octave(step), bar, pitch // 12, count, OCTAVES),
        ]
        x = gelu(self.input(torch.cat(features, 1)) + self.instrument(bars.instrument))
        mean, log_std = self.latent(self.block(x)).float().chunk(2, -1)
        return mean, log_std.clamp(-6, 2)


class Decoder(nn.Module):
    """Latents to logits of onsets, and of the length and velocity of notes."""

    def __init__(self, instruments: int, sizes: BarVaeSizes) -> None:
        super().__init__()
        width, self.rank, features = sizes.width, sizes.rank, sizes.rank + sizes.note_features
        self.latent = nn.Linear(sizes.latent_size, width, bias=False)
        self.instrument = nn.Embedding(instruments, width)
        self.block = Block(width)
        self.steps = nn.Linear(width, TWELFTHS_PER_BAR * features, bias=False)
        self.steps_of_instrument = nn.Embedding(instruments, TWELFTHS_PER_BAR * features)
        self.pitches = nn.Linear(width, PITCHES * features, bias=False)
        self.pitch_classes = nn.Linear(width, 12 * features, bias=False)
        self.octaves = nn.Linear(width, OCTAVES * features, bias=False)
        self.pitches_of_instrument = nn.Embedding(instruments, PITCHES * features)
        self.step_bias = nn.Embedding(instruments, TWELFTHS_PER_BAR)
        self.pitch_bias = nn.Embedding(instruments, PITCHES)
        self.note = nn.Linear(3 * features, sizes.note_width, bias=False)
        self.note_of_instrument = nn.Embedding(instruments, sizes.note_width)
        self.length = nn.Linear(sizes.note_width, len(LENGTHS))
        self.velocity = nn.Linear(sizes.note_width, VELOCITIES)

    def forward(self, latent: Tensor, instrument: Tensor) -> tuple[Tensor, Tensor]:
        """(bars, latent_size) to features of the steps (bars, TWELFTHS_PER_BAR, features) and of the pitches (bars,
        PITCHES, features)."""
        x = self.block(gelu(self.latent(latent) + self.instrument(instrument)))
        steps = self.steps(x) + self.steps_of_instrument(instrument)
        pitches = (self.pitches(x) + self.pitches_of_instrument(instrument)).view(len(x), PITCHES, -1)
        pitch = torch.arange(PITCHES, device=x.device)
        pitches = pitches + self.pitch_classes(x).view(len(x), 12, -1)[:, pitch % 12]
        pitches = pitches + self.octaves(x).view(len(x), OCTAVES, -1)[:, pitch // 12]
        return steps.view(len(x), TWELFTHS_PER_BAR, -1), pitches

    def onset_logits(self, steps: Tensor, pitches: Tensor, instrument: Tensor) -> Tensor:
        """(bars, TWELFTHS_PER_BAR, PITCHES)"""
        bias = self.step_bias(instrument).unsqueeze(2) + self.pitch_bias(instrument).unsqueeze(1) + ONSET_BIAS
        logits: Tensor = torch.baddbmm(bias, steps[..., : self.rank], pitches[..., : self.rank].transpose(1, 2))
        return logits.float()

    def note_logits(self, steps: Tensor, pitches: Tensor, bars: EncoderBars) -> tuple[Tensor, Tensor]:
        """Of the notes of bars: (notes, len(LENGTHS)) and (notes, VELOCITIES)."""
        at_step, at_pitch = steps[bars.bar, bars.note[:, 0]], pitches[bars.bar, bars.note[:, 1]]
        hidden = self.note(torch.cat([at_step, at_pitch, at_step * at_pitch], -1))
        hidden = gelu(hidden + self.note_of_instrument(bars.instrument[bars.bar]))
        return self.length(hidden).float(), self.velocity(hidden).float()


class BarVae(nn.Module):
    """Its state dict has the names and the order of `parameters.bar_vae_specs`."""

    def __init__(self, sizes: BarVaeSizes, instruments: int) -> None:
        super().__init__()
        self.encoder = Encoder(instruments, sizes)
        self.decoder = Decoder(instruments, sizes)

    def nll(self, latent: Tensor, bars: EncoderBars) -> Tensor:
        """(3,): nats of the onsets, lengths and velocities of all bars."""
        steps, pitches = self.decoder(latent, bars.instrument)
        logits = self.decoder.onset_logits(steps, pitches, bars.instrument)
        cell = bars.bar * CELLS + bars.note[:, 0] * PITCHES + bars.note[:, 1]
        onsets = F.softplus(logits).sum() - logits.view(-1)[cell].sum()
        lengths, velocities = self.decoder.note_logits(steps, pitches, bars)
        length = F.cross_entropy(lengths, bars.note[:, 2], reduction="sum")
        velocity = F.cross_entropy(velocities, bars.note[:, 3], reduction="sum")
        return torch.stack([onsets, length, velocity])


def _scatter_add(features: Tensor, bar: Tensor, place: Tensor, bars: int, places: int) -> Tensor:
    """(bars, places · features): the sum of the features (notes, features) of all notes at each place of a bar."""
    zeros = torch.zeros(bars * places, features.shape[1], dtype=features.dtype, device=features.device)
    return zeros.index_add(0, bar * places + place, features).view(bars, -1)
