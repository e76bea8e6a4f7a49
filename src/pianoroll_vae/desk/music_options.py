"""Options of every command that makes music: noise, temperature, threshold, key, chords, tempo, programs, mute, solo.

They are checked against the band in one place. Key, chords and tempo apply to new notes only; kept parts stay as they
are.
"""

import math
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.key_holding import hold_key
from pianoroll_vae.desk.key_moves import KeyMove, move_to_key
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble, Sampling
from pianoroll_vae.music.arrangement import NEW, Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chart_reading import find_key
from pianoroll_vae.music.chords import Harmony, chord_tone_share, parse_chords, snap_to_chords
from pianoroll_vae.music.key import Key, in_key_share, named_key
from pianoroll_vae.music.meter import beats_of
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import MAX_TEMPO, MIN_TEMPO, Song
from pianoroll_vae.music.song_key import is_in_key, resolve_key, semitones_to_key
from pianoroll_vae.music.transposition import MAX_SEMITONES

WHOLE_BAND = ""
"""The key that stands for all instruments not named, as in `--noise 0.5`."""

MAX_SEED = 2**31 - 1
MAX_NOISE = MAX_TEMPERATURE = 1000
"""Far above any value that leaves something of what a model has learned."""

Facts = dict[str, str | float]
"""Measurements shown below the table of a song; numbers are shares of 0 to 1."""


@dataclass(frozen=True)
class MusicOptions:
    """noise, threshold, temperature: by name of instrument, `WHOLE_BAND` for those not named; the command's defaults
    hold for the rest."""

    noise: Mapping[str, float] = field(default_factory=dict)
    threshold: Mapping[str, float] = field(default_factory=dict)
    temperature: Mapping[str, float] = field(default_factory=dict)
    key: str | None = None
    scale: str | None = None
    outside: Literal["move", "drop"] = "move"
    chords: str | None = None
    tempo: float | None = None
    program: Mapping[str, int] = field(default_factory=dict)
    mute: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()
    transpose: int = 0
    """Semitones by which the whole song is moved when it is written."""

    ending: bool = True
    """Whether the last bar of new music is an ending."""

    separate: bool = False
    """Whether new notes of a song have tracks of their own."""

    everybody: bool = False
    """Whether each instrument that is written plays at least half of the bars that it plays in real songs."""

    seed: int | None = None
    count: int = 1
    force: bool = False
    """Whether files are replaced that vaemusic did not write."""

    salvage: bool = False
    """Whether damaged MIDI files are read as far as they go."""

    def check(self, band: Band) -> None:
        """Raise SettingInvalid for unknown instruments and values out of range."""
        named = {*self.noise, *self.threshold, *self.temperature, *self.program, *self.mute, *self.solo}
        for name in named - {WHOLE_BAND}:
            band.index(name)
        for value in self.noise.values():
            if not 0 <= value <= MAX_NOISE:
                raise SettingInvalid(
                    f"The noise cannot be {value}.", f"Give a number from 0 to {MAX_NOISE}, for instance --noise 1.0."
                )
        for value in self.temperature.values():
            if not 0 <= value <= MAX_TEMPERATURE:
                raise SettingInvalid(
                    f"The temperature cannot be {value}.",
                    f"Give a number from 0 to {MAX_TEMPERATURE}; 1.0 samples notes with the learned probabilities.",
                )
        for value in self.threshold.values():
            if not 0 < value <= 1:
                raise SettingInvalid(f"The threshold cannot be {value}.", "Give a number above 0, at most 1.")
        for name, program in self.program.items():
            if not 0 <= program <= 127:
                raise SettingInvalid(
                    f"The program of the {name} cannot be {program}.", "General MIDI programs run from 0 to 127."
                )
        if self.tempo is not None and not MIN_TEMPO <= self.tempo <= MAX_TEMPO:
            raise SettingInvalid(
                f"The tempo cannot be {self.tempo}.", f"Give {MIN_TEMPO:g} to {MAX_TEMPO:g} beats a minute."
            )
        if abs(self.transpose) > MAX_SEMITONES:
            raise SettingInvalid(
                f"The song cannot be transposed by {self.transpose} semitones.",
                f"Give -{MAX_SEMITONES} to {MAX_SEMITONES}.",
            )
        if self.seed is not None and not 0 <= self.seed <= MAX_SEED:
            raise SettingInvalid(f"The seed cannot be {self.seed}.", f"Give a whole number from 0 to {MAX_SEED}.")
        if self.count < 1:
            raise SettingInvalid(f"The count cannot be {self.count}.", "Give a whole number of 1 or more.")
        if len(self._muted(band)) == len(band):
            raise SettingInvalid("All instruments are muted.", "Take a name out of --mute, or add one to --solo.")

    def seeds(self) -> list[int]:
        """(count,): consecutive seeds from `seed` on, or from one drawn at random."""
        first = random.SystemRandom().randrange(MAX_SEED) if self.seed is None else self.seed
        return [(first + number) % (MAX_SEED + 1) for number in range(self.count)]

    def sampling(self, ensemble: Ensemble, noise: float = 1.0) -> Sampling:
        """How the ensemble samples new music; noise: that of instruments for which none is given."""
        band = ensemble.band
        return Sampling(
            _by_instrument(self.noise, band, [noise] * len(band)),
            _by_instrument(self.temperature, band, [1.0] * len(band)),
            self.threshold_for(ensemble),
        )

    def threshold_for(self, ensemble: Ensemble) -> NDArray[np.float32] | None:
        """(instruments,): the strength, 0 to 1, from which a decoded cell sounds; None from a band without cells."""
        if ensemble.thresholds is not None:
            return _by_instrument(self.threshold, ensemble.band, ensemble.thresholds.tolist())
        if self.threshold:
            raise SettingInvalid(
                f"A band of the recipe {ensemble.recipe.name} decodes notes, and has no threshold.",
                "Leave --threshold out; --density makes instruments play less or more.",
            )
        return None

    def apply(
        self,
        arrangement: Arrangement,
        song: Song,
        first_beat: float = 0,
        plays_chords: bool = False,
        playing: Collection[str] = (),
        moves: KeyMove = "new",
    ) -> tuple[Arrangement, Facts]:
        """The arrangement in the key, chords, tempo and programs of the options, without muted instruments; how it
        follows key and chords, before notes are moved to them too; and which instruments are silent that should play.

        song: the one whose key `key="auto"` takes, and whose instruments should play, all of them if it is empty;
        first_beat: where the first chord begins; plays_chords: the band has played the chords, and no note is moved to
        them; playing: other instruments that should play; moves: what is transposed to a key that is named.
        """
        key, band = resolve_key(self.key, self.scale, song), arrangement.new.band
        named = key if named_key(self.key) else None
        harmony = self._harmony(arrangement.new, first_beat)
        if named is not None:
            arrangement = move_to_key(arrangement, named, moves)
        arrangement, facts = self._with_moved_notes(arrangement, key, harmony, plays_chords)
        programs = {**arrangement.programs, **self.program}
        arrangement = replace(arrangement, programs=programs, tempo=self.tempo, separate=self.separate)
        arrangement = arrangement.mute(self._muted(band))
        if named is not None:
            if moves == "all" or not arrangement.keep.any():
                arrangement = replace(arrangement, key=named)
            facts |= kept_in_another_key(arrangement, named)
        facts |= key_and_chord_shares(arrangement.song(), key, harmony)
        silent = _silent(arrangement, song, playing) - self._muted(band)
        if silent:
            facts["silent"] = ", ".join(name for name in band.names if name in silent)
        return arrangement.transposed(self.transpose), facts

    def _with_moved_notes(
        self, arrangement: Arrangement, key: Key | None, harmony: Harmony | None, plays_chords: bool
    ) -> tuple[Arrangement, Facts]:
        """The arrangement with new notes moved to the chords, unless the band has played them, and held in the key; and
        how they followed both before."""
        facts, new, back = Facts(), arrangement.new, -arrangement.transpose  # new notes are transposed when written
        drums, grid = new.band.drums, new.steps_per_beat
        chords = None if harmony is None else np.roll(harmony, back, 1)
        if chords is not None and not plays_chords:
            strong = 3 if beats_per_bar(new) == 3 else 2
            facts |= share_fact("chord tones as generated", chord_tone_share(new.notes, drums, chords, grid))
            new = replace(new, notes=snap_to_chords(new.notes, drums, chords, grid, strong))
        if key is not None:
            facts["key"] = str(key.transposed(self.transpose))
            home = key.transposed(back)
            facts |= share_fact("in key as generated", in_key_share(new.notes, drums, home))
            new = hold_key(replace(arrangement, new=new), home, chords, plays_chords, drop=self.outside == "drop")
        return replace(arrangement, new=new), facts

    def _harmony(self, new: Song, first_beat: float) -> Harmony | None:
        """The chords of the options from a beat on, None where there are none."""
        if self.chords is None:
            return None
        chords = parse_chords(self.chords, math.ceil(new.beats - first_beat), beats_per_bar(new))
        return np.concatenate([np.ones((round(first_beat), 12), np.bool_), chords])

    def players(self, band: Band) -> tuple[str, ...]:
        """The instruments that are made to play."""
        return tuple(name for name in band.names if self.everybody and name not in self._muted(band))

    def _muted(self, band: Band) -> set[str]:
        return set(self.mute) | (set(band.names) - set(self.solo) if self.solo else set())


def key_and_chord_shares(song: Song, key: Key | None, harmony: Harmony | None) -> Facts:
    """The share of the time that notes sound, kept ones too, in which they are in the key and in the chords."""
    drums, facts = song.band.drums, Facts()
    if key is not None:
        facts |= share_fact("in key", in_key_share(song.notes, drums, key))
    if harmony is not None:
        facts |= share_fact("chord tones", chord_tone_share(song.notes, drums, harmony, song.steps_per_beat))
    return facts


def kept_in_another_key(arrangement: Arrangement, key: Key) -> Facts:
    """A fact that names the key of the kept parts where it is another one: they stay as they are."""
    if not arrangement.keep.any():
        return {}
    kept = replace(arrangement, new=replace(arrangement.new, notes=Notes.empty())).song()
    found = find_key(kept)
    if found is None or is_in_key(kept, key):
        return {}
    return {"kept parts stay in": f"{found} (--transpose {semitones_to_key(kept, key):+d}, without --key, moves all)"}


def _silent(arrangement: Arrangement, song: Song, playing: Collection[str]) -> set[str]:
    """The instruments that should play and have no notes."""
    names, written = song.band.names, arrangement.song()
    expected = {names[index] for index in np.unique(song.notes.instrument)} or set(names)
    sounding = {written.band.names[index].removesuffix(NEW) for index in np.unique(written.notes.instrument)}
    return (expected | set(playing)) - sounding


def beats_per_bar(song: Song, change: int = 0) -> float:
    """In the song's first meter, or in that of another change: -1 is its last."""
    return beats_of(song.meters[change][1:])


def _by_instrument(values: Mapping[str, float], band: Band, defaults: list[float]) -> NDArray[np.float32]:
    """(instruments,): the value of an instrument's name, else that of `WHOLE_BAND`, else its default."""
    pairs = zip(band.names, defaults, strict=True)
    return np.array([values.get(name, values.get(WHOLE_BAND, default)) for name, default in pairs], np.float32)


def share_fact(name: str, share: float) -> Facts:
    """A fact; none where nothing sounds of which it could be a share (NaN)."""
    return {name: round(share, 4)} if math.isfinite(share) else {}
