"""How long a song shall be: in phrases of 16 beats, in bars or in seconds."""

import math
from dataclasses import dataclass

from pianoroll_vae.desk.music_options import beats_per_bar
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.phrases import PHRASE_BEATS
from pianoroll_vae.music.song import Song

MAX_PHRASES = 2000
"""Over four hours at 120 beats a minute."""


@dataclass(frozen=True)
class Length:
    """One of them; all None where the command's own default holds."""

    steps: int | None = None
    bars: int | None = None
    seconds: float | None = None

    def check(self) -> None:
        given = [value for value in (self.steps, self.bars, self.seconds) if value is not None]
        if len(given) > 1:
            raise SettingInvalid("A song has one length.", "Give --steps, --bars or --seconds, not several of them.")
        if given and not (math.isfinite(given[0]) and given[0] > 0):
            raise SettingInvalid("There is no song of that length.", "Give --steps, --bars or --seconds above 0.")

    def beats(self, song: Song, default_phrases: int, tempo: float | None = None) -> float:
        """How many beats that is where `song` goes on, in its last tempo and first meter."""
        if self.bars is not None:
            beats = self.bars * beats_per_bar(song)
        elif self.seconds is not None:
            beats = self.seconds * (tempo or song.tempo[-1][1]) / 60
        else:
            beats = PHRASE_BEATS * (self.steps or default_phrases)
        if beats > MAX_PHRASES * PHRASE_BEATS:
            raise SettingInvalid(f"A song cannot have {beats:,.0f} beats.", f"At most {MAX_PHRASES} --steps go.")
        return beats
