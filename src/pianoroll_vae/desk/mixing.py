"""Between songs: latents mixed phrase by phrase, each song beginning again when it ends. Knows no files."""

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
"""Of a sketch's grid."""

PARALLEL = 1e-4
"""Below this angle in radians a great circle is a straight line."""


def interpolate_latents(one: Latents, other: Latents, where: NDArray[np.float32], linear: bool = False) -> Latents:
    """Latents on the way from `one` (n, instruments, latent_size) to `other`; `where` (n,) is 0 at one, 1 at other.

    Along the great circle, so that what lies between is as far from the middle as its ends; or straight.
    """
    t = where.astype(np.float32)[:, None, None]
    straight = (1 - t) * one + t * other
    if linear:
        return straight
    lengths = np.linalg.norm(one, axis=-1, keepdims=True) * np.linalg.norm(other, axis=-1, keepdims=True)
    cosine = (one * other).sum(-1, keepdims=True) / np.maximum(lengths, 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    sine = np.sin(angle)
    divisor = np.where(sine > PARALLEL, sine, 1)
    curved = np.sin((1 - t) * angle) / divisor * one + np.sin(t * angle) / divisor * other  # exact at both ends
    return np.where(sine > PARALLEL, curved, straight).astype(np.float32)


def repeat_phrases(latents: Latents, phrases: int) -> Latents:
    """So many phrases of a song, from its beginning again when it ends."""
    return latents[np.arange(phrases) % len(latents)]


def decode_arrangement(
    ensemble: Ensemble,
    latents: Latents,
    source_midis: Sequence[SourceMidi],
    options: MusicOptions,
    steps: int | None = None,
) -> Arrangement:
    """The decoded phrases as a song of its own, in a tempo between those of the sketches and their sounds.

    `steps` of a sketch's grid: where the song ends; else with its last phrase.
    """
    notes = ensemble.decode_notes(latents, options.threshold_for(ensemble.band, ensemble.thresholds))
    notes = notes.regrid(ensemble.steps_per_beat, FINE_STEPS_PER_BEAT)
    steps = len(latents) * SOURCE_PHRASE_STEPS if steps is None else steps
    tempo = float(np.exp(np.mean([np.log(source_midi.song.tempo[0][1]) for source_midi in source_midis])))
    sounds: dict[str, int] = {}
    for source_midi in reversed(source_midis):
        sounds |= source_midi.programs
    meters = source_midis[0].song.meters[:1]
    song = Song(ensemble.band, notes.between(0, steps), steps, FINE_STEPS_PER_BEAT, ((0, tempo),), meters)
    return Arrangement(song, programs=sounds)
