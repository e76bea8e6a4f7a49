"""Generates songs that continue their primers, or begin from nothing."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pianoroll_vae.desk.chart_options import request_in_meter
from pianoroll_vae.desk.chart_writing import fitting_chart
from pianoroll_vae.desk.form import apply_form, bars_of, material_phrases, parse_form
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MusicOptions, beats_per_bar
from pianoroll_vae.desk.new_music import NewMusic, chart_bars, phrases_for, sample_music
from pianoroll_vae.models.ensemble import NO_REQUEST, Ensemble, OnPhrases, Sampling, SongRequest
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.bar_lines import last_bar_meter
from pianoroll_vae.music.chart import Section
from pianoroll_vae.music.chart_marks import chart_marks
from pianoroll_vae.music.chart_reading import find_key
from pianoroll_vae.music.ending import ending_beat
from pianoroll_vae.music.key import Key, named_key
from pianoroll_vae.music.meter import beats_of
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BARS
from pianoroll_vae.music.resolution import BEATS_PER_BAR
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.song_key import resolve_key, semitones_to_key
from pianoroll_vae.music.transposition import transpose_song

OnBeginning = Callable[[Arrangement, float], None]
"""Called with a song whose first beats are written, and how many: it has its whole length, its tempo and its chart."""


@dataclass(frozen=True)
class NewSongOptions:
    """What is asked of new songs.

    A length in phrases counts new phrases only; one in bars or seconds includes the primer. Without a length, a song is
    as long as the chart or the form that is asked for. In a form it has whole sections, whatever the length.
    """

    music: MusicOptions = field(default_factory=MusicOptions)
    length: Length = field(default_factory=Length)
    default_phrases: int = 40
    only_new: bool = False
    """Whether the primer is left out of the song."""

    form: str | None = None
    """See `desk.form`."""

    request: SongRequest = NO_REQUEST


NO_OPTIONS = NewSongOptions()


def generate_songs(
    ensemble: Ensemble,
    primers: Sequence[Song],
    seeds: Sequence[int],
    options: NewSongOptions = NO_OPTIONS,
    on_phrases: OnPhrases = lambda count: None,
    on_beginning: OnBeginning | None = None,
) -> list[Arrangement]:
    """Songs that continue their primers in the primers' tempo, with their charts. A key that is named moves the primers
    and the charts there. on_beginning: called for the first song."""
    music = options.music
    request = replace(options.request, players=music.players(ensemble.band))
    ensemble.check(request)
    key = resolve_key(music.key, music.scale, primers[0]) if named_key(music.key) else None
    if key is not None:
        primers = [transpose_song(primer, semitones_to_key(primer, key)) for primer in primers]
    sampling = music.sampling(ensemble)
    pieces = plan_songs(ensemble, primers, seeds, options)
    if ensemble.plays_charts:
        pieces = _with_charts(ensemble, pieces, request, sampling, key, music.ending)

    def show_beginning(number: int, notes: Notes, phrases: int) -> None:
        piece, written = pieces[number], phrases * ensemble.phrase_beats(primers[number].meters[-1][1:])
        if on_beginning is not None and number == 0 and written <= (ending_beat(piece.beats, piece.beats_per_bar) or 0):
            song = _arrangement_of(piece, primers[0], piece.finish(notes, ending=False), options)
            on_beginning(song, written + (0 if options.only_new else primers[0].beats))

    sampled = sample_music(ensemble, pieces, sampling, request, on_phrases, show_beginning if on_beginning else None)
    songs = []
    for piece, primer, notes in zip(pieces, primers, sampled, strict=True):
        if piece.sections and not ensemble.plays_charts:
            notes = apply_form(ensemble, notes, piece.sections, sampling.noise, piece.seed)
        songs.append(_arrangement_of(piece, primer, piece.finish(notes, music.ending), options))
    return songs


def plan_songs(
    ensemble: Ensemble, primers: Sequence[Song], seeds: Sequence[int], options: NewSongOptions
) -> list[NewMusic]:
    """What is to be written after each primer, without charts."""
    length, chart = options.length, options.request.chart
    if chart is not None and options.music.chords is None and not length.is_given:
        beats = [primer.beats + chart.bars * beats_of(chart.meter) for primer in primers]
        length = Length(bars=max(math.ceil(b / beats_per_bar(p, -1)) for b, p in zip(beats, primers, strict=True)))
    options = replace(options, length=length)
    plan = _plan_in_meter if ensemble.reads_meters else _plan_in_four_four
    return [plan(ensemble, primer, seed, options) for primer, seed in zip(primers, seeds, strict=True)]


def _plan_in_meter(ensemble: Ensemble, primer: Song, seed: int, options: NewSongOptions) -> NewMusic:
    """Music in the primer's last meter."""
    beats, bar = _new_beats(ensemble, primer, options), beats_of(last_bar_meter(primer))
    sections = _sections(options, beats / bar)
    beats = bars_of(sections) * bar if sections else beats
    return NewMusic(primer, seed, beats, phrases_for(ensemble, beats, primer), bar, sections)


def _plan_in_four_four(ensemble: Ensemble, primer: Song, seed: int, options: NewSongOptions) -> NewMusic:
    """Music in 4/4, also after a primer in another meter. Of sections that return only the first is sampled."""
    beats = _new_beats(ensemble, primer, options)
    phrases = phrases_for(ensemble, beats, primer)
    beats = round(beats * primer.steps_per_beat) / primer.steps_per_beat
    sections = _sections(options, phrases * PHRASE_BARS)
    if sections:
        beats, phrases = bars_of(sections) * BEATS_PER_BAR, sum(material_phrases(sections))
    return NewMusic(replace(primer, meters=((0, 4, 4),)), seed, beats, phrases, BEATS_PER_BAR, sections)


def _new_beats(ensemble: Ensemble, primer: Song, options: NewSongOptions) -> float:
    phrase_beats = ensemble.phrase_beats(primer.meters[-1][1:])
    beats = options.length.beats(primer, options.default_phrases, options.music.tempo, phrase_beats)
    return max(beats - primer.beats, 0) if options.length.includes_primer and not options.only_new else beats


def _sections(options: NewSongOptions, bars: float) -> tuple[Section, ...]:
    """The sections of new music of about so many bars, or of any length where none is given; none without a form."""
    if options.form is None:
        return ()
    form = parse_form(options.form)
    return form.sections(math.ceil(bars) if options.length.is_given or not form.bars else None)


def _with_charts(
    ensemble: Ensemble,
    pieces: Sequence[NewMusic],
    request: SongRequest,
    sampling: Sampling,
    key: Key | None,
    ending: bool,
) -> list[NewMusic]:
    """The pieces with charts of their own, or with the one that is asked for, which gets no ending."""
    phrases = max(piece.phrases for piece in pieces)
    requests = [request_in_meter(request, piece.primer) for piece in pieces]
    charts = [
        fitting_chart(ensemble, piece, chart_bars(ensemble, phrases, piece.primer), own, sampling, key)
        for piece, own in zip(pieces, requests, strict=True)
    ]
    ending = ending and request.chart is None
    return [piece.with_chart(chart, key, ending) for piece, chart in zip(pieces, charts, strict=True)]


def _arrangement_of(piece: NewMusic, primer: Song, notes: Notes, options: NewSongOptions) -> Arrangement:
    """The primer and the new notes, or these alone; a song that is short may end within its primer."""
    song = _new_alone(piece, notes) if options.only_new else _joined(piece, notes)
    if options.length.includes_primer and not piece.sections:
        beats = options.length.beats(primer, options.default_phrases, options.music.tempo)
        steps = min(song.steps, round(beats * song.steps_per_beat))
        song = replace(song, notes=song.notes.between(0, steps), steps=steps)
    chart = piece.played_chart
    if chart is None:
        return Arrangement(song)
    if primer.steps and not options.only_new:
        follows = _new_alone(piece, Notes.empty())
        return Arrangement(song, marks=chart_marks(chart, follows).shifted(primer.steps))
    return Arrangement(song, chart=replace(chart, key=chart.key or find_key(song), tempo=song.tempo[0][1]))


def _joined(piece: NewMusic, notes: Notes) -> Song:
    primer = piece.primer
    together = Notes.concatenate([primer.notes, notes.shifted(primer.steps)])
    return replace(primer, notes=together, steps=primer.steps + piece.steps, name=f"vaemusic {piece.seed}")


def _new_alone(piece: NewMusic, notes: Notes) -> Song:
    tempo, meters = ((0, piece.primer.tempo[-1][1]),), ((0, *piece.primer.meters[-1][1:]),)
    name = f"vaemusic {piece.seed}"
    return replace(piece.primer, notes=notes, steps=piece.steps, tempo=tempo, meters=meters, name=name)
