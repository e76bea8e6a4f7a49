"""Averages songs: decodes the weighted mean of their latents, phrase by phrase."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pianoroll_vae.desk.forecast import announce_long_work
from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.desk.mixing import mixed_arrangement, mixed_length, notice_meters, phrase_steps_of
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, write
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace

MAX_SONGS = 100


def run(
    workspace: Workspace | None,
    sources: Sequence[Path],
    weights: Sequence[float],
    options: MusicOptions,
    outputs: Sequence[Path],
    watch: Watch,
    keep_keys: bool = False,
) -> list[WrittenSong]:
    """Write the average of the songs in these files; weights: one for each song, or none for equal ones."""
    if len(sources) > MAX_SONGS:
        raise SettingInvalid(f"{len(sources)} songs cannot be averaged.", f"Name at most {MAX_SONGS} songs.")
    where, ensemble = start_writing(workspace, options, outputs, 1, watch)
    source_midis = []
    with watch.task("Reading", len(sources), "songs") as task:
        for source in sources:
            source_midis.append(open_source(source, ensemble.band, options.salvage, watch))
            task.advance()
    notice_meters(source_midis, watch)
    announce_long_work(watch, [source_midi.song for source_midi in source_midis])
    with watch.task("Averaging", None, "songs"):
        arrangement, facts = options.apply(
            average(ensemble, source_midis, weights, options, keep_keys), source_midis[0].song
        )
    return [write(arrangement, where[0], None, " and ".join(map(str, sources)), facts)]


def average(
    ensemble: Ensemble,
    source_midis: Sequence[SourceMidi],
    weights: Sequence[float] = (),
    options: MusicOptions | None = None,
    keep_keys: bool = False,
) -> Arrangement:
    """The weighted mean of the songs' latents, phrase by phrase, as long as the songs are on average."""
    if not source_midis:
        raise SettingInvalid("There is no song to average.", "Name two or more.")
    normalised = np.asarray(weights if len(weights) else [1.0] * len(source_midis), np.float64)
    if len(normalised) != len(source_midis) or not (normalised >= 0).all() or not normalised.sum() > 0:
        raise SettingInvalid(
            f"{len(source_midis)} songs cannot have the weights {', '.join(f'{weight:g}' for weight in normalised)}.",
            "Give one number of 0 or more for each song, not all 0: --weights 2,1,1.",
        )
    normalised /= normalised.sum()
    songs = [source_midi.song for source_midi in source_midis]
    length = mixed_length(ensemble, songs, normalised.tolist())
    phrases = max(-(-length // phrase_steps_of(ensemble, songs[0])), 1)
    same = np.tile(normalised[:, None], phrases)
    return mixed_arrangement(ensemble, source_midis, same, options or MusicOptions(), False, keep_keys, length)
