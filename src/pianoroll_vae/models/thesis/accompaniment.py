"""Playing along in phrases: a band of rolls beside instruments that stay as they are.

The lead's real latents lead where it stays; where it does not, the band's own lead goes first. Of several takes of each
phrase an instrument keeps the one that fits the harmony of what stays best. Knows neither files nor recipes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chords import Plan, fit, plan_heard
from pianoroll_vae.music.key import find_key
from pianoroll_vae.music.phrases import PHRASE_BEATS, Phrases
from pianoroll_vae.music.song import Song

if TYPE_CHECKING:
    from pianoroll_vae.models.thesis.band import ThesisBand

TAKES = 8
"""How often each phrase is tried."""


def harmony_of(stays: Song, beats: int) -> Plan:
    """(beats, 12): the chords of what stays; where nothing of it sounds, the tones of its key."""
    plan = plan_heard(stays.notes, np.array([chair.is_drum for chair in stays.band]), beats, stays.steps_per_beat)
    key = find_key(stays)
    if key is not None:
        plan[plan.all(1)] = key.tones
    return plan


def play_along(
    ensemble: "ThesisBand",
    heard: Phrases,
    known: Sequence[bool],
    plan: Plan,
    noise: NDArray[np.float32],
    threshold: NDArray[np.float32],
    rng: np.random.Generator,
    takes: int = TAKES,
) -> Phrases:
    """(phrases, instruments, phrase_steps, 128): what stays, as heard, and what the others play to it.

    plan: (phrases · 16, 12). Each phrase follows from the one before as it was chosen.
    """
    band, real = ensemble.band, ensemble.encode(heard)
    written = [chair for chair in range(len(band)) if not known[chair]]
    lead_first = [chair for chair in written if chair == band.lead_index]
    drawn = real[:1].copy()
    drawn[0, written] = rng.standard_normal(drawn[0, written].shape, np.float32)
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
            latents = ensemble.follow(history, noise, [rng] * takes, given, fixed)
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
