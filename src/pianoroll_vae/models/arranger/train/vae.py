"""The VAEs of a band that writes bars note by note: an encoder that hears a bar, a decoder that writes the next note.

The decoder sees the heading it is to fill, with the bar's latent, and all that the band wrote before, its own notes and
everybody else's. Knows neither files nor what chooses latents.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pianoroll_vae.models.arranger.parameters import BAR_POSITIONS
from pianoroll_vae.models.arranger.tokens import NEW, NOTE
from pianoroll_vae.models.arranger.train.layers import Views, attend, norm
from pianoroll_vae.models.arranger.train.windows import Window, Written
from pianoroll_vae.models.recipe import ArrangerSizes
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR

END = SIXTEENTHS_PER_BAR
"""Where the next note stands when there is none."""


def hear(w: Views, bars: Written) -> Tensor:
    """(bars, content): what is in each bar, all of it."""
    place, pitch, length, _ = bars.note.unbind(1)
    instrument = bars.instrument[bars.bar]
    notes = F.embedding(instrument * SIXTEENTHS_PER_BAR + place, w["hear.place"]) * F.embedding(
        instrument * PITCHES + pitch, w["hear.pitch"]
    )
    notes = notes + F.embedding(length, w["hear.length"])
    heard = torch.zeros(len(bars), notes.shape[1], dtype=notes.dtype, device=notes.device)
    heard = heard.index_add(0, bars.bar, notes) + F.embedding(bars.instrument, w["hear.who"])
    inner = F.gelu(F.linear(F.rms_norm(heard, heard.shape[-1:]), w["hear.in"], w["hear.in_bias"]), approximate="tanh")
    return F.rms_norm(F.linear(inner, w["hear.out"]), heard.shape[-1:])


def latents(w: Views, content: Tensor) -> tuple[Tensor, Tensor]:
    """(bars, content) to means and logarithms of deviations (bars, latent_size)."""
    mean, log_deviation = F.linear(content, w["hear.latent"], w["hear.latent_bias"]).float().chunk(2, -1)
    return mean, log_deviation.clamp(-6, 2)


def note_tokens(w: Views, note: Tensor, instrument: Tensor) -> Tensor:
    """Notes (…, NOTE_COLUMNS) to (…, width)."""
    place, pitch, length, _ = note.unbind(-1)
    pitched = F.embedding(instrument * PITCHES + pitch, w["write.pitch"]) + F.embedding(pitch % 12, w["write.class"])
    return pitched + F.embedding(place, w["write.place"]) + F.embedding(length, w["write.length"])


def heading_tokens(w: Views, time: Tensor, latent: Tensor, content: Tensor) -> Tensor:
    """Headings (…) with latent (…, latent_size) and content (…, content), zeros where there is none: (…, width)."""
    phrase = F.embedding(time // SIXTEENTHS_PER_BAR % BAR_POSITIONS, w["write.phrase"])
    return phrase + F.linear(latent, w["write.latent"]) + F.linear(content, w["write.content"])


def token_of(w: Views, instrument: Tensor, kind: Tensor) -> Tensor:
    """What headings and notes have in common."""
    return F.embedding(instrument, w["write.who"]) + F.embedding(kind, w["write.says"])


@dataclass(frozen=True)
class Answers:
    """What the decoder says at tokens (tokens, width): the next note's place, and the rest once that is known."""

    w: Views
    x: Tensor
    instrument: Tensor

    def hidden(self) -> Tensor:
        """(tokens, 3, width)"""
        return F.linear(self.x, self.w["next.hidden"]).view(len(self.x), 3, self.x.shape[1])

    def places(self) -> Tensor:
        """(tokens, SIXTEENTHS_PER_BAR + 1)"""
        return F.linear(self.x, self.w["next.place"], self.w["next.place_bias"]).float()

    def pitches(self, hidden: Tensor, place: Tensor) -> Tensor:
        """(tokens, 128)"""
        at = F.embedding(place, self.w["next.at"]).view(hidden.shape)[:, 0]
        scores = F.linear(F.gelu(hidden[:, 0] + at, approximate="tanh"), self.w["next.pitch"])
        return (scores + F.embedding(self.instrument, self.w["next.pitch_bias"])).float()

    def lengths_and_velocities(self, hidden: Tensor, place: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor]:
        """(tokens, lengths) and (tokens, VELOCITIES)"""
        known = F.embedding(place, self.w["next.at"]).view(hidden.shape)[:, 1:]
        known = known + F.embedding(self.instrument * PITCHES + pitch, self.w["next.of"]).view(known.shape)
        inner = F.gelu(hidden[:, 1:] + known, approximate="tanh")
        loud = F.linear(inner[:, 1], self.w["next.velocity"]) + F.embedding(
            self.instrument, self.w["next.velocity_bias"]
        )
        return F.linear(inner[:, 0], self.w["next.length"]).float(), loud.float()


def read(w: Views, arranger: ArrangerSizes, window: Window, latent: Tensor, content: Tensor) -> Tensor:
    """(stretches, tokens, width): what the decoder makes of a window, given its bars' latents and contents."""
    is_note = window.kind == NOTE
    x = token_of(w, window.instrument, window.kind)
    x = x + note_tokens(w, window.note, window.instrument) * is_note.unsqueeze(-1)
    # What a heading that stands for no bar finds at -1 is a row of nothing.
    fresh, latent, content = F.pad(window.fresh, (0, 1)), F.pad(latent, (0, 0, 0, 1)), F.pad(content, (0, 0, 0, 1))
    new = (fresh[window.heard] & (window.kind == NEW)).unsqueeze(-1)
    headed = heading_tokens(w, window.time, latent[window.heard] * new, content[window.heard] * ~new)
    x = x + headed * ~is_note.unsqueeze(-1)
    return norm(attend(w, "write.", arranger.layers, arranger.heads, x, window.time), w["write.norm"])


def divergence(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """(bars,): nats from the standard normal."""
    return 0.5 * (mean**2 + (2 * log_deviation).exp() - 1 - 2 * log_deviation).sum(-1)


def note_nats(answers: Answers, wanted: Tensor, ends: Tensor) -> Tensor:
    """(tokens, 4): nats of the place (or the end), pitch, length and velocity of what really follows."""
    place = wanted[:, 0].masked_fill(ends, 0)
    where = F.cross_entropy(answers.places(), place.masked_fill(ends, END), reduction="none")
    hidden = answers.hidden()
    pitch = F.cross_entropy(answers.pitches(hidden, place), wanted[:, 1], reduction="none")
    lengths, velocities = answers.lengths_and_velocities(hidden, place, wanted[:, 1])
    length = F.cross_entropy(lengths, wanted[:, 2], reduction="none")
    velocity = F.cross_entropy(velocities, wanted[:, 3], reduction="none")
    return torch.stack([where, *(part * ~ends for part in (pitch, length, velocity))], 1)
