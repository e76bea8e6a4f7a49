"""Interpolates the latents of several songs phrase by phrase, and decodes the result as a song of its own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.phrases import PHRASE_BEATS
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi

SOURCE_PHRASE_STEPS = PHRASE_BEATS * FINE_STEPS_PER_BEAT
"""Steps of a phrase on the grid of a source MIDI."""

MIN_SINE = 1e-4
"""Below this sine of the angle between two latents, linear interpolation takes the place of spherical."""


def interpolate_latents(one: Latents, other: Latents, position: NDArray[np.float32], linear: bool = False) -> Latents:
    """Spherical linear interpolation (slerp) between latents (n, instruments, latent_size), or a linear one.

    position: (n,), 0 at `one`, 1 at `other`. On the great circle the norm stays that of the ends; on a straight line it
    shrinks in the middle, where a Gaussian prior has little mass.
    """
    t = position.astype(np.float32)[:, None, None]
    straight = (1 - t) * one + t * other
    if linear:
        return straight
    norms = np.linalg.norm(one, axis=-1, keepdims=True) * np.linalg.norm(other, axis=-1, keepdims=True)
    cosine = (one * other).sum(-1, keepdims=True) / np.maximum(norms, 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    sine = np.sin(angle)
    divisor = np.where(sine > MIN_SINE, sine, 1)
    curved = np.sin((1 - t) * angle) / divisor * one + np.sin(t * angle) / divisor * other  # exact at both ends
    return np.where(sine > MIN_SINE, curved, straight).astype(np.float32)


def repeat_phrases(latents: Latents, phrases: int) -> Latents:
    """(phrases, instruments, latent_size): a song's latents, cut to `phrases` or repeated from its first phrase on."""
    return latents[np.arange(phrases) % len(latents)]


def decode_arrangement(
    ensemble: Ensemble,
    latents: Latents,
    source_midis: Sequence[SourceMidi],
    options: MusicOptions,
    steps: int | None = None,
) -> Arrangement:
    """Latents (phrases, instruments, latent_size) decoded as a new song.

    Its tempo is the geometric mean of the sources'; programs are those of the first source that plays the instrument.
    steps: its length on the grid of a source MIDI; None: up to the end of the last phrase.
    """
    notes = ensemble.decode_notes(latents, options.threshold_for(ensemble.band, ensemble.thresholds))
    notes = notes.regrid(ensemble.steps_per_beat, FINE_STEPS_PER_BEAT)
    steps = len(latents) * SOURCE_PHRASE_STEPS if steps is None else steps
    tempo = float(np.exp(np.mean([np.log(source_midi.song.tempo[0][1]) for source_midi in source_midis])))
    programs: dict[str, int] = {}
    for source_midi in reversed(source_midis):
        programs |= source_midi.programs
    meters = source_midis[0].song.meters[:1]
    song = Song(ensemble.band, notes.between(0, steps), steps, FINE_STEPS_PER_BEAT, ((0, tempo),), meters)
    return Arrangement(song, programs=programs)
