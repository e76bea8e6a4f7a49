"""Keys and scales: how well notes fit each key, and moves notes outside of a key to its nearest tones."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.music.notes import PITCHES, Notes

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_NATURALS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
_ACCIDENTALS = {"#": 1, "♯": 1, "b": -1, "♭": -1}
_KEY = re.compile(r"\s*([A-Ga-g])([#♯b♭]*)\s*(.*?)\s*")
_KEY_LINE = re.compile(r"\{key: ([^{}]*)\}")

# How much of a song each degree of its key fills: tonic and fifth most, leading notes least.
_PROFILES = np.array(
    [
        [5.0, 0.6, 2.6, 0.7, 3.4, 2.6, 0.7, 4.2, 0.7, 2.5, 0.9, 1.8],
        [5.0, 0.7, 2.5, 3.4, 0.8, 2.7, 0.7, 4.2, 2.1, 1.0, 2.2, 1.3],
    ]
)
_BOTH = [np.stack([np.roll(profile, root) for root in range(12)]) for profile in _PROFILES]
_EVERY_KEY = np.concatenate(_BOTH)  # (24, 12): twelve major, then twelve minor
_EVERY_KEY = _EVERY_KEY - _EVERY_KEY.mean(1, keepdims=True)
_EVERY_KEY /= np.linalg.norm(_EVERY_KEY, axis=1, keepdims=True)


@dataclass(frozen=True)
class Key:
    """A tonic (0 is C) and the name of a scale on it."""

    root: int
    scale: str = "major"

    def __str__(self) -> str:
        return f"{NAMES[self.root]} {self.scale}"

    @property
    def is_minor(self) -> bool:
        """Whether the scale has no major third."""
        return not self.tones[(self.root + 4) % 12]

    @property
    def index(self) -> int:
        """The entry of `key_fits` for the major or minor key on this tonic."""
        return self.root + 12 * self.is_minor

    @property
    def relative(self) -> Key:
        """The key of the other mode with the same key signature: A minor and C major are each other's."""
        return Key((self.root + 3) % 12) if self.is_minor else Key((self.root + 9) % 12, "minor")

    @property
    def full_scale(self) -> Key:
        """The key, with a major or minor scale where its own has fewer than seven tones."""
        return self if self.tones.sum() >= 7 else Key(self.root, "minor" if self.is_minor else "major")

    def transposed(self, semitones: int) -> Key:
        return Key((self.root + semitones) % 12, self.scale)

    @property
    def tones(self) -> NDArray[np.bool_]:
        """(12,): True for the pitch classes of the scale, C first."""
        tones = np.zeros(12, np.bool_)
        tones[[(self.root + step) % 12 for step in SCALES[self.scale]]] = True
        return tones


def pitch_class(letter: str, accidentals: str) -> int:
    """The pitch class of a note's name: F and # are 6."""
    return (_NATURALS[letter.upper()] + sum(_ACCIDENTALS[sign] for sign in accidentals)) % 12


def parse_key(text: str) -> Key:
    """'A minor', 'Am', 'F# dorian', 'Bb'."""
    found = _KEY.fullmatch(text)
    if not found:
        raise SettingInvalid(f"There is no key '{text}'.", 'Write, for example, "A minor", "F#" or "Bb dorian".')
    letter, accidentals, scale = found.groups()
    return Key(pitch_class(letter, accidentals), parse_scale({"": "major", "m": "minor"}.get(scale, scale)))


def key_text(key: Key) -> str:
    """'{key: D dorian}', the line of a chart file that names a key."""
    return f"{{key: {key}}}"


def key_of_text(text: str) -> Key | None:
    """The key of such a line; None where it is another line, or names no key."""
    found = _KEY_LINE.fullmatch(text)
    try:
        return parse_key(found[1]) if found else None
    except SettingInvalid:
        return None


def parse_scale(name: str) -> str:
    """The name of a scale, as in `SCALES`."""
    known = name.lower().removesuffix(" scale").replace("_", " ").replace("-", " ")
    if known not in SCALES:
        raise SettingInvalid(f"There is no scale '{name}'.", suggest(known, SCALES))
    return known


def key_of_notes(notes: Notes, drums: NDArray[np.bool_]) -> Key | None:
    """The major or minor key that the pitched notes fit best by their lengths alone; None where there are none."""
    durations = pitch_class_durations(notes, drums)
    return key_at(int(key_fits(durations).argmax())) if durations.any() else None


def key_at(index: int) -> Key:
    """The key of an entry of `key_fits`."""
    return Key(index % 12, "major" if index < 12 else "minor")


def pitch_class_durations(notes: Notes, drums: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(12,): how long the pitched notes of each pitch class sound, C first."""
    pitched = notes[~drums[notes.instrument]]
    return np.bincount(pitched.pitch % 12, weights=pitched.length, minlength=12).astype(np.float64)


def key_fits(durations: NDArray[np.float64]) -> NDArray[np.float64]:
    """(24,): how well the twelve major and the twelve minor keys fit how long each pitch class sounds (12,)."""
    return np.asarray(_EVERY_KEY @ (durations - durations.mean()))


def semitones_to_c(durations: NDArray[np.float64]) -> int:
    """The transposition, -6 to 5, that brings music to C major or A minor; durations: as of `key_fits`."""
    best = int(key_fits(durations).argmax())
    tonic = 0 if best < 12 else 9
    return (tonic - best % 12 + 6) % 12 - 6


def nearest_octave(semitones: NDArray[np.int64] | int, near: NDArray[np.int64] | int = 0) -> NDArray[np.int64]:
    """Transpositions moved by octaves, so that they are at most 6 semitones away from `near`."""
    return np.asarray(semitones + 12 * np.rint((near - np.asarray(semitones)) / 12), np.int64)


def transpose_pitches(pitches: NDArray[np.int64], semitones: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Pitches moved by so many semitones; at the ends of the keyboard, an octave back."""
    moved = np.asarray(pitches, np.int64) + semitones
    return np.asarray(moved + 12 * ((moved < 0).astype(np.int64) - (moved >= PITCHES)), np.int64)


def named_key(key: str | None) -> Key | None:
    """The key that an option names; None for "auto" and "none"."""
    return None if key in (None, "auto", "none") else parse_key(str(key))


def semitones_between(own: Key, key: Key) -> int:
    """The transposition, -5 to 6, that brings music in its own key to a key of the same mode, or to the relative of one
    of the other: music in A minor stays where it is in C major."""
    return (key.root - own.root - 3 * (own.is_minor - key.is_minor) + 5) % 12 - 5


def snap_to_key(
    notes: Notes, drums: NDArray[np.bool_], key: Key, drop: bool = False, stays: NDArray[np.bool_] | None = None
) -> Notes:
    """The notes with none outside of the key: moved to the nearest tone of the scale, or dropped. Drums stay.

    `drums` (instruments,); `stays` (notes,): other notes that stay, by default none. Of two tones equally near, the
    lower one is taken.
    """
    home = key.tones[np.arange(PITCHES) % 12]
    stays = drums[notes.instrument] if stays is None else stays | drums[notes.instrument]
    if drop:
        return notes[home[notes.pitch] | stays]
    inside = np.flatnonzero(home)
    nearest_home = inside[np.abs(inside - np.arange(PITCHES)[:, None]).argmin(1)]
    moved = np.where(stays, notes.pitch, nearest_home[notes.pitch])
    return Notes.tidy(notes.instrument, moved, notes.start, notes.length, notes.velocity)


def in_key_share(notes: Notes, drums: NDArray[np.bool_], key: Key) -> float:
    """The share of the time that pitched notes sound in which they are tones of the key; NaN where there are none."""
    pitched = notes[~drums[notes.instrument]]
    return float(np.average(key.tones[pitched.pitch % 12], weights=pitched.length)) if len(pitched) else float("nan")
