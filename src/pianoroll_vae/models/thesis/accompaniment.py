"""Writes new phrases for some instruments to phrases of the others, which are kept.

A kept lead leads by the latents of what it plays; a new lead is new before its followers. An instrument keeps the
one of several candidates for each phrase that fits the harmony of the kept instruments best.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.models.ensemble import OnPhrases
from pianoroll_vae.models.thesis.phrase_space import PhraseSpace
from pianoroll_vae.models.thesis.prediction import LatentPredictor
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chords import Harmony, chord_tone_share_of_rolls, recognise_chords
from pianoroll_vae.music.key import key_of_notes
from pianoroll_vae.music.phrases import PHRASE_BEATS, Phrases
from pianoroll_vae.music.song import Song

CANDIDATES = 8
"""Of each phrase."""


def harmony_of(kept: Song, beats: int) -> Harmony:
    """(beats, 12): the chords of the kept instruments; where none of them sounds, the tones of their key."""
    harmony = recognise_chords(kept.notes, kept.band.drums, beats, kept.steps_per_beat)
    key = key_of_notes(kept.notes, kept.band.drums)
    if key is not None:
        harmony[harmony.all(1)] = key.tones
    return harmony


def accompany_phrases(
    space: PhraseSpace,
    predictor: LatentPredictor,
    phrases: Phrases,
    known: Sequence[bool],
    harmony: Harmony,
    noise: NDArray[np.float32],
    threshold: ArrayLike | None,
    rng: np.random.Generator,
    candidates: int = CANDIDATES,
    on_phrases: OnPhrases = lambda count: None,
) -> Phrases:
    """(phrases, instruments, phrase_steps, 128): the instruments marked in `known` as in `phrases`, the others new.

    harmony: (phrases · 16, 12). Each phrase is predicted from the phrase before, as it was chosen.
    """
    real = space.encode_phrases(phrases)
    new = [instrument for instrument in range(len(space.band)) if not known[instrument]]
    before, played = real[:1].copy(), []
    before[0, new] = rng.standard_normal(before[0, new].shape, np.float32)
    # The first phrase is written twice: the first time, the latents before it are noise.
    for round_number, phrase in enumerate((0, *range(len(phrases)))):
        tones = harmony[phrase * PHRASE_BEATS : (phrase + 1) * PHRASE_BEATS]
        given = np.repeat(real[phrase : phrase + 1], candidates, axis=0)
        history, fixed = np.repeat(before[:, None], candidates, axis=0), list(known)
        for group in _lead_first(new, space.band):
            latents = predictor.predict(history, noise, [rng] * candidates, given, fixed)
            rolls = space.decode_phrases(latents, threshold)
            for instrument in group:
                best = _best(rolls[:, instrument], tones, space.band, instrument)
                given[:, instrument] = latents[best, instrument]
                fixed[instrument] = True
        rolls = space.decode_phrases(given[:1], threshold)
        rolls[:, known] = phrases[phrase : phrase + 1, known]
        before = space.encode_phrases(rolls)
        played.append(rolls)
        on_phrases(min(round_number, 1))
    return np.concatenate(played[1:])


def _lead_first(new: Sequence[int], band: Band) -> list[list[int]]:
    """The new instruments in the groups in which they are written: the lead, then its followers."""
    groups = [[i for i in new if i == band.lead_index], [i for i in new if i != band.lead_index]]
    return [group for group in groups if group]


def _best(rolls: NDArray[np.uint8], tones: Harmony, band: Band, instrument: int) -> int:
    """Which of (candidates, phrase_steps, 128) of one instrument fits best; of drums the first that sounds."""
    if band.instruments[instrument].is_drum:
        return int((rolls > 0).any((1, 2)).argmax())
    return int(chord_tone_share_of_rolls(rolls, tones).argmax())
