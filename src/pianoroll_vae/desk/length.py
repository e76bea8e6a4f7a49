"""The length of a song to be generated: in phrases of four bars, in bars or in seconds."""

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
    """At most one of them; where all are None, the command's default holds."""

    steps: int | None = None
    bars: int | None = None
    seconds: float | None = None

    @property
    def is_given(self) -> bool:
        return self != Length()

    @property
    def includes_primer(self) -> bool:
        """Whether it is the length of a whole song, and not of the new phrases alone."""
        return bool(self.bars or self.seconds)

    def check(self) -> None:
        """Raise SettingInvalid where several are given, or one that is not above 0."""
        given = [value for value in (self.steps, self.bars, self.seconds) if value is not None]
        if len(given) > 1:
            raise SettingInvalid("The length is given more than once.", "Give only one of --steps, --bars, --seconds.")
        if given and not (math.isfinite(given[0]) and given[0] > 0):
            raise SettingInvalid(
                f"The length cannot be {given[0]:g}.", "Give --steps, --bars or --seconds a number above 0."
            )

    def beats(
        self,
        song: Song,
        default_phrases: int,
        tempo: float | None = None,
        phrase_beats: float = PHRASE_BEATS,
    ) -> float:
        """The length in beats where `song` is continued: in its last meter, and in `tempo` (beats a minute) or else in
        its last tempo."""
        if self.bars is not None:
            beats = self.bars * beats_per_bar(song, -1)
        elif self.seconds is not None:
            beats = self.seconds * (tempo or song.tempo[-1][1]) / 60
        else:
            beats = phrase_beats * (self.steps or default_phrases)
        if beats > MAX_PHRASES * PHRASE_BEATS:
            raise SettingInvalid(
                f"A song cannot have {beats:,.0f} beats.", f"The longest song has --steps {MAX_PHRASES}."
            )
        return beats
