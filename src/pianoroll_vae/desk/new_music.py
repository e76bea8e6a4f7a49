"""New music that follows a song: its length, its chart and its ending. `generate` and `continue` share it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pianoroll_vae.desk.chart_options import chart_of_length
from pianoroll_vae.desk.endings import chart_with_ending, end_song
from pianoroll_vae.models.ensemble import NO_REQUEST, Ensemble, OnFirstPhrases, OnPhrases, Sampling, SongRequest
from pianoroll_vae.music.bar_lines import last_bar_meter
from pianoroll_vae.music.chart import Chart, Section
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.meter import beats_of
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song


@dataclass(frozen=True)
class NewMusic:
    """What is to be written after a primer, on the primer's grid."""

    primer: Song
    seed: int
    beats: float
    phrases: int
    """So many hold all of the beats."""

    beats_per_bar: float
    sections: tuple[Section, ...] = ()
    """The form that is asked for; empty: any."""

    chart: Chart | None = None
    """None of a band that plays no charts."""

    @property
    def steps(self) -> int:
        return round(self.beats * self.primer.steps_per_beat)

    def with_chart(self, chart: Chart | None, key: Key | None, ending: bool) -> "NewMusic":
        """The same with a chart. ending: whether it gets an ending on the tonic of `key`, by default of its own."""
        if ending and chart is not None:
            chart = chart_with_ending(chart, self.beats, key, self.beats_per_bar)
        return replace(self, chart=chart)

    @property
    def played_chart(self) -> Chart | None:
        """The chart, as long as the music."""
        return self.chart and chart_of_length(self.chart, self.beats)

    def finish(self, notes: Notes, ending: bool) -> Notes:
        """What of the sampled notes is within the length, with an ending or without."""
        if ending:
            notes = end_song(notes, self.primer, self.beats, self.played_chart, self.beats_per_bar)
        return notes.between(0, self.steps)


def phrases_for(ensemble: Ensemble, beats: float, primer: Song) -> int:
    """The phrases in which there is room for so many beats after a primer, one at least."""
    return max(math.ceil(beats / ensemble.phrase_beats(primer.meters[-1][1:])), 1)


def chart_bars(ensemble: Ensemble, phrases: int, primer: Song) -> int:
    """The bars of a chart of so many phrases after a primer: four each, and in 5/4 two."""
    beats = phrases * ensemble.phrase_beats(primer.meters[-1][1:])
    return math.ceil(beats / beats_of(last_bar_meter(primer)))


def sample_music(
    ensemble: Ensemble,
    pieces: Sequence[NewMusic],
    sampling: Sampling,
    request: SongRequest = NO_REQUEST,
    on_phrases: OnPhrases = lambda count: None,
    on_first_phrases: OnFirstPhrases | None = None,
) -> list[Notes]:
    """The notes of each piece, from step 0 on, on its primer's grid; they may go on after its end."""
    sampled = ensemble.continue_(
        [piece.primer for piece in pieces],
        max(piece.phrases for piece in pieces),
        sampling,
        [piece.seed for piece in pieces],
        request,
        [piece.chart for piece in pieces],
        on_phrases,
        on_first_phrases,
    )
    grids = [piece.primer.steps_per_beat for piece in pieces]
    return [notes.regrid(ensemble.steps_per_beat, grid) for notes, grid in zip(sampled, grids, strict=True)]
