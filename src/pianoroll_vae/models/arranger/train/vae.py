"""The arranger's VAE: an encoder of bars, and a decoder that writes the next note.

The encoder embeds each bar as a sum over its notes. The decoder is a transformer over the tokens of the whole band:
each bar's heading, with the latent of the bar where it is new, and all notes before.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pianoroll_vae.models.arranger.conditions import GENRES, TEMPOS
from pianoroll_vae.models.arranger.parameters import BAR_POSITIONS, CHORD_LABELS, NOTE_PERIODS
from pianoroll_vae.models.arranger.tokens import END, NEW, NOTE
from pianoroll_vae.models.arranger.train.layers import RMSNorm, Transformer, gelu
from pianoroll_vae.models.arranger.train.windows import EncoderBars, Window
from pianoroll_vae.models.arranger.traits import FIRST_CLASS, TRAIT_CLASSES
from pianoroll_vae.models.recipe import ArrangerSizes, Recipe
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES
from pianoroll_vae.music.chord_labels import CHORDS, QUALITIES
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR


class BarEncoder(nn.Module):
    """Embeds the notes of a bar, and makes a latent of the embedding."""

    def __init__(self, instruments: int, content: int, latent: int) -> None:
        super().__init__()
        self.step = nn.Embedding(instruments * TWELFTHS_PER_BAR, content)
        self.pitch = nn.Embedding(instruments * PITCHES, content)
        self.length = nn.Embedding(len(LENGTHS), content)
        self.instrument = nn.Embedding(instruments, content)
        self.up = nn.Linear(content, 2 * content)
        self.down = nn.Linear(2 * content, content, bias=False)
        self.latent = nn.Linear(content, 2 * latent)

    def forward(self, bars: EncoderBars) -> Tensor:
        """(bars, content_size)"""
        step, pitch, length, _ = bars.note.unbind(1)
        instrument = bars.instrument[bars.bar]
        notes = self.step(instrument * TWELFTHS_PER_BAR + step) * self.pitch(instrument * PITCHES + pitch)
        notes = notes + self.length(length)
        x = torch.zeros(len(bars), notes.shape[1], dtype=notes.dtype, device=notes.device)
        x = x.index_add(0, bars.bar, notes) + self.instrument(bars.instrument)
        hidden = gelu(self.up(F.rms_norm(x, x.shape[-1:])))
        return F.rms_norm(self.down(hidden), x.shape[-1:])

    def posterior(self, content: Tensor) -> tuple[Tensor, Tensor]:
        """(bars, content_size) to means and logarithms of standard deviations (bars, latent_size)."""
        mean, log_std = self.latent(content).float().chunk(2, -1)
        return mean, log_std.clamp(-6, 2)


class NoteDecoder(nn.Module):
    """A transformer over headings and notes."""

    def __init__(self, instruments: int, sizes: ArrangerSizes, latent: int) -> None:
        super().__init__()
        width = sizes.width
        self.kind = nn.Embedding(4, width)
        self.instrument = nn.Embedding(instruments, width)
        self.bar_position = nn.Embedding(BAR_POSITIONS, width)
        self.step = nn.Embedding(TWELFTHS_PER_BAR, width)
        self.pitch = nn.Embedding(instruments * PITCHES, width)
        self.pitch_class = nn.Embedding(12, width)
        self.length = nn.Embedding(len(LENGTHS), width)
        self.latent = nn.Linear(latent, width, bias=False)
        self.content = nn.Linear(sizes.bar_width, width, bias=False)
        self.chord = nn.Embedding(CHORD_LABELS, width)
        self.next_chord = nn.Embedding(CHORD_LABELS, width)
        self.future = nn.Linear(instruments * sizes.bar_width, width, bias=False)
        self.genre = nn.Embedding(GENRES, width)
        self.tempo = nn.Embedding(TEMPOS, width)
        self.trait = nn.Embedding(instruments * TRAIT_CLASSES, width)
        self.velocity = nn.Embedding(instruments * VELOCITIES, width)
        self.layers = Transformer(sizes.layers, width, sizes.heads, NOTE_PERIODS, sizes.kv_heads)
        self.norm = RMSNorm(width)

    def forward(self, window: Window, latent: Tensor, content: Tensor) -> Tensor:
        """(windows, tokens, width), before the heads. latent (bars, latent_size) and content (bars, content_size) are
        those of `window.bars`."""
        is_note = window.kind == NOTE
        x = self.instrument(window.instrument) + self.kind(window.kind)
        x = x + self.embed_notes(window.note, window.instrument) * is_note.unsqueeze(-1)
        # Index -1, of headings without a bar, gets a row of zeros.
        is_new, latent, content = (
            F.pad(window.is_new, (0, 1)),
            F.pad(latent, (0, 0, 0, 1)),
            F.pad(content, (0, 0, 0, 1)),
        )
        index = window.bar_index % len(content)
        new = (is_new[index] & (window.kind == NEW)).unsqueeze(-1)
        # Most tokens have the last row: `embedding` sums its gradient in parallel, indexing one token after the other.
        latent, content_here = F.embedding(index, latent), F.embedding(index, content)
        headings = self.embed_headings(window.time, latent * new, content_here * ~new)
        headings = headings + self.embed_conditions(window)
        x = x + headings * ~is_note.unsqueeze(-1) + self.chord(window.chord) + self.next_chord(window.next_chord)
        known = (window.future >= 0).any(-1)
        future = self.future(content[window.future[known]].flatten(-2))
        x = x.index_put(known.nonzero(as_tuple=True), future.to(x.dtype), accumulate=True)
        output: Tensor = self.norm(self.layers(x, window.time))
        return output

    def embed_notes(self, note: Tensor, instrument: Tensor) -> Tensor:
        """Notes (…, NOTE_COLUMNS) to (…, width)."""
        step, pitch, length, velocity = note.unbind(-1)
        pitches = self.pitch(instrument * PITCHES + pitch) + self.pitch_class(pitch % 12)
        velocities = self.velocity(instrument * VELOCITIES + velocity)
        notes: Tensor = pitches + self.step(step) + self.length(length) + velocities
        return notes

    def embed_headings(self, time: Tensor, latent: Tensor, content: Tensor) -> Tensor:
        """Headings (…) with latent (…, latent_size) and content (…, content_size), zeros for none, to (…, width)."""
        bar_positions = self.bar_position(time // TWELFTHS_PER_BAR % BAR_POSITIONS)
        headings: Tensor = bar_positions + self.latent(latent) + self.content(content)
        return headings

    def embed_conditions(self, window: Window) -> Tensor:
        """(windows, tokens, width): of genres, tempo and the traits of the token's instrument."""
        genres = window.genres.to(self.tempo.weight.dtype) @ self.genre.weight
        song = (genres + self.tempo(window.tempo)).unsqueeze(1)
        part = torch.arange(window.traits.shape[1], device=window.traits.device)[:, None] * TRAIT_CLASSES
        parts = self.trait(window.traits + part + torch.from_numpy(FIRST_CLASS).to(part.device)).sum(2)
        conditions: Tensor = song + parts.gather(1, window.instrument.unsqueeze(-1).expand(-1, -1, parts.shape[-1]))
        return conditions


class NoteHeads(nn.Module):
    """Logits of the next note: its step first, then its pitch given the step, then length and velocity given both.

    Methods take tokens x (tokens, width) of `instrument` (tokens,).
    """

    def __init__(self, instruments: int, width: int) -> None:
        super().__init__()
        self.step = nn.Linear(width, TWELFTHS_PER_BAR + 1)
        self.hidden = nn.Linear(width, 3 * width, bias=False)
        self.after_step = nn.Embedding(TWELFTHS_PER_BAR, 3 * width)
        self.after_chord = nn.Embedding(CHORD_LABELS, width)
        self.chord_tone = nn.Embedding(instruments * len(QUALITIES), 12)
        self.after_pitch = nn.Embedding(instruments * PITCHES, 2 * width)
        self.pitch = nn.Linear(width, PITCHES, bias=False)
        self.pitch_bias = nn.Embedding(instruments, PITCHES)
        self.length = nn.Linear(width, len(LENGTHS), bias=False)
        self.velocity = nn.Linear(width, VELOCITIES, bias=False)
        self.velocity_bias = nn.Embedding(instruments, VELOCITIES)

    def step_logits(self, x: Tensor) -> Tensor:
        """(tokens, TWELFTHS_PER_BAR + 1): the step in the bar, or END."""
        logits: Tensor = self.step(x)
        return logits.float()

    def hidden_states(self, x: Tensor) -> Tensor:
        """(tokens, 3, width): for pitch, length and velocity."""
        hidden: Tensor = self.hidden(x)
        return hidden.view(len(x), 3, x.shape[1])

    def pitch_logits(self, hidden: Tensor, instrument: Tensor, step: Tensor, chord: Tensor) -> Tensor:
        """(tokens, PITCHES); chord: (tokens,), the label at the step."""
        given = self.after_step(step).view(hidden.shape)[:, 0] + self.after_chord(chord)
        logits: Tensor = self.pitch(gelu(hidden[:, 0] + given)) + self.pitch_bias(instrument)
        return (logits + self.chord_tone_logits(instrument, chord)).float()

    def chord_tone_logits(self, instrument: Tensor, chord: Tensor) -> Tensor:
        """(tokens, PITCHES): by the semitones above the chord's root; zeros where there is no chord."""
        root, quality = chord // len(QUALITIES), chord % len(QUALITIES)
        tone = (torch.arange(PITCHES, device=chord.device) - root.unsqueeze(-1)) % 12
        by_tone: Tensor = self.chord_tone(instrument * len(QUALITIES) + quality * (chord < CHORDS))
        return by_tone.gather(1, tone) * (chord < CHORDS).unsqueeze(-1)

    def length_and_velocity_logits(
        self, hidden: Tensor, instrument: Tensor, step: Tensor, pitch: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(tokens, len(LENGTHS)) and (tokens, VELOCITIES)"""
        given = self.after_step(step).view(hidden.shape)[:, 1:]
        given = given + self.after_pitch(instrument * PITCHES + pitch).view(given.shape)
        hidden = gelu(hidden[:, 1:] + given)
        velocity = self.velocity(hidden[:, 1]) + self.velocity_bias(instrument)
        return self.length(hidden[:, 0]).float(), velocity.float()

    def nll(self, x: Tensor, instrument: Tensor, target: Tensor, chord: Tensor, is_end: Tensor) -> Tensor:
        """(tokens, 4): nats of step (or END), pitch, length and velocity of the next note `target` (tokens,
        NOTE_COLUMNS), at whose step the chord has the label (tokens,); where the bar ends (tokens,), those of END
        alone."""
        step = target[:, 0].masked_fill(is_end, 0)
        step_nll = F.cross_entropy(self.step_logits(x), step.masked_fill(is_end, END), reduction="none")
        hidden = self.hidden_states(x)
        pitch = F.cross_entropy(self.pitch_logits(hidden, instrument, step, chord), target[:, 1], reduction="none")
        lengths, velocities = self.length_and_velocity_logits(hidden, instrument, step, target[:, 1])
        length = F.cross_entropy(lengths, target[:, 2], reduction="none")
        velocity = F.cross_entropy(velocities, target[:, 3], reduction="none")
        return torch.stack([step_nll, *(nll * ~is_end for nll in (pitch, length, velocity))], 1)


class ArrangerVae(nn.Module):
    """The VAE of a whole band. Its state dict has the names and the order of `parameters.vae_specs`."""

    def __init__(self, recipe: Recipe, instruments: int) -> None:
        super().__init__()
        sizes = recipe.arranger
        self.encoder = BarEncoder(instruments, sizes.bar_width, recipe.latent_size)
        self.decoder = NoteDecoder(instruments, sizes, recipe.latent_size)
        self.heads = NoteHeads(instruments, sizes.width)


def kl_divergence(mean: Tensor, log_std: Tensor) -> Tensor:
    """(bars,): nats of the posteriors from the standard normal."""
    return 0.5 * (mean**2 + (2 * log_std).exp() - 1 - 2 * log_std).sum(-1)
