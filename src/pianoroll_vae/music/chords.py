"""Chords: parsed from symbols or recognised in notes, and how well notes fit them.

A harmony is (beats, 12), True for the pitch classes of each beat's chord; a beat without a chord has all twelve True.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.key import pitch_class
from pianoroll_vae.music.notes import PITCHES, Notes

Harmony = NDArray[np.bool_]
"""(beats, 12)"""

CHORD_QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "5": (0, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "mmaj7": (0, 3, 7, 11),
    "9": (0, 2, 4, 7, 10),
    "m9": (0, 2, 3, 7, 10),
    "add9": (0, 2, 4, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "7sus4": (0, 5, 7, 10),
    "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "aug": (0, 4, 8),
}
_SPELLINGS = {"maj": "", "M": "", "min": "m", "-": "m", "M7": "maj7", "min7": "m7", "-7": "m7", "°": "dim", "+": "aug"}
_SPELLINGS |= {"sus": "sus4", "ø": "m7b5", "°7": "dim7", "Δ": "maj7", "mM7": "mmaj7"}
_SYMBOL = re.compile(r"([A-G])([#♯b♭]*)(.*?)(?:/([A-G])([#♯b♭]*))?")
TRIADS = np.array(
    [[(pitch - root) % 12 in tones for pitch in range(12)] for tones in ((0, 4, 7), (0, 3, 7)) for root in range(12)]
)
"""(24, 12): the pitch classes of the major triads from C on, then of the minor ones."""

HALF_BAR_BEATS = 2
"""Beats over which one chord lasts."""


def parse_chord(symbol: str) -> NDArray[np.bool_]:
    """(12,): the pitch classes of 'Am7', 'F#', 'G/B'."""
    found = _SYMBOL.fullmatch(symbol)
    quality = _SPELLINGS.get(found[3], found[3]) if found else ""
    if not found or quality not in CHORD_QUALITIES:
        raise SettingInvalid(
            f"There is no chord '{symbol}'.", 'Write, for example, "Am F C G", or with Bb7, F#m, Gsus4, Cmaj7, C/E.'
        )
    root = pitch_class(found[1], found[2])
    tones = np.zeros(12, np.bool_)
    tones[[(root + step) % 12 for step in CHORD_QUALITIES[quality]]] = True
    if found[4]:
        tones[pitch_class(found[4], found[5] or "")] = True
    return tones


def parse_chords(text: str, beats: int, beats_per_bar: float = 4) -> Harmony:
    """The harmony of chord symbols, one a bar, repeated to the end; 'N.C.' and '.' leave a bar without a chord."""
    symbols = text.replace("|", " ").replace(",", " ").split()
    if not symbols:
        raise SettingInvalid("There is no chord in --chords.", 'Write, for example, --chords "Am F C G".')
    free = np.ones(12, np.bool_)
    chords = np.stack([free if symbol in ("N.C.", ".") else parse_chord(symbol) for symbol in symbols])
    bars = (np.arange(beats) // beats_per_bar).astype(int)
    harmony: Harmony = chords[bars % len(chords)]
    return harmony


def recognise_chords(notes: Notes, drums: NDArray[np.bool_], beats: int, steps_per_beat: int) -> Harmony:
    """The triad that fits each half bar of the pitched notes best, by how long each pitch class sounds in it."""
    steps = -(-beats // HALF_BAR_BEATS) * HALF_BAR_BEATS * steps_per_beat
    row, step, _ = notes[~drums[notes.instrument]].cells(steps)
    place = step // (HALF_BAR_BEATS * steps_per_beat) * 12 + row % PITCHES % 12
    durations = np.bincount(place, minlength=steps // (HALF_BAR_BEATS * steps_per_beat) * 12).reshape(-1, 12)
    triads = TRIADS[(durations @ TRIADS.T).argmax(1)]
    triads[durations.sum(1) == 0] = True
    return np.repeat(triads, HALF_BAR_BEATS, axis=0)[:beats]


def chord_tone_share(
    notes: Notes, drums: NDArray[np.bool_], harmony: Harmony, steps_per_beat: int, strong_beats: bool = False
) -> float:
    """The share of the time that pitched notes sound in which they are chord tones, or of what sounds as beats 1 and 3
    begin; NaN where nothing sounds."""
    row, step, _ = notes[~drums[notes.instrument]].cells(len(harmony) * steps_per_beat)
    if strong_beats:
        strong = step % (HALF_BAR_BEATS * steps_per_beat) == 0
        row, step = row[strong], step[strong]
    beat, tone = step // steps_per_beat, row % PITCHES % 12
    there = ~harmony[beat].all(1)
    return float(harmony[beat, tone][there].mean()) if there.any() else float("nan")


def chord_tone_share_of_rolls(rolls: NDArray[np.uint8], harmony: Harmony) -> NDArray[np.float64]:
    """(…,): the share of chord tones among the pitches of rolls (…, steps, 128) that sound as beats begin.

    0 where every beat is silent.
    """
    steps_per_beat = rolls.shape[-2] // len(harmony)
    sounding = rolls[..., ::steps_per_beat, :] > 0
    tones = harmony[:, np.arange(PITCHES) % 12]
    count = sounding.sum((-2, -1))
    return np.asarray((sounding & tones).sum((-2, -1)) / np.maximum(count, 1), np.float64)


def are_chord_tones(notes: Notes, starts: NDArray[np.float64], tones: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(notes,): whether each is a tone of the chord that sounds in its middle: a note may begin a little before it.

    starts: (chords,) the steps at which chords begin; tones: (chords, 12).
    """
    middle = notes.start + notes.length / 2
    chord = np.searchsorted(starts, middle, side="right")
    padded = np.concatenate([np.zeros((1, 12), np.bool_), tones])
    return np.asarray(padded[chord, notes.pitch % 12])


def snap_to_chords(
    notes: Notes, drums: NDArray[np.bool_], harmony: Harmony, steps_per_beat: int, strong: int = HALF_BAR_BEATS
) -> Notes:
    """The notes, those pitched ones that sound as a strong beat begins moved to the nearest chord tone; one that is
    held ends at the later of these beats that has another chord. strong: beats from one strong beat to the next."""
    half = strong * steps_per_beat
    beat = np.minimum(-(-notes.start // half) * strong, len(harmony) - 1)  # the first strong beat from the start on
    sounds_there = (-(-notes.start // half) * half < notes.end) & ~drums[notes.instrument]
    moves = np.arange(-6, 7)
    moves = moves[np.argsort(np.abs(moves), kind="stable")]
    wanted = notes.pitch[:, None].astype(np.int64) + moves
    possible = harmony[beat][np.arange(len(notes))[:, None], wanted % 12] & (wanted >= 0) & (wanted < PITCHES)
    pitch = np.where(sounds_there, wanted[np.arange(len(notes)), possible.argmax(1)], notes.pitch)
    first, end = -(-notes.start // half) * half, notes.end
    for later in range(half, int(notes.length.max(initial=0)) + half, half):
        beat = np.minimum((first + later) // steps_per_beat, len(harmony) - 1)
        wrong = sounds_there & (first + later < end) & ~harmony[beat, pitch % 12]
        end = np.where(wrong, first + later, end)
    return Notes.tidy(notes.instrument, pitch, notes.start, end - notes.start, notes.velocity)
