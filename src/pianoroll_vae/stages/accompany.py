"""Plays along: some instruments stay note for note, the others are written to fit them, the whole length.

Where the lead stays it leads; where it does not, the band's own lead goes first. Knows nothing of how networks play.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.workspace import Workspace

NOISE = 1.0


def run(
    workspace: Workspace | None,
    source: Path,
    keep: Sequence[str],
    rewrite: Sequence[str],
    all_as: str | None,
    options: MusicOptions,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[WrittenSong]:
    """Write the song in the file `source` with an accompaniment; `all_as`: whose part all its notes are."""
    where = output_paths(outputs, options.count)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    source_midi = SourceMidi.read(source, ensemble.band, all_as)
    kept = kept_instruments(source_midi, keep, rewrite)
    made = []
    with watch.task("Playing along", len(where), "songs") as task:
        for seed, paths in zip(options.seeds(), where, strict=True):
            arrangement, facts = options.apply(accompany(ensemble, source_midi, kept, seed, options), source_midi.song)
            made.append(write(arrangement, paths, seed, str(source), facts))
            task.advance()
    return made


def kept_instruments(source_midi: SourceMidi, keep: Sequence[str], rewrite: Sequence[str]) -> tuple[str, ...]:
    """The instruments that are kept: those named; all that play but the rewritten; or all that play."""
    for name in (*keep, *rewrite):
        source_midi.band.index(name)
    if keep and rewrite:
        raise SettingInvalid("--keep and --rewrite say the same from two sides.", "Give one of them.")
    kept = tuple(keep) or tuple(name for name in source_midi.playing if name not in rewrite)
    if not set(kept) & set(source_midi.playing):
        playing = ", ".join(source_midi.playing) or "nobody"
        raise NothingFound(
            f"There is nothing to play along with: {' and '.join(kept) or 'nobody'} would stay.",
            f"In this song play: {playing}. A melody can be named as anybody's: --as piano.",
        )
    if set(kept) == set(source_midi.band.names):
        raise SettingInvalid("Everybody plays already.", "Name who is written anew: --rewrite guitar.")
    return kept


def accompany(
    ensemble: Ensemble, source_midi: SourceMidi, keep: Sequence[str], seed: int = 0, options: MusicOptions | None = None
) -> Arrangement:
    """The sketch's notes of the instruments in `keep`, and new parts for all others."""
    options = options or MusicOptions()
    band, song = ensemble.band, source_midi.song
    known = [name in keep for name in band.names]
    stays = replace(song, notes=song.notes[np.isin(song.notes.instrument, np.flatnonzero(known))])
    noise = options.noise_for(band, NOISE)
    threshold = options.threshold_for(band, ensemble.thresholds)
    notes = ensemble.accompany(stays, known, noise, threshold, options.temperature_for(band), seed)
    notes = notes[~np.isin(notes.instrument, np.flatnonzero(known))].regrid(
        ensemble.steps_per_beat, song.steps_per_beat
    )
    new = replace(song, notes=notes.between(0, song.steps))
    return Arrangement(new, source_midi, np.isin(source_midi.instrument, np.flatnonzero(known)))
