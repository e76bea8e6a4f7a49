"""Plays along: some instruments stay note for note, the others are written to fit them, the whole length.

Where the lead stays it leads; where it does not, the band's own lead goes first. Knows nothing of how networks play.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.music_options import Wishes
from pianoroll_vae.desk.outputs import Written, places, write
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Take
from pianoroll_vae.music.source_midi import Sketch
from pianoroll_vae.workspace import Workspace

NOISE = 1.0


def run(
    workspace: Workspace | None,
    source: Path,
    keep: Sequence[str],
    rewrite: Sequence[str],
    all_as: str | None,
    wishes: Wishes,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[Written]:
    """Write the song in the file `source` with an accompaniment; `all_as`: whose part all its notes are."""
    where = places(outputs, wishes.count)
    ensemble = load_ensemble(workspace, watch)
    wishes.check(ensemble.band)
    sketch = Sketch.read(source, ensemble.band, all_as)
    kept = who_stays(sketch, keep, rewrite)
    made = []
    with watch.task("Playing along", len(where), "songs") as task:
        for seed, paths in zip(wishes.seeds(), where, strict=True):
            take, facts = wishes.finish(accompany(ensemble, sketch, kept, seed, wishes), sketch.song)
            made.append(write(take, paths, seed, str(source), facts))
            task.advance()
    return made


def who_stays(sketch: Sketch, keep: Sequence[str], rewrite: Sequence[str]) -> tuple[str, ...]:
    """The instruments that are kept: those named; all that play but the rewritten; or all that play."""
    for name in (*keep, *rewrite):
        sketch.band.index(name)
    if keep and rewrite:
        raise SettingInvalid("--keep and --rewrite say the same from two sides.", "Give one of them.")
    kept = tuple(keep) or tuple(name for name in sketch.players if name not in rewrite)
    if not set(kept) & set(sketch.players):
        playing = ", ".join(sketch.players) or "nobody"
        raise NothingFound(
            f"There is nothing to play along with: {' and '.join(kept) or 'nobody'} would stay.",
            f"In this song play: {playing}. A melody can be named as anybody's: --as piano.",
        )
    if set(kept) == set(sketch.band.names):
        raise SettingInvalid("Everybody plays already.", "Name who is written anew: --rewrite guitar.")
    return kept


def accompany(
    ensemble: Ensemble, sketch: Sketch, keep: Sequence[str], seed: int = 0, wishes: Wishes | None = None
) -> Take:
    """The sketch's notes of the instruments in `keep`, and new parts for all others."""
    wishes = wishes or Wishes()
    band, song = ensemble.band, sketch.song
    known = [name in keep for name in band.names]
    stays = replace(song, notes=song.notes[np.isin(song.notes.instrument, np.flatnonzero(known))])
    noise = wishes.spread(band, NOISE)
    threshold = wishes.thresholds(band, ensemble.thresholds)
    notes = ensemble.along(stays, known, noise, threshold, wishes.heat(band), seed)
    notes = notes[~np.isin(notes.instrument, np.flatnonzero(known))].regrid(
        ensemble.steps_per_beat, song.steps_per_beat
    )
    new = replace(song, notes=notes.between(0, song.steps))
    return Take(new, sketch, np.isin(sketch.chairs, np.flatnonzero(known)))
