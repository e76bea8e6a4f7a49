"""Generates songs, from a chart or after a primer: a held-out song or a MIDI file."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from numpy.typing import ArrayLike

from pianoroll_vae.config import GenerateSettings
from pianoroll_vae.console import Watch
from pianoroll_vae.desk.chart_options import (
    ChartOptions,
    chart_in_key,
    chart_of_length,
    first_in_scale,
    request_in_meter,
)
from pianoroll_vae.desk.endings import chart_with_ending, end_song
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.form import apply_form, bars_of, chart_in_form, material_phrases, parse_form
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MAX_SEED, WHOLE_BAND, Facts, MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.desk.primers import find_primers
from pianoroll_vae.models.ensemble import NO_REQUEST, Ensemble, SongRequest
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.bar_lines import last_bar_meter
from pianoroll_vae.music.chart import Chart, Section
from pianoroll_vae.music.ending import ending_beat
from pianoroll_vae.music.key import Key, find_key, named_key, resolve_key, semitones_to_key
from pianoroll_vae.music.measures.following import cells_in_chords
from pianoroll_vae.music.meter import beats_of
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BARS, PHRASE_BEATS
from pianoroll_vae.music.resolution import BEATS_PER_BAR
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.transposition import transpose_song
from pianoroll_vae.workspace import Workspace

CHARTS_FOR_KEY = 16
"""Charts that are written where a key is asked for."""

OnBeginning = Callable[[Arrangement, float], None]
"""Called with a song whose first beats are written, and how many: it has its whole length, its tempo and its chart."""

CHARTS_WITHOUT_KEY = 4
"""Charts that are written at most for a song that begins from nothing, see `first_in_scale`."""

SEED_STRIDE = 1_000_003
"""Between the seeds of these charts, so that those of the next song are others."""


def run(
    workspace: Workspace | None,
    settings: GenerateSettings,
    options: MusicOptions,
    length: Length,
    outputs: Sequence[Path],
    only_new: bool,
    chart_options: ChartOptions,
    watch: Watch,
    on_beginning: OnBeginning | None = None,
) -> list[WrittenSong]:
    """Write `options.count` songs: one to the files `outputs`, several as numbered files into a folder.

    on_beginning: called for the first of them while the rest is written, by bands that write bar by bar.
    """
    length.check()
    where = output_paths(outputs, options.count, options.force)
    ensemble = load_ensemble(workspace, watch)
    options = with_settings(options, settings, ensemble)
    options.check(ensemble.band)
    seeds = options.seeds()
    request, notices = chart_options.load(ensemble)
    for notice in notices:
        watch.notice(notice)
    tempo = options.tempo or (request.chart.tempo if chart_options.chart and request.chart else None)
    meter = request.chart.meter if request.chart else (4, 4)
    primers = find_primers(workspace, settings.primer, seeds, ensemble, tempo, options.salvage, watch, meter)
    source = str(chart_options.chart or "its own chart") if ensemble.plays_charts else settings.primer
    made = []
    default = _default_phrases(request, settings)
    needed = [_phrases(_new_beats(ensemble, length, p, default, options.tempo, only_new), ensemble, p) for p in primers]

    def applied(song: Arrangement, primer: Song) -> tuple[Arrangement, Facts]:
        beat = 0 if only_new or not ensemble.plays_charts else primer.beats
        return options.apply(song, primer, beat, ensemble.plays_charts, moves="nothing")

    def begun(song: Arrangement, beats: float) -> None:
        assert on_beginning is not None
        on_beginning(applied(song, primers[0])[0], beats)

    with watch.task("Generating", sum(needed), "phrases") as task:
        for begin in range(0, len(seeds), ensemble.songs_at_once):
            group = slice(begin, begin + ensemble.songs_at_once)
            songs = generate_songs(
                ensemble,
                primers[group],
                seeds[group],
                options,
                length,
                settings.steps,
                only_new,
                chart_options.form,
                task.advance,
                request,
                begun if on_beginning is not None and begin == 0 else None,
            )
            for paths, seed, primer, song in zip(where[group], seeds[group], primers[group], songs, strict=True):
                arrangement, facts = applied(song, primer)
                if chart_options.chart is not None and arrangement.chart is not None:
                    share = cells_in_chords(arrangement.song(), arrangement.chart.chords, arrangement.chart.meter)
                    facts |= {} if math.isnan(share) else {"chord tones": round(share, 4)}
                made.append(write(arrangement, paths, seed, primer.name or source, facts))
    return made


def generate_songs(
    ensemble: Ensemble,
    primers: Sequence[Song],
    seeds: Sequence[int],
    options: MusicOptions,
    length: Length | None = None,
    default_phrases: int = 40,
    only_new: bool = False,
    form: str | None = None,
    on_phrases: Callable[[int], None] = lambda n: None,
    request: SongRequest = NO_REQUEST,
    on_beginning: OnBeginning | None = None,
) -> list[Arrangement]:
    """Songs that continue their primers in the primers' tempo, with their charts. A key that is named moves the primers
    and the charts there.

    A length in phrases counts new phrases only; one in bars or seconds includes the primer. Without a length, a song is
    as long as the chart or the form that is asked for. In a form it has whole sections, whatever the length.
    on_beginning: called for the first song.
    """
    length = length or Length()
    request = replace(request, players=options.players(ensemble.band))
    ensemble.check(request)
    key = resolve_key(options.key, options.scale, primers[0]) if named_key(options.key) else None
    if key is not None:
        primers = [transpose_song(primer, semitones_to_key(primer, key)) for primer in primers]
    if not ensemble.plays_charts:
        return _in_form(ensemble, primers, seeds, options, length, default_phrases, only_new, form, on_phrases)
    requests = [request_in_meter(request, primer) for primer in primers]
    bar_beats = [beats_of(last_bar_meter(primer)) for primer in primers]
    if request.chart is not None and options.chords is None and length == Length():
        length = Length(bars=max(_bars_with(request.chart, primer) for primer in primers))
    noise, temperature = options.noise_for(ensemble.band, 1.0), options.temperature_for(ensemble.band)
    threshold = options.threshold_for(ensemble)
    beats = [_new_beats(ensemble, length, p, default_phrases, options.tempo, only_new) for p in primers]
    sections = [_sections(form, length, *own) for own in zip(beats, bar_beats, strict=True)]
    beats = [bars_of(own) * bar if form else b for own, b, bar in zip(sections, beats, bar_beats, strict=True)]
    phrases = max(_phrases(b, ensemble, primer) for b, primer in zip(beats, primers, strict=True))
    charts: list[Chart | None] = [
        _write_chart(ensemble, primer, phrases * PHRASE_BARS, noise, own_request, seed, key, own)
        for primer, own_request, seed, own in zip(primers, requests, seeds, sections, strict=True)
    ]
    if options.ending and request.chart is None:
        charts = [
            chart and chart_with_ending(chart, b, key, bar)
            for chart, b, bar in zip(charts, beats, bar_beats, strict=True)
        ]

    def arranged(number: int, notes: Notes, ended: bool) -> Arrangement:
        primer, chart, new_beats = primers[number], charts[number], beats[number]
        steps = round(new_beats * ensemble.steps_per_beat)
        chart = chart and chart_of_length(chart, new_beats)
        notes = notes.between(0, steps)
        if options.ending and ended:
            notes = end_song(notes, primer, new_beats, chart, bar_beats[number])
        song = _joined(primer, notes, steps, seeds[number], only_new, keeps_meters=True)
        if not form and (length.bars or length.seconds):  # which may end within the primer
            song = _cut(song, length.beats(primer, default_phrases, options.tempo))
        whole = only_new or not primer.steps
        if chart is not None and whole:
            chart = replace(chart, key=chart.key or find_key(song), tempo=song.tempo[0][1])
        return Arrangement(song, chart=chart if whole else None)

    def begun(number: int, notes: Notes, new_phrases: int) -> None:
        written = new_phrases * ensemble.phrase_beats(primers[number].meters[-1][1:])
        if on_beginning is not None and number == 0 and written <= (ending_beat(beats[0], bar_beats[0]) or 0):
            on_beginning(arranged(0, notes, ended=False), written + (0 if only_new else primers[0].beats))

    generated = ensemble.continue_(
        primers,
        phrases,
        noise,
        threshold,
        temperature,
        seeds,
        on_phrases,
        request,
        charts,
        None if on_beginning is None else begun,
    )
    return [arranged(number, notes, ended=True) for number, notes in enumerate(generated)]


def _default_phrases(request: SongRequest, settings: GenerateSettings) -> int:
    """About how long songs are where no length is asked for: as long as the chart that is."""
    return math.ceil(request.chart.bars / PHRASE_BARS) if request.chart else settings.steps


def _bars_with(chart: Chart, primer: Song) -> int:
    """Bars of a primer, in its last meter, and of a chart that follows it."""
    beats = primer.beats + chart.bars * beats_of(chart.meter)
    return math.ceil(beats / beats_of(primer.meters[-1][1:]))


def _sections(form: str | None, length: Length, beats: float, bar: float = BEATS_PER_BAR) -> tuple[Section, ...]:
    """The sections of new music of about so many beats, or of any length where none is given; none without a form."""
    if form is None:
        return ()
    parsed = parse_form(form)
    return parsed.sections(None if parsed.bars and length == Length() else math.ceil(beats / bar))


def _write_chart(
    ensemble: Ensemble,
    primer: Song,
    bars: int,
    noise: ArrayLike,
    request: SongRequest,
    seed: int,
    key: Key | None,
    sections: tuple[Section, ...],
) -> Chart:
    """A chart of a band that plays charts. Where a key is asked for, it is the one of several that is most clearly in
    the key, transposed; chords that are asked for stay. A song that begins from nothing has the first one that is
    enough in one scale, or else the one that is most in one."""
    key = None if request.strict_chords else key
    bars = bars_of(sections) if sections else bars

    def write_chart(number: int) -> Chart:
        own_seed = (seed + number * SEED_STRIDE) % MAX_SEED
        [chart] = ensemble.write_charts([primer], bars, noise, replace(request, sections=sections), [own_seed])
        assert chart is not None  # by a band that plays charts
        return chart

    if request.chart is None and key is not None:
        chart = chart_in_key([write_chart(number) for number in range(CHARTS_FOR_KEY)], key)
    elif request.chart is None and not len(primer.notes):
        chart = first_in_scale(map(write_chart, range(CHARTS_WITHOUT_KEY)))
    else:
        chart = write_chart(0) if key is None else chart_in_key([write_chart(0)], key)
    if not sections:
        return chart
    if request.chart is not None:
        return replace(chart_of_length(chart, bars * beats_of(chart.meter)), sections=sections)
    return chart_in_form(chart, sections)


def _new_beats(
    ensemble: Ensemble, length: Length, primer: Song, default_phrases: int, tempo: float | None, only_new: bool
) -> float:
    """How many beats are written after a primer."""
    beats = length.beats(primer, default_phrases, tempo, ensemble.phrase_beats(primer.meters[-1][1:]))
    return beats if only_new or length.steps or not (length.bars or length.seconds) else max(beats - primer.beats, 0)


def _phrases(beats: float, ensemble: Ensemble, primer: Song) -> int:
    """Of so many beats that follow a primer."""
    return max(math.ceil(beats / ensemble.phrase_beats(primer.meters[-1][1:])), 1)


def _joined(primer: Song, notes: Notes, steps: int, seed: int, only_new: bool, keeps_meters: bool = False) -> Song:
    """The primer and what follows it, or that alone; keeps_meters: in the primer's meters, else in 4/4."""
    tempo = ((0, primer.tempo[-1][1]),) if only_new else primer.tempo
    meters = ((0, *primer.meters[-1][1:]),) if only_new else primer.meters
    meters = meters if keeps_meters else ((0, 4, 4),)
    if not only_new:
        notes, steps = Notes.concatenate([primer.notes, notes.shifted(primer.steps)]), steps + primer.steps
    return replace(primer, notes=notes, steps=steps, tempo=tempo, meters=meters, name=f"vaemusic {seed}")


def _cut(song: Song, beats: float) -> Song:
    """The song, of so many beats at most."""
    steps = min(song.steps, round(beats * song.steps_per_beat))
    return replace(song, notes=song.notes.between(0, steps), steps=steps)


def _in_form(
    ensemble: Ensemble,
    primers: Sequence[Song],
    seeds: Sequence[int],
    options: MusicOptions,
    length: Length,
    default_phrases: int,
    only_new: bool,
    form: str | None,
    on_phrases: Callable[[int], None],
) -> list[Arrangement]:
    """Songs of a band without charts: each section is generated once and varied where it returns."""
    noise, temperature = options.noise_for(ensemble.band, 1.0), options.temperature_for(ensemble.band)
    threshold = options.threshold_for(ensemble)
    primer_beats = 0 if only_new or length.steps or not (length.bars or length.seconds) else PHRASE_BEATS
    beats = [length.beats(primer, default_phrases, options.tempo) for primer in primers]
    needed = [max(math.ceil((b - primer_beats) / PHRASE_BEATS), 1) for b in beats]
    sections = [_sections(form, length, PHRASE_BEATS * own) for own in needed]
    phrases = max([sum(material_phrases(own)) for own in sections] if form else needed)
    generated = ensemble.continue_(primers, phrases, noise, threshold, temperature, seeds, on_phrases)
    songs = []
    for primer, seed, notes, song_beats, own in zip(primers, seeds, generated, beats, sections, strict=True):
        steps = phrases * ensemble.phrase_steps
        if form:
            notes = apply_form(ensemble, notes, own, noise, seed)
            steps = bars_of(own) * ensemble.phrase_steps // PHRASE_BARS
        elif length.bars or length.seconds:
            steps = min(steps, round((song_beats - (0 if only_new else primer.beats)) * ensemble.steps_per_beat))
        if options.ending:
            notes = end_song(notes, primer, steps / ensemble.steps_per_beat, None)
        song = _joined(primer, notes, steps, seed, only_new)
        if not form and (length.bars or length.seconds):
            song = _cut(song, song_beats)
        songs.append(Arrangement(song))
    return songs


def with_settings(options: MusicOptions, settings: GenerateSettings, ensemble: Ensemble) -> MusicOptions:
    """The options of the command line; where one is not given, that of vaemusic.toml, if the band has its like."""
    noise = {WHOLE_BAND: settings.noise} | dict(options.noise)
    threshold = {} if settings.threshold is None or ensemble.thresholds is None else {WHOLE_BAND: settings.threshold}
    return replace(
        options,
        noise=noise,
        threshold=threshold | dict(options.threshold),
        tempo=settings.tempo if options.tempo is None else options.tempo,
        seed=settings.seed if options.seed is None else options.seed,
    )
