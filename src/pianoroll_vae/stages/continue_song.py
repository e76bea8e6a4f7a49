"""Continues a song from its last bar line, in its tempo and key; the song itself is kept unchanged before it.

The new bars have markers and chord symbols in the MIDI file, beside those that the song has.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.chart_options import ChartOptions, request_in_meter
from pianoroll_vae.desk.chart_writing import chart_to_key
from pianoroll_vae.desk.key_moves import semitones_beside
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.music_options import MusicOptions, beats_per_bar
from pianoroll_vae.desk.new_music import NewMusic, chart_bars, phrases_for, sample_music
from pianoroll_vae.desk.outputs import WrittenSong, write
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.models.ensemble import NO_REQUEST, Ensemble, OnPhrases, SongRequest
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.bar_lines import bar_parts
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_marks import ChartMarks, chart_marks
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.ending_reading import find_ending, tempo_before_slowing
from pianoroll_vae.music.key import Key, named_key
from pianoroll_vae.music.meter import BarRange, bars_of_steps, beats_of, steps_of_bars
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import end_of_last_bar, last_phrases
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.song_key import resolve_key
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.transposition import transpose_song
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace

DEFAULT_PHRASES = 16


@dataclass(frozen=True)
class Continuation:
    """A song with its continuation, and the beat at which the continuation begins."""

    arrangement: Arrangement
    beat: float
    ending: BarRange | None = None
    """The bars of the song's ending, which new bars do not take up; None where the song just stops."""

    resumed: float | None = None
    """The tempo that is taken up again after a ritardando."""


def run(
    workspace: Workspace | None,
    source: Path,
    options: MusicOptions,
    length: Length,
    outputs: Sequence[Path],
    only_new: bool,
    chart_options: ChartOptions,
    watch: Watch,
    after: int | None = None,
    joining: Sequence[str] = (),
) -> list[WrittenSong]:
    """Write the song in the file `source` and what follows it; with `only_new`, only what follows. after: the bar,
    counted from 1, behind which the song is left out; joining: instruments beside those of the song."""
    length.check()
    where, ensemble = start_writing(workspace, options, outputs, options.count, watch)
    request = chart_options.load(ensemble, watch)
    source_midi = open_source(source, ensemble.band, options.salvage, watch)
    _notice_meter(ensemble, source_midi.song, source, watch)
    options = replace(options, key=options.key or "auto")  # by default the key of the song
    made: list[WrittenSong] = []
    _, phrases = _length_of(ensemble, source_midi.song, length, options, request)
    with watch.task("Continuing", len(where) * phrases, "phrases") as task:
        for seed, paths in zip(options.seeds(), where, strict=True):
            continuation = continue_(
                ensemble, source_midi, seed, options, length, only_new, request, after, joining, task.advance
            )
            if not made and continuation.ending is not None:
                watch.notice(f"{source}: {_ending_left_out(*continuation.ending, continuation.resumed)}")
            arrangement, facts = options.apply(
                continuation.arrangement,
                source_midi.song,
                continuation.beat,
                ensemble.plays_charts,
                moves="nothing",
            )
            made.append(write(arrangement, paths, seed, str(source), facts))
    return made


def continue_(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    seed: int = 0,
    options: MusicOptions | None = None,
    length: Length | None = None,
    only_new: bool = False,
    request: SongRequest = NO_REQUEST,
    after: int | None = None,
    joining: Sequence[str] = (),
    on_phrases: OnPhrases = lambda count: None,
) -> Continuation:
    """The source MIDI and new phrases from the bar line after its last note, or after the bar `after`. They depend on
    the last phrases before it only, and where these have an ending, on those before the ending, whose tempo is taken up
    again after a ritardando. Only instruments of the song play, and those that join."""
    options, length = options or MusicOptions(), length or Length()
    start = _find_start(ensemble, source_midi, after)
    song, plays = start.song, _continues(start.song, joining)
    beats, phrases = _length_of(ensemble, song, length, options, request)
    key = resolve_key(options.key, options.scale, song)
    request = request_in_meter(replace(request, joining=tuple(joining)), song)
    request, semitones = _in_key(request, song, key if named_key(options.key) else None)
    piece = NewMusic(start.primer, seed, beats, phrases, beats_per_bar(song, -1))
    tonic = key and key.transposed(-semitones)
    piece, notes = _sample(ensemble, piece, options, request, tonic, on_phrases)
    notes = notes[plays[notes.instrument]]
    # What is cut does not count for the key in which a song without a chart ends.
    notes = piece.finish(notes.between(0, piece.steps), options.ending)
    tempo, meters = ((0, song.tempo[-1][1]),), ((0, *song.meters[-1][1:]),)
    notes = transpose_song(replace(song, notes=notes), semitones).notes
    new = replace(song, notes=notes, steps=piece.steps, tempo=tempo, meters=meters)
    if only_new:
        arrangement = Arrangement(new, programs=start.source_midi.programs)
        return Continuation(arrangement, 0, start.ending, start.resumed)
    chart = piece.chart and piece.chart.transposed(semitones)
    if chart is None and options.chords is None:
        chart = read_chart(new)
    marks = None if chart is None else _marks(replace(chart, key=chart.key or key), new, start, request)
    arrangement = _join(start, new, marks)
    return Continuation(arrangement, start.step / song.steps_per_beat, start.ending, start.resumed)


@dataclass(frozen=True)
class _Start:
    """Where a song is continued, and what its continuation follows."""

    source_midi: SourceMidi
    """Up to the step."""

    song: Song
    """Its music, in the tempo in which it is continued."""

    step: int
    primer: Song
    ending: BarRange | None
    """As of `Continuation`."""

    resumed: float | None
    """As of `Continuation`."""


def _find_start(ensemble: Ensemble, source_midi: SourceMidi, after: int | None) -> _Start:
    """The bar line after the bar `after`, or after the last note. An ending before it is left out of the primer, and
    after a ritardando the tempo before it is taken up again."""
    source_midi, step = _cut_after(source_midi, after)
    song = source_midi.song
    ending = find_ending(song, step)
    primer = _primer(ensemble, song, step if ending is None else ending)
    if ending is None:
        return _Start(source_midi, song, step, primer, None, None)
    bars, resumed = bars_of_steps(song, ending, step), tempo_before_slowing(song, ending, step)
    if resumed is not None:
        source_midi = source_midi.with_tempo(step, resumed)
        song = replace(song, tempo=(*song.tempo, (step, resumed)))
        primer = replace(primer, tempo=(*primer.tempo, (primer.steps, resumed)))
    return _Start(source_midi, song, step, primer, bars, resumed)


def _sample(
    ensemble: Ensemble,
    piece: NewMusic,
    options: MusicOptions,
    request: SongRequest,
    tonic: Key | None,
    on_phrases: OnPhrases,
) -> tuple[NewMusic, Notes]:
    """The piece with its chart, and its notes from step 0 on; a chart that the band writes ends on the tonic."""
    sampling, bars = options.sampling(ensemble), chart_bars(ensemble, piece.phrases, piece.primer)
    [chart] = ensemble.write_charts([piece.primer], bars, sampling, [piece.seed], request)
    piece = piece.with_chart(chart, tonic, options.ending and request.chart is None)
    [notes] = sample_music(ensemble, [piece], sampling, request, on_phrases)
    return piece, notes


def _join(start: _Start, new: Song, marks: ChartMarks | None) -> Arrangement:
    """The song, unchanged, and the new notes after it."""
    notes = replace(start.song, notes=new.notes.shifted(start.step), steps=start.step + new.steps)
    kept = np.ones(len(start.source_midi.score), np.bool_)
    return Arrangement(notes, start.source_midi, kept, marks=marks)


def _continues(song: Song, joining: Sequence[str]) -> NDArray[np.bool_]:
    """(instruments,): which instruments play in the song, or join."""
    plays = np.zeros(len(song.band), np.bool_)
    plays[song.notes.instrument] = True
    plays[[song.band.index(name) for name in joining]] = True
    return plays


def _primer(ensemble: Ensemble, song: Song, stop: int) -> Song:
    """The phrases before a step that the band takes into account, followed by the song's last meter."""
    primer = last_phrases(song, stop, ensemble.memory_phrases, ensemble.reads_meters)
    if primer.meters[-1][1:] == song.meters[-1][1:]:
        return primer
    return replace(primer, meters=(*primer.meters, (primer.steps, *song.meters[-1][1:])))


def _notice_meter(ensemble: Ensemble, song: Song, source: Path, watch: Watch) -> None:
    over, under = song.meters[-1][1:]
    if ensemble.reads_meters and not bar_parts(over, under):
        watch.notice(f"{source}: the band cannot write bars of {over}/{under}, so the new bars are of four beats.")


def _ending_left_out(first: int, last: int, resumed: float | None) -> str:
    what = f"bar {first} is" if first == last else f"bars {first} to {last} are"
    tempo = "" if resumed is None else f", at {resumed:.0f} beats a minute again"
    return (
        f"{what} an ending, so the band goes on as after bar {first - 1}{tempo}. "
        f"--after {first - 1} leaves the ending out of the song."
    )


def _marks(chart: Chart, new: Song, start: _Start, request: SongRequest) -> ChartMarks:
    """Markers and chord symbols of the new bars. Sections that the band names do not have the names of the song's."""
    marks = chart_marks(chart, new)
    if request.chart is None or request.strict_chords:
        marks = marks.with_new_letters(start.source_midi.markers)
    return marks.shifted(start.step)


def _cut_after(source_midi: SourceMidi, after: int | None) -> tuple[SourceMidi, int]:
    """The source MIDI up to the bar `after`, and the step at which it is continued: the next bar line."""
    begin = None
    if after is not None:
        _, begin = steps_of_bars(source_midi.song, after, after)
        source_midi = source_midi.before(begin)
    if not len(source_midi.song.notes):
        raise NothingFound("The song to continue has no notes.", "Name a song with notes in an instrument of the band.")
    return source_midi, begin or end_of_last_bar(source_midi.song)


def _length_of(
    ensemble: Ensemble, song: Song, length: Length, options: MusicOptions, request: SongRequest
) -> tuple[float, int]:
    """How many beats and phrases follow the song: those asked for, else those of the chart that was given."""
    phrase_beats = ensemble.phrase_beats(song.meters[-1][1:])
    if request.chart is not None and options.chords is None and not length.is_given:
        length = Length(steps=math.ceil(request.chart.bars * beats_of(request.chart.meter) / phrase_beats))
    beats = length.beats(song, DEFAULT_PHRASES, options.tempo, phrase_beats)
    return beats, phrases_for(ensemble, beats, song)


def _in_key(request: SongRequest, song: Song, key: Key | None) -> tuple[SongRequest, int]:
    """The request with its chart in a key, and by how many semitones new notes are moved there. What follows a chart is
    not moved: chords that are asked for stay."""
    if key is None or request.strict_chords:
        return request, 0
    if request.chart is not None:
        return replace(request, chart=chart_to_key(request.chart, key)), 0
    return request, semitones_beside(song, key)
