"""What a musician asks for beside the verb: noise, thresholds, key, chords, tempo, sounds, who is silent.

Everything is checked here against the band, once, and carried out on what the band has played. Kept parts are never
touched. Knows nothing of networks or files.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chords import chord_tones, lead_to_chords, plan_of_symbols
from pianoroll_vae.music.key import ask_key, lock, share_in
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import MAX_TEMPO, MIN_TEMPO, Song

WHOLE_BAND = ""
"""Stands for all instruments in `--noise 0.5`."""

MAX_SEED = 2**31 - 1
WILDEST = 1000
"""Noise and temperature: nothing is left of a model long before."""

Facts = dict[str, str | float]


@dataclass(frozen=True)
class MusicOptions:
    """By instrument, `WHOLE_BAND` meaning those that are not named; what is left out is as the verb has it."""

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
    seed: int | None = None
    count: int = 1

    def check(self, band: Band) -> None:
        """Refuse what cannot be, before anything is computed."""
        for name in {*self.noise, *self.threshold, *self.temperature, *self.program, *self.mute, *self.solo} - {
            WHOLE_BAND
        }:
            band.index(name)
        for value in self.noise.values():
            if not 0 <= value <= WILDEST:
                raise SettingInvalid(
                    f"The noise cannot be {value}.", f"Give a number from 0 to {WILDEST}; 1.0 is the usual one."
                )
        for value in self.temperature.values():
            if not 0 <= value <= WILDEST:
                raise SettingInvalid(
                    f"The temperature cannot be {value}.",
                    f"Give a number from 0 to {WILDEST}; 1.0 chooses notes as learned.",
                )
        for value in self.threshold.values():
            if not 0 < value <= 1:
                raise SettingInvalid(f"The threshold cannot be {value}.", "Give a number above 0, at most 1.")
        for name, program in self.program.items():
            if not 0 <= program <= 127:
                raise SettingInvalid(
                    f"{program} is no program for the {name}.", "General MIDI programs run from 0 to 127."
                )
        if self.tempo is not None and not MIN_TEMPO <= self.tempo <= MAX_TEMPO:
            raise SettingInvalid(
                f"The tempo cannot be {self.tempo}.", f"Give {MIN_TEMPO:g} to {MAX_TEMPO:g} beats a minute."
            )
        if self.seed is not None and not 0 <= self.seed <= MAX_SEED:
            raise SettingInvalid(f"The seed cannot be {self.seed}.", f"Give a whole number from 0 to {MAX_SEED}.")
        if self.count < 1:
            raise SettingInvalid("There is no song to make.", "Give a --count of 1 or more.")
        if len(self._silent(band)) == len(band):
            raise SettingInvalid("Nobody would play.", "Take a name out of --mute.")

    def seeds(self) -> list[int]:
        """A seed for each song: the asked-for one, or one drawn, and those after it."""
        first = random.SystemRandom().randrange(MAX_SEED) if self.seed is None else self.seed
        return [(first + turn) % MAX_SEED for turn in range(self.count)]

    def noise_for(self, band: Band, usual: float) -> NDArray[np.float32]:
        """(instruments,): the noise of each. Where only some are named, the others have `usual`."""
        return _by_instrument(self.noise, band, [usual] * len(band))

    def temperature_for(self, band: Band) -> NDArray[np.float32]:
        """(instruments,): how boldly each chooses notes, beside its noise."""
        return _by_instrument(self.temperature, band, [1.0] * len(band))

    def threshold_for(self, band: Band, usual: NDArray[np.float32]) -> NDArray[np.float32]:
        """(instruments,): from which strength a cell of each sounds."""
        return _by_instrument(self.threshold, band, usual.tolist())

    def apply(self, arrangement: Arrangement, heard: Song, begin: float = 0) -> tuple[Arrangement, Facts]:
        """The take as it was wished for, and what is to be said about it.

        `heard`: the song whose key 'auto' means; `begin`: the beat on which the first chord stands.
        """
        facts: Facts = {}
        drums = drum_mask(arrangement.new.band)
        new = arrangement.new
        if self.chords is not None:
            chords = plan_of_symbols(self.chords, math.ceil(new.beats - begin), beats_per_bar(new))
            plan = np.concatenate([np.ones((round(begin), 12), np.bool_), chords])
            led = lead_to_chords(new.notes, drums, plan, new.steps_per_beat)
            facts["chord tones as played"] = _share(chord_tones(new.notes, drums, plan, new.steps_per_beat))
            facts["chord tones"] = _share(chord_tones(led, drums, plan, new.steps_per_beat))
            new = replace(new, notes=led)
        key = ask_key(self.key, self.scale, heard)
        if key is not None:
            facts["key"] = str(key)
            facts["in key as played"] = _share(share_in(new.notes, drums, key))
            new = replace(new, notes=lock(new.notes, drums, key, drop=self.outside == "drop"))
        arrangement = replace(arrangement, new=new, programs={**arrangement.programs, **self.program}, tempo=self.tempo)
        return arrangement.without(self._silent(new.band)), facts

    def _silent(self, band: Band) -> set[str]:
        return set(self.mute) | (set(band.names) - set(self.solo) if self.solo else set())


def drum_mask(band: Band) -> NDArray[np.bool_]:
    """(instruments,): True for drums."""
    return np.array([instrument.is_drum for instrument in band])


def beats_per_bar(song: Song) -> float:
    """Of the meter that the song begins in."""
    _, over, under = song.meters[0]
    return over * 4 / under


def cut_to(song: Song, notes: Notes, start: int, stop: int) -> Notes:
    """The notes that begin in the steps [start, stop), none sounding on beyond the song's end."""
    inside = notes[(notes.start >= start) & (notes.start < stop)]
    return inside.between(0, max(song.steps, stop))


def _by_instrument(asked: Mapping[str, float], band: Band, usual: list[float]) -> NDArray[np.float32]:
    everybody = asked.get(WHOLE_BAND)
    return np.array(
        [
            asked.get(name, value if everybody is None else everybody)
            for name, value in zip(band.names, usual, strict=True)
        ],
        np.float32,
    )


def _share(value: float) -> float:
    return round(value, 4) if math.isfinite(value) else 0.0
