"""Mixes several songs into a song of its own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.meter import beats_of, main_meter
from pianoroll_vae.music.phrases import PHRASE_BEATS
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import Watch


def phrase_steps_of(ensemble: Ensemble, song: Song) -> int:
    """Steps of a phrase of a song, on its grid."""
    return round(ensemble.phrase_beats(main_meter(song)) * song.steps_per_beat)


def notice_meters(source_midis: Sequence[SourceMidi], watch: Watch) -> None:
    """Name the meter of the mix where the songs have several."""
    (over, under), *others = (main_meter(source_midi.song) for source_midi in source_midis)
    if any(beats_of(other) != beats_of((over, under)) for other in others):
        watch.notice(f"The songs are mixed in bars of {over}/{under}, as the first one has them.")


def mixed_length(ensemble: Ensemble, songs: Sequence[Song], weights: Sequence[float]) -> int:
    """Steps of the songs' mix, as long as they are on average; bars of another meter than the first song's count as
    bars of that one."""
    first = phrase_steps_of(ensemble, songs[0])
    lengths = [song.steps * (first / phrase_steps_of(ensemble, song)) for song in songs]
    return round(sum(weight * length for weight, length in zip(weights, lengths, strict=True)))


def phrases_of(songs: Sequence[Song], count: int, phrase_steps: Sequence[int] | None = None) -> NDArray[np.int64]:
    """(songs, count): the phrases of each song in order; a shorter song is played again from its first phrase on.
    phrase_steps: of each song; None: 16 beats."""
    phrase_steps = phrase_steps or [PHRASE_BEATS * song.steps_per_beat for song in songs]
    own = [max(-(-song.steps // steps), 1) for song, steps in zip(songs, phrase_steps, strict=True)]
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

    The tempo of each phrase is the weighted geometric mean of the sources' first ones; the meter is that of the first
    source. The program of an instrument is that of the source with the largest weight that plays it.
    steps: its length on the grid of a source MIDI; None: up to the end of the last phrase.
    """
    songs, count = [source_midi.song for source_midi in source_midis], weights.shape[1]
    threshold = options.threshold_for(ensemble)
    meter = main_meter(songs[0])
    phrases = phrases_of(songs, count, [phrase_steps_of(ensemble, song) for song in songs])
    notes = ensemble.mix(songs, phrases, weights, linear, keep_keys, threshold, meter)
    notes = notes.regrid(ensemble.steps_per_beat, FINE_STEPS_PER_BEAT)
    steps = count * phrase_steps_of(ensemble, songs[0]) if steps is None else steps
    tempo = _mixed_tempo(songs, weights, phrase_steps_of(ensemble, songs[0]), steps)
    programs: dict[str, int] = {}
    for index in np.argsort(-weights.sum(1).round(6), kind="stable")[::-1]:
        programs |= source_midis[index].programs
    song = Song(ensemble.band, notes.between(0, steps), steps, FINE_STEPS_PER_BEAT, tempo, ((0, *meter),))
    return Arrangement(song, programs=programs)


def _mixed_tempo(
    songs: Sequence[Song], weights: NDArray[np.float64], phrase_steps: int, steps: int
) -> tuple[tuple[int, float], ...]:
    """(step, beats a minute) of each phrase of a mix whose tempo differs from that of the phrase before it."""
    tempi = np.exp(np.log([song.tempo[0][1] for song in songs]) @ weights).round(6).tolist()
    changes = [number for number, tempo in enumerate(tempi) if number == 0 or tempo != tempi[number - 1]]
    return tuple((number * phrase_steps, tempi[number]) for number in changes if number * phrase_steps < max(steps, 1))
