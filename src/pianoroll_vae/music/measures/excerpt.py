"""Excerpts of eight bars and the named features that describe each: the input of the two-sample test.

All songs are brought to one grid of sixteenths first, so that songs of coarse and fine grids are comparable. Bars
are counted from the first step, four beats each.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.measures import harmony, pitch, repetition, rhythm
from pianoroll_vae.music.measures.ratio import Values, ratio
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import BEATS_PER_BAR, SIXTEENTHS_PER_BAR, SIXTEENTHS_PER_BEAT
from pianoroll_vae.music.song import Song

EXCERPT_BARS = 8
MAX_EXCERPTS = 20
"""160 bars of a song are measured, so that a long song does not outweigh the others."""

UNDEFINED = -1.0
"""Stands where there is nothing to measure (the pitch of a silent instrument); every true value is 0 or more."""


@dataclass(frozen=True, eq=False)
class Excerpts:
    """Windows of one song that follow each other, in cells of sixteenths."""

    band: Band
    sounding: NDArray[np.bool_]
    """(excerpts, instruments, steps, 128)"""

    onsets: NDArray[np.bool_]
    """(excerpts, instruments, steps, 128): where a note begins; one held over from before begins nowhere."""

    beats: Values
    """(excerpts, instruments): mean length in beats of the notes begun, NaN where none is."""

    def __len__(self) -> int:
        return len(self.sounding)

    @cached_property
    def onset_counts(self) -> NDArray[np.int64]:
        """(excerpts, instruments, steps): notes begun."""
        return np.asarray(np.count_nonzero(self.onsets, axis=-1))

    @cached_property
    def sounding_counts(self) -> NDArray[np.int64]:
        """(excerpts, instruments, steps): pitches that sound."""
        return np.asarray(np.count_nonzero(self.sounding, axis=-1))

    @cached_property
    def begun(self) -> NDArray[np.int64]:
        """(excerpts, instruments, 128): notes begun on each pitch."""
        return np.asarray(np.count_nonzero(self.onsets, axis=-2))

    @cached_property
    def beat_classes(self) -> NDArray[np.float32]:
        """(excerpts, instruments, beats, 12): cells of each pitch class that sound during each beat."""
        excerpts, instruments, steps, _ = self.sounding.shape
        shape = excerpts, instruments, steps // SIXTEENTHS_PER_BEAT, SIXTEENTHS_PER_BEAT, PITCHES
        return pitch.pitch_classes(np.count_nonzero(self.sounding.reshape(shape), axis=-2))

    @cached_property
    def bars(self) -> NDArray[np.bool_]:
        """(excerpts, instruments, bars, steps of a bar, 128): notes begun."""
        excerpts, instruments, steps, _ = self.onsets.shape
        return self.onsets.reshape(excerpts, instruments, steps // SIXTEENTHS_PER_BAR, SIXTEENTHS_PER_BAR, PITCHES)

    @cached_property
    def bar_classes(self) -> NDArray[np.float32]:
        """(excerpts, instruments, bars, 12): cells of each pitch class that sound during each bar."""
        excerpts, instruments, beats, classes = self.beat_classes.shape
        bars = excerpts, instruments, beats // BEATS_PER_BAR, BEATS_PER_BAR, classes
        return np.asarray(self.beat_classes.reshape(bars).sum(-2))

    @cached_property
    def pitched(self) -> list[int]:
        """Places of the instruments that are no drums."""
        return [place for place, instrument in enumerate(self.band) if not instrument.is_drum]

    @cached_property
    def drums(self) -> list[int]:
        return [place for place, instrument in enumerate(self.band) if instrument.is_drum]


def cut_excerpts(song: Song, skip_bars: int = 0, bars: int = EXCERPT_BARS, most: int = MAX_EXCERPTS) -> Excerpts:
    """The whole excerpts of a song after its first `skip_bars`, at most so many."""
    song = in_sixteenths(song)
    steps, first, instruments = bars * SIXTEENTHS_PER_BAR, skip_bars * SIXTEENTHS_PER_BAR, len(song.band)
    count = min(max(song.steps - first, 0) // steps, most)
    last = first + count * steps
    begun = song.notes[(song.notes.start >= first) & (song.notes.start < last)].shifted(-first)
    sounding = song.notes.between(first, last).rolls(instruments, count * steps) > 0
    onsets = begun.onsets(instruments, count * steps)
    place = begun.start // steps * instruments + begun.instrument
    beats = np.bincount(place, weights=begun.length / SIXTEENTHS_PER_BEAT, minlength=count * instruments)
    notes = np.bincount(place, minlength=count * instruments)
    mean_beats = ratio(beats, notes).reshape(count, instruments)
    return Excerpts(song.band, _cut(sounding, count, steps), _cut(onsets, count, steps), mean_beats)


def in_sixteenths(song: Song) -> Song:
    """The song on the grid that all measures share: notes begin and end at the nearest sixteenth, as in a MIDI reader.

    (The rounding by touch lengthens notes that end between two steps.)
    """
    return song.regrid(SIXTEENTHS_PER_BEAT, "nearest")


@dataclass(frozen=True, eq=False)
class Features:
    """values (excerpts, features): finite numbers, `UNDEFINED` where there is nothing to measure."""

    names: tuple[str, ...]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)


def describe(excerpts: Excerpts) -> Features:
    """All features of each excerpt; the names depend on the band alone."""
    columns = _each_instrument(excerpts) | _each_pitched_instrument(excerpts) | _drums(excerpts)
    columns |= _pairs(excerpts) | _whole_band(excerpts)
    values = np.stack(list(columns.values()), axis=1).astype(np.float32)
    return Features(tuple(columns), np.nan_to_num(values, nan=UNDEFINED))


def feature_names(band: Band) -> tuple[str, ...]:
    """The names of the features of a band's excerpts."""
    nothing = np.zeros((1, len(band), EXCERPT_BARS * SIXTEENTHS_PER_BAR, PITCHES), np.bool_)
    return describe(Excerpts(band, nothing, nothing, np.full((1, len(band)), np.nan))).names


def _cut(cells: NDArray[np.bool_], count: int, steps: int) -> NDArray[np.bool_]:
    """(instruments, all steps, 128) → (excerpts, instruments, steps, 128)."""
    return np.ascontiguousarray(cells.reshape(len(cells), count, steps, PITCHES).swapaxes(0, 1))


def _each_instrument(excerpts: Excerpts) -> dict[str, Values]:
    onsets = excerpts.onset_counts
    measured = {
        "empty bars": rhythm.empty_bar_rate(excerpts.sounding_counts, SIXTEENTHS_PER_BEAT),
        "notes a bar": rhythm.notes_per_bar(onsets, SIXTEENTHS_PER_BEAT),
        "notes together": rhythm.notes_together(onsets),
        "on the beat": rhythm.on_beat_share(onsets, SIXTEENTHS_PER_BEAT),
        "off the beat": rhythm.off_beat_share(onsets, SIXTEENTHS_PER_BEAT),
        "odd sixteenths": rhythm.off_grid_share(onsets, SIXTEENTHS_PER_BEAT),
        "like the bar before": repetition.bar_similarity(excerpts.bars),
        "repeated bars": repetition.repeated_bar_rate(excerpts.bars),
    }
    return _named(excerpts.band.names, measured)


def _each_pitched_instrument(excerpts: Excerpts) -> dict[str, Values]:
    pitched = excerpts.pitched
    begun = excerpts.begun[:, pitched]
    measured = {
        "polyphony": pitch.polyphony(excerpts.sounding_counts[:, pitched]),
        "note length": excerpts.beats[:, pitched],
        "pitch classes a bar": pitch.used_pitch_classes(excerpts.bar_classes[:, pitched]),
        "pitch class entropy": pitch.pitch_class_entropy(pitch.pitch_classes(begun)),
        "mean pitch": pitch.mean_pitch(begun),
        "pitch range": pitch.pitch_range(begun),
        "leaps": pitch.mean_leap(excerpts.onsets[:, pitched]),
    }
    return _named([excerpts.band.names[place] for place in pitched], measured)


def _drums(excerpts: Excerpts) -> dict[str, Values]:
    measured = {"pattern": rhythm.drum_pattern_rate(excerpts.onset_counts[:, excerpts.drums], SIXTEENTHS_PER_BEAT)}
    return _named([excerpts.band.names[place] for place in excerpts.drums], measured)


def _pairs(excerpts: Excerpts) -> dict[str, Values]:
    classes, names = excerpts.beat_classes, excerpts.band.names
    return {
        f"{names[one]}-{names[other]} tonal distance": harmony.tonal_distance(classes[:, one], classes[:, other])
        for one, other in combinations(excerpts.pitched, 2)
    }


def _whole_band(excerpts: Excerpts) -> dict[str, Values]:
    pitched = excerpts.pitched
    begun = pitch.pitch_classes(excerpts.begun[:, pitched].sum(1))
    at_the_beat = np.count_nonzero(excerpts.sounding[:, pitched, ::SIXTEENTHS_PER_BEAT], axis=1)
    playing = rhythm.in_bars(excerpts.sounding_counts, SIXTEENTHS_PER_BEAT).any(-1)
    return {
        "band playing": playing.sum(1).mean(-1),
        "band pitch class entropy": pitch.pitch_class_entropy(begun),
        "band scale consistency": pitch.scale_consistency(begun),
        "band groove consistency": rhythm.groove_consistency(excerpts.onset_counts.sum(1), SIXTEENTHS_PER_BEAT),
        "band chord tones": harmony.chord_tone_rate(
            excerpts.beat_classes[:, pitched].sum(1), pitch.pitch_classes(at_the_beat)
        ),
        "band changes": repetition.change_rate(excerpts.bars),
        "band changes together": repetition.changes_together(excerpts.bars),
    }


def _named(names: tuple[str, ...] | list[str], measured: dict[str, Values]) -> dict[str, Values]:
    """One column for each instrument and measure of values (excerpts, instruments)."""
    return {f"{name} {what}": values[:, place] for what, values in measured.items() for place, name in enumerate(names)}
