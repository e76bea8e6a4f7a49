"""Mixes several songs into a song of its own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.phrases import PHRASE_BEATS
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi

SOURCE_PHRASE_STEPS = PHRASE_BEATS * FINE_STEPS_PER_BEAT
"""Steps of a phrase on the grid of a source MIDI."""


def phrases_of(songs: Sequence[Song], count: int) -> NDArray[np.int64]:
    """(songs, count): the phrases of each song in order; a shorter song is played again from its first phrase on."""
    own = [max(-(-song.steps // (PHRASE_BEATS * song.steps_per_beat)), 1) for song in songs]
    return np.asarray(np.arange(count) % np.array(own)[:, None], np.int64)


def mixed_arrangement(
    ensemble: Ensemble,
    source_midis: Sequence[SourceMidi],
    weights: NDArray[np.float64],
    options: MusicOptions,
    linear: bool = False,
    keep_keys: bool = False,
    steps: int | None = None,
) -> Arrangement:
    """The songs mixed with weights (songs, phrases) that add up to 1.

    Its tempo is the geometric mean of the sources'; programs are those of the first source that plays the instrument.
    steps: its length on the grid of a source MIDI; None: up to the end of the last phrase.
    """
    songs, count = [source_midi.song for source_midi in source_midis], weights.shape[1]
    threshold = options.threshold_for(ensemble)
    notes = ensemble.mix(songs, phrases_of(songs, count), weights, linear, keep_keys, threshold)
    notes = notes.regrid(ensemble.steps_per_beat, FINE_STEPS_PER_BEAT)
    steps = count * SOURCE_PHRASE_STEPS if steps is None else steps
    tempo = float(np.exp(np.mean([np.log(song.tempo[0][1]) for song in songs])))
    programs: dict[str, int] = {}
    for source_midi in reversed(source_midis):
        programs |= source_midi.programs
    song = Song(ensemble.band, notes.between(0, steps), steps, FINE_STEPS_PER_BEAT, ((0, tempo),), songs[0].meters[:1])
    return Arrangement(song, programs=programs)
