"""Generates songs, from a chart or after a primer: a held-out song or a MIDI file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pianoroll_vae.config import GenerateSettings
from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import WHOLE_BAND, Facts, MusicOptions, share_fact
from pianoroll_vae.desk.new_songs import NewSongOptions, OnBeginning, plan_songs
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.desk.primers import AUTO, NONE, find_primers
from pianoroll_vae.desk.song_processes import generate_in_groups
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.measures.following import cells_in_chords
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace


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
    request = chart_options.load(ensemble, watch)
    primers = find_primers(workspace, settings.primer, seeds, ensemble, options.tempo, request, options.salvage, watch)
    source = _source(settings.primer, chart_options)
    song_options = NewSongOptions(options, length, settings.steps, only_new, chart_options.form, request)

    def show_beginning(song: Arrangement, beats: float) -> None:
        assert on_beginning is not None
        on_beginning(with_options(ensemble, song, primers[0], song_options)[0], beats)

    made: list[WrittenSong] = []
    phrases = sum(piece.phrases for piece in plan_songs(ensemble, primers, seeds, song_options))
    with _notice_after_interruption(made, seeds, watch), watch.task("Generating", phrases, "phrases") as task:
        first = show_beginning if on_beginning is not None else None
        songs = generate_in_groups(ensemble, primers, seeds, song_options, phrases, task.advance, first)
        for paths, seed, primer, song in zip(where, seeds, primers, songs, strict=True):
            arrangement, facts = with_options(ensemble, song, primer, song_options)
            facts |= _chord_tones(arrangement) if chart_options.chart else {}
            made.append(write(arrangement, paths, seed, primer.name or source, facts))
    return made


def _source(primer: str, chart_options: ChartOptions) -> str:
    """What songs began from whose primer has no name: a file, the chart that was given, or the song's own one."""
    return str(chart_options.chart or "its own chart") if primer in (AUTO, NONE) else primer


@contextmanager
def _notice_after_interruption(made: Sequence[WrittenSong], seeds: Sequence[int], watch: Watch) -> Iterator[None]:
    """After Ctrl-C, notice how many songs are written, and the seed of the next one."""
    try:
        yield
    except KeyboardInterrupt:
        if 0 < len(made) < len(seeds):
            verb = "is" if len(made) == 1 else "are"
            watch.notice(
                f"{len(made)} of {len(seeds)} songs {verb} written; the next one has --seed {seeds[len(made)]}."
            )
        raise


def with_options(
    ensemble: Ensemble, song: Arrangement, primer: Song, options: NewSongOptions
) -> tuple[Arrangement, Facts]:
    """A new song after its primer in the key, tempo, programs and so on that are asked for, and how it follows them."""
    beat = 0 if options.only_new or not ensemble.plays_charts else primer.beats
    return options.music.apply(song, primer, beat, ensemble.plays_charts, moves="nothing")


def _chord_tones(arrangement: Arrangement) -> Facts:
    """How much of a song is in the chords of its chart."""
    if arrangement.chart is None:
        return {}
    share = cells_in_chords(arrangement.song(), arrangement.chart.chords, arrangement.chart.meter)
    return share_fact("chord tones", share)


def with_settings(options: MusicOptions, settings: GenerateSettings, ensemble: Ensemble) -> MusicOptions:
    """The options of the command line; where one is not given, that of vaemusic.toml, if the band has it."""
    noise = {WHOLE_BAND: settings.noise} | dict(options.noise)
    threshold = {} if settings.threshold is None or ensemble.thresholds is None else {WHOLE_BAND: settings.threshold}
    return replace(
        options,
        noise=noise,
        threshold=threshold | dict(options.threshold),
        tempo=settings.tempo if options.tempo is None else options.tempo,
        seed=settings.seed if options.seed is None else options.seed,
    )
