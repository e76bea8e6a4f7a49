"""Generates songs that continue primers: held-out songs of the dataset, the bundled openings, or a MIDI file."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pianoroll_vae.config import GenerateSettings
from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.form import apply_form, parse_form
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.desk.primers import find_primers
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BEATS
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import Workspace


def run(
    workspace: Workspace | None,
    settings: GenerateSettings,
    options: MusicOptions,
    length: Length,
    outputs: Sequence[Path],
    only_new: bool,
    form: str | None,
    watch: Watch,
) -> list[WrittenSong]:
    """Write `options.count` songs: one to the files `outputs`, several as numbered files into a folder."""
    options = with_settings(options, settings)
    length.check()
    where = output_paths(outputs, options.count)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    seeds = options.seeds()
    primers = find_primers(workspace, settings.primer, seeds, ensemble.band, ensemble.recipe.grid)
    made = []
    with watch.task("Generating", None, "phrases") as task:
        for begin in range(0, len(seeds), ensemble.songs_at_once):
            group = slice(begin, begin + ensemble.songs_at_once)
            songs = generate_songs(
                ensemble, primers[group], seeds[group], options, length, settings.steps, only_new, form, task.advance
            )
            for paths, seed, primer, song in zip(where[group], seeds[group], primers[group], songs, strict=True):
                arrangement, facts = options.apply(Arrangement(song), primer)
                made.append(write(arrangement, paths, seed, primer.name or settings.primer, facts))
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
) -> list[Song]:
    """Songs that continue their primers in the primers' tempo.

    A length in phrases counts new phrases only; one in bars or seconds includes the primer.
    """
    length = length or Length()
    grid = ensemble.steps_per_beat
    noise, temperature = options.noise_for(ensemble.band, 1.0), options.temperature_for(ensemble.band)
    threshold = options.threshold_for(ensemble.band, ensemble.thresholds)
    sections = parse_form(form) if form else (0,)
    primer_beats = 0 if only_new or length.steps or not (length.bars or length.seconds) else PHRASE_BEATS
    beats = [length.beats(primer, default_phrases, options.tempo) for primer in primers]
    needed = max(math.ceil((b - primer_beats) / PHRASE_BEATS) for b in beats)
    section_phrases = max(math.ceil(needed / len(sections)), 1)
    phrases = section_phrases * (max(sections) + 1)
    generated = ensemble.continue_(primers, phrases, noise, threshold, temperature, seeds, on_phrases)
    songs = []
    for primer, seed, notes, song_beats in zip(primers, seeds, generated, beats, strict=True):
        steps = phrases * ensemble.phrase_steps
        if form:
            notes = apply_form(ensemble, notes, phrases, sections, noise, seed)
            steps = section_phrases * len(sections) * ensemble.phrase_steps
        tempo = primer.tempo
        if only_new:
            tempo = ((0, tempo[-1][1]),)
        else:
            notes = Notes.concatenate([primer.notes, notes.shifted(primer.steps)])
            steps += primer.steps
        if length.bars or length.seconds:
            steps = min(steps, round(song_beats * grid))
            notes = notes.between(0, steps)
        song = replace(primer, notes=notes, steps=steps, tempo=tempo, meters=((0, 4, 4),), name=f"vaemusic {seed}")
        songs.append(song)
    return songs


def with_settings(options: MusicOptions, settings: GenerateSettings) -> MusicOptions:
    """The options of the command line; where one is not given, that of vaemusic.toml."""
    noise = {WHOLE_BAND: settings.noise} | dict(options.noise)
    threshold = {} if settings.threshold is None else {WHOLE_BAND: settings.threshold}
    return replace(
        options,
        noise=noise,
        threshold=threshold | dict(options.threshold),
        tempo=settings.tempo if options.tempo is None else options.tempo,
        seed=settings.seed if options.seed is None else options.seed,
    )
