"""Plays along: some instruments stay note for note, the others are written to fit them, the whole length.

The lead's real latents lead where it stays; where it does not, the band's own lead goes first. Of several takes of each
phrase an instrument keeps the one that fits the harmony of what stays best. Knows nothing of how networks play.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chords import Plan, fit, plan_heard
from pianoroll_vae.music.key import find_key
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BEATS, Phrases, join
from pianoroll_vae.music.sketch import Sketch
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.take import Take
from pianoroll_vae.stages.ensembles import load_ensemble
from pianoroll_vae.stages.output import Written, places, write
from pianoroll_vae.stages.wishes import Wishes, drums_of
from pianoroll_vae.workspace import Workspace

NOISE = 1.0
TAKES = 8
"""How often each phrase is tried."""


def run(
    workspace: Workspace,
    source: Path,
    keep: Sequence[str],
    rewrite: Sequence[str],
    all_as: str | None,
    wishes: Wishes,
    outputs: Sequence[Path],
) -> list[Written]:
    """Write the song in the file `source` with an accompaniment; `all_as`: whose part all its notes are."""
    where = places(outputs, wishes.count)
    ensemble = load_ensemble(workspace)
    wishes.check(ensemble.band)
    sketch = Sketch.read(source, ensemble.band, all_as)
    kept = who_stays(sketch, keep, rewrite)
    made = []
    for seed, paths in zip(wishes.seeds(), where, strict=True):
        take, facts = wishes.finish(accompany(ensemble, sketch, kept, seed, wishes), sketch.song)
        made.append(write(take, paths, seed, str(source), facts))
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
    heard = ensemble.hear(stays)
    plan = harmony_of(stays, len(heard) * PHRASE_BEATS)
    noise = wishes.spread(band, NOISE)
    threshold = wishes.thresholds(band, ensemble.thresholds)
    played = play_along(ensemble, heard, known, plan, noise, threshold, np.random.default_rng(seed))
    played[:, known] = 0
    notes = Notes.from_performance(join(played), drums_of(band)).regrid(ensemble.steps_per_beat, song.steps_per_beat)
    new = replace(song, notes=notes.between(0, song.steps))
    return Take(new, sketch, np.isin(sketch.chairs, np.flatnonzero(known)))


def harmony_of(stays: Song, beats: int) -> Plan:
    """(beats, 12): the chords of what stays; where nothing of it sounds, the tones of its key."""
    plan = plan_heard(stays.notes, drums_of(stays.band), beats, stays.steps_per_beat)
    key = find_key(stays)
    if key is not None:
        plan[plan.all(1)] = key.tones
    return plan


def play_along(
    ensemble: Ensemble,
    heard: Phrases,
    known: Sequence[bool],
    plan: Plan,
    noise: NDArray[np.float32],
    threshold: NDArray[np.float32],
    chance: np.random.Generator,
    takes: int = TAKES,
) -> Phrases:
    """(phrases, instruments, phrase_steps, 128): what stays, as heard, and what the others play to it.

    plan: (phrases · 16, 12). Each phrase follows from the one before as it was chosen.
    """
    band, real = ensemble.band, ensemble.encode(heard)
    written = [chair for chair in range(len(band)) if not known[chair]]
    lead_first = [chair for chair in written if chair == band.lead_index]
    drawn = real[:1].copy()
    drawn[0, written] = chance.standard_normal(drawn[0, written].shape, np.float32)
    so_far, played = [drawn], []
    # The first phrase is played once for practice: what is played before it has been drawn, not heard.
    for turn, phrase in enumerate((0, *range(len(heard)))):
        tones = plan[phrase * PHRASE_BEATS : (phrase + 1) * PHRASE_BEATS]
        given = np.repeat(real[phrase : phrase + 1], takes, axis=0)
        fixed = list(known)
        for group in (lead_first, [chair for chair in written if chair not in lead_first]):
            if not group:
                continue
            history = np.repeat(np.stack(so_far, 1), takes, axis=0)
            latents = ensemble.follow(history, noise, [chance] * takes, given, fixed)
            rolls = ensemble.decode(latents, threshold)
            for chair in group:
                best = _best(rolls[:, chair], tones, band, chair)
                given[:, chair] = latents[best, chair]
                fixed[chair] = True
        rolls = ensemble.decode(given[:1], threshold)
        rolls[:, known] = heard[phrase : phrase + 1, known]
        so_far = [*so_far, ensemble.encode(rolls)] if turn else [ensemble.encode(rolls)]
        played.append(rolls)
    return np.concatenate(played[1:])


def _best(rolls: NDArray[np.uint8], tones: Plan, band: Band, chair: int) -> int:
    """The take of one instrument, (takes, phrase_steps, 128), that fits best; of drums the first that sounds."""
    if band.instruments[chair].is_drum:
        return int((rolls > 0).any((1, 2)).argmax())
    return int(fit(rolls, tones).argmax())
