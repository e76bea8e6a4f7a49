"""The chord vocabulary of charts: a root with one of six qualities, or no chord, as one integer label.

Six qualities explain as many of a song's notes as a larger vocabulary does, and a model learns them from few songs.
Other symbols are read and simplified: the caller gets a sentence about it.
"""

import re

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.key import NAMES, Key, key_fits, pitch_class

QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "5": (0, 7),
    "sus4": (0, 5, 7),
}
"""Suffix of the symbol to semitones above the root."""

QUALITY_NAMES = tuple(QUALITIES)
CHORDS = 12 * len(QUALITIES)
NO_CHORD = CHORDS
"""The label of a half bar without a chord; labels below it are root · 6 + quality."""

NO_CHORD_SYMBOL = "N.C."

Labels = NDArray[np.int64]
"""(…,) chord labels, 0 to NO_CHORD."""

SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_SYMBOL = re.compile(r"([A-G])([#♯b♭]?)(.*?)(?:/([A-G][#♯b♭]?))?")
_QUALITY = re.compile(r"(?:maj|min|dim|aug|sus|add|omit|no|alt|m|M|Δ|ø|°|o|\+|-|#|b|♯|♭|\(|\)|,|6/9|\d)*")
MAX_NEAR_LENGTH = 12
"""Characters of a wrong chord symbol that are searched for a valid one."""

_NO_CHORD_SYMBOLS = frozenset({"N.C.", "NC", "N.C", "-", "."})


def _chord_tones() -> NDArray[np.bool_]:
    tones = np.zeros((CHORDS + 1, 12), np.bool_)
    for quality, steps in enumerate(QUALITIES.values()):
        for root in range(12):
            tones[root * len(QUALITIES) + quality, [(root + step) % 12 for step in steps]] = True
    return tones


CHORD_TONES = _chord_tones()
"""(CHORDS + 1, 12): True for the pitch classes of each label, C first; no chord has none."""


def roots(labels: Labels) -> Labels:
    """(…,) the pitch class of each label's root; -1 where there is no chord."""
    return np.where(labels == NO_CHORD, -1, labels // len(QUALITIES))


def chord_key_fits(labels: Labels) -> NDArray[np.float64]:
    """(24,): how well each key of `key_fits` fits the mean of the chords, of their tones and once more of their roots;
    zeros without chords."""
    chords = labels[labels != NO_CHORD]
    tones = CHORD_TONES[chords].sum(0) + np.bincount(roots(chords), minlength=12)
    return key_fits(tones / max(tones.sum(), 1))


def tonic_chord(key: Key) -> int:
    """The label of the triad on a key's tonic."""
    return key.root * len(QUALITY_NAMES) + QUALITY_NAMES.index("m" if key.is_minor else "")


def transpose_labels(labels: Labels, semitones: int) -> Labels:
    """(…,) the labels moved up by semitones; no chord stays no chord."""
    moved = (labels + semitones * len(QUALITIES)) % CHORDS
    return np.where(labels == NO_CHORD, NO_CHORD, moved)


def chord_symbol(label: int, flats: bool = False) -> str:
    """'Am7', 'F#', 'Bb5' or 'N.C.'; `flats`: spell black keys as flats."""
    if label == NO_CHORD:
        return NO_CHORD_SYMBOL
    root, quality = divmod(int(label), len(QUALITIES))
    return (FLATS if flats else SHARPS)[root] + QUALITY_NAMES[quality]


def spells_flats(key: Key) -> bool:
    """Whether black keys are written as flats: in keys named with a flat, in F major, and in the minor keys on D, G, C
    and F."""
    return "b" in NAMES[key.root] or key.root in ((2, 7, 0, 5) if key.is_minor else (5,))


def key_signature(key: Key) -> tuple[int, bool] | None:
    """(sharps, minor) of a major or minor key, flats as negative sharps; None for other scales."""
    if key.scale not in ("major", "minor"):
        return None
    minor = key.scale == "minor"
    sharps = (key.root + 3 * minor) * 7 % 12
    return sharps - 12 * (sharps > 0 and spells_flats(key)), minor


def key_of_signature(payload: bytes) -> Key | None:
    """The key of a MIDI key signature (sharps, minor), the inverse of `key_signature`; None where it is damaged."""
    if len(payload) != 2 or payload[1] > 1:
        return None
    sharps, minor = int.from_bytes(payload[:1], signed=True), payload[1] == 1
    return Key((7 * sharps - 3 * minor) % 12, "minor" if minor else "major") if abs(sharps) <= 7 else None


def parse_chord_label(symbol: str) -> tuple[int, str | None]:
    """The label of a chord symbol, and a notice where it is simplified ('Cmaj7 is read as C'), else None."""
    if symbol in _NO_CHORD_SYMBOLS:
        return NO_CHORD, None
    found = _SYMBOL.fullmatch(symbol)
    if not found or not _QUALITY.fullmatch(found[3]):
        near = _near_symbol(symbol)
        raise SettingInvalid(
            f"There is no chord '{symbol}'.",
            (f"Did you mean '{near}'? " if near else "")
            + "A chord is a root from A to G and a quality: C, Am, G7, F#m7, Bb5, Asus4; "
            + f"{NO_CHORD_SYMBOL} is none.",
        )
    quality = _simplified(found[3])
    label = pitch_class(found[1], found[2]) * len(QUALITIES) + QUALITY_NAMES.index(quality)
    read_as = found[1] + found[2] + quality
    return label, None if symbol == read_as else f"{symbol} is read as {read_as}"


def _near_symbol(symbol: str) -> str | None:
    """The chord symbol that was probably meant: in the usual case, with H as B, or without what follows it."""
    root, rest = symbol[:1].upper(), symbol[1:MAX_NEAR_LENGTH]
    root = "B" if root == "H" else root
    spellings = [rest, rest.lower(), *(rest[:length] for length in range(len(rest) - 1, -1, -1))]
    for spelling in spellings:
        found = _SYMBOL.fullmatch(root + spelling)
        if found and _QUALITY.fullmatch(found[3]):
            return root + spelling
    return None


def _simplified(quality: str) -> str:
    """The nearest of the six qualities: the third decides, then the fourth, then the minor seventh."""
    text = quality.replace("maj", "M").replace("min", "m").replace("-", "m").replace("Δ", "M7")
    text = re.sub(r"[(),]", "", text)
    minor = text.startswith(("m", "dim", "°", "o", "ø"))
    if "sus4" in text or text.endswith("sus"):
        return "sus4"
    if text == "5" or "sus2" in text:
        return "5"
    rest = text.removeprefix("m") if minor else text
    seventh = text.startswith("ø") or (re.match(r"(7|9|11|13|alt)", rest) is not None)
    return ("m" if minor else "") + ("7" if seventh else "")
