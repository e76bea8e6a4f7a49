"""The rules of five genres as data: tempi, keys, forms, chord changes and the styles of each instrument."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Genre:
    """`modes`: the probability of each mode. `changes`: for each mode and kind of section, progressions to draw from;
    a kind that is missing has those of the verse. `drums` to `piano`: the styles to draw from."""

    swing: bool
    tempo: tuple[int, int]
    keys: tuple[int, ...]
    modes: Mapping[str, float]
    scales: Mapping[str, str]
    forms: tuple[tuple[str, ...], ...]
    changes: Mapping[str, Mapping[str, tuple[str, ...]]]
    drums: tuple[str, ...]
    bass: tuple[str, ...]
    guitar: tuple[str, ...]
    strings: tuple[str, ...]
    piano: tuple[str, ...]
    may_be_absent: tuple[str, ...]


C, D_FLAT, D, E_FLAT, E, F, G, A_FLAT, A, B_FLAT, B = 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11

BLUES = Genre(
    swing=True,
    tempo=(72, 126),
    keys=(E, A, G, C, B_FLAT, F),
    modes={"major": 0.75, "minor": 0.25},
    scales={"major": "major blues", "minor": "minor blues"},
    forms=(
        ("intro", "verse", "verse", "solo", "verse", "ending"),
        ("intro", "verse", "solo", "verse", "ending"),
        ("intro", "verse", "verse", "bridge", "verse", "ending"),
    ),
    changes={
        "major": {
            "intro": ("V7 | IV7 | I7 | V7", "I7 | IV7 | I7 | V7"),
            "verse": (
                "I7 | I7 | I7 | I7 | IV7 | IV7 | I7 | I7 | V7 | IV7 | I7 | V7",
                "I7 | IV7 | I7 | I7 | IV7 | IV7 | I7 | I7 | V7 | IV7 | I7 IV7 | I7 V7",
                "I7 | IV7 | I7 | I7 | IV7 | #IVdim7 | I7 | VI7 | IIm7 | V7 | I7 VI7 | IIm7 V7",
            ),
            "bridge": ("IV7 | IV7 | I7 | I7 | II7 | II7 | V7 | V7",),
            "ending": ("I7 | IV7 | I7 V7 | I7",),
        },
        "minor": {
            "intro": ("Im7 | IVm7 | bVI7 | V7",),
            "verse": (
                "Im7 | Im7 | Im7 | Im7 | IVm7 | IVm7 | Im7 | Im7 | bVI7 | V7 | Im7 | V7",
                "Im7 | IVm7 | Im7 | Im7 | IVm7 | IVm7 | Im7 | Im7 | IIm7b5 | V7 | Im7 IVm7 | Im7 V7",
            ),
            "bridge": ("IVm7 | IVm7 | Im7 | Im7 | IVm7 | IVm7 | bVI7 | V7",),
            "ending": ("Im7 | IVm7 | Im7 V7 | Im7",),
        },
    },
    drums=("shuffle", "twelve-eight", "backbeat shuffle"),
    bass=("boogie", "walking", "shuffle roots"),
    guitar=("boogie", "chops", "riff"),
    strings=("guide tones", "answers"),
    piano=("blues",),
    may_be_absent=("strings", "guitar"),
)

ROCK = Genre(
    swing=False,
    tempo=(104, 152),
    keys=(E, A, D, G, C, B),
    modes={"major": 0.6, "minor": 0.4},
    scales={"major": "major", "minor": "minor"},
    forms=(
        ("intro", "verse", "chorus", "verse", "chorus", "bridge", "chorus", "ending"),
        ("intro", "verse", "chorus", "verse", "chorus", "ending"),
        ("intro", "verse", "verse", "chorus", "verse", "chorus", "solo", "ending"),
    ),
    changes={
        "major": {
            "intro": ("I | IV | I | V", "I | bVII | IV | I"),
            "verse": (
                "I | I | IV | IV | I | I | V | V",
                "I | bVII | IV | I | I | bVII | IV | V",
                "I | V | VIm | IV | I | V | IV | IV",
            ),
            "chorus": (
                "I | V | VIm | IV | I | V | IV | V",
                "IV | V | I | VIm | IV | V | I | I",
                "I | IV | V | IV | I | IV | V | V",
            ),
            "bridge": ("VIm | IV | I | V | VIm | IV | IIm | V", "IV | I | IV | I | IIm | VIm | IV | V"),
            "ending": ("IV | V | IV V | I",),
        },
        "minor": {
            "intro": ("Im | bVII | bVI | bVII",),
            "verse": ("Im | Im | bVI | bVII | Im | Im | bVI | bVII", "Im | bVII | bVI | bVI | Im | bVII | bVI | V"),
            "chorus": (
                "bVI | bVII | Im | Im | bVI | bVII | Im | bIII",
                "bIII | bVII | Im | bVI | bIII | bVII | bVI | bVII",
            ),
            "bridge": ("IVm | Im | IVm | Im | bVI | bIII | bVII | V",),
            "ending": ("bVI | bVII | bVI bVII | Im",),
        },
    },
    drums=("rock", "driving rock", "half-time rock"),
    bass=("driving", "pumping octaves", "locked to kick"),
    guitar=("power", "riff", "picking"),
    strings=("pad", "high line"),
    piano=("rock",),
    may_be_absent=("strings", "piano"),
)

JAZZ = Genre(
    swing=True,
    tempo=(112, 190),
    keys=(F, B_FLAT, E_FLAT, C, G, A_FLAT, D_FLAT),
    modes={"major": 0.65, "minor": 0.35},
    scales={"major": "major", "minor": "minor"},
    forms=(
        ("intro", "verse", "verse", "bridge", "verse", "solo", "verse", "ending"),
        ("intro", "verse", "verse", "bridge", "verse", "ending"),
        ("intro", "verse", "bridge", "solo", "solo", "bridge", "verse", "ending"),
    ),
    changes={
        "major": {
            "intro": ("Imaj7 VI7 | IIm7 V7 | IIIm7 VI7 | IIm7 V7",),
            "verse": (
                "Imaj7 VIm7 | IIm7 V7 | IIIm7 VI7 | IIm7 V7 | I7 | IV6 | IIm7 V7 | Imaj7 V7",
                "IIm7 | V7 | Imaj7 | VI7 | IIm7 | V7 | Imaj7 | IIm7 V7",
                "Imaj7 | Imaj7 | IIm7 | V7 | IIIm7 | VI7 | IIm7 | V7",
            ),
            "bridge": (
                "III7 | III7 | VI7 | VI7 | II7 | II7 | V7 | V7",
                "IVmaj7 | bVII7 | Imaj7 | Imaj7 | VIm7 | II7 | IIm7 | V7",
            ),
            "ending": ("IIm7 | V7 | IIm7 V7 | I6",),
        },
        "minor": {
            "intro": ("Im7 | IVm7 | IIm7b5 | V7",),
            "verse": (
                "IVm7 | bVII7 | bIIImaj7 | bVImaj7 | IIm7b5 | V7 | Im7 | V7",
                "Im7 | IVm7 | Im7 | Im7 | IIm7b5 | V7 | Im7 | IIm7b5 V7",
            ),
            "bridge": (
                "IVm7 | bVII7 | bIIImaj7 | bIIImaj7 | IIm7b5 | V7 | Im7 | V7",
                "bVImaj7 | bVImaj7 | Im7 | Im7 | IVm7 | bVII7 | IIm7b5 | V7",
            ),
            "ending": ("IIm7b5 | V7 | IIm7b5 V7 | Im7",),
        },
    },
    drums=("swing", "swing with rim"),
    bass=("walking", "two feel"),
    guitar=("four to the bar", "charleston"),
    strings=("pad", "guide tones"),
    piano=("jazz",),
    may_be_absent=("guitar", "strings", "drums"),
)

COUNTRY = Genre(
    swing=False,
    tempo=(88, 138),
    keys=(G, D, A, C, E),
    modes={"major": 1.0},
    scales={"major": "major"},
    forms=(
        ("intro", "verse", "chorus", "verse", "chorus", "solo", "chorus", "ending"),
        ("intro", "verse", "verse", "chorus", "verse", "chorus", "ending"),
        ("intro", "verse", "chorus", "bridge", "chorus", "ending"),
    ),
    changes={
        "major": {
            "intro": ("I | IV | V7 | I", "I | I | V7 | I"),
            "verse": (
                "I | I | IV | I | I | I | V7 | V7",
                "I | IV | I | V7 | I | IV | V7 | I",
                "I | VIm | IV | V7 | I | VIm | IV V7 | I",
            ),
            "chorus": (
                "IV | IV | I | I | V7 | V7 | I | I",
                "IV | I | V7 | I | IV | I | V7 | I",
                "I | V7 | VIm | IV | I | V7 | I | I",
            ),
            "bridge": ("VIm | IV | I | V7 | VIm | IV | II7 | V7",),
            "ending": ("IV | I | V7 | I",),
        }
    },
    drums=("train", "two-step"),
    bass=("root and fifth",),
    guitar=("boom-chick", "picking"),
    strings=("pad", "high line"),
    piano=("country",),
    may_be_absent=("drums", "strings"),
)

SOUL = Genre(
    swing=False,
    tempo=(84, 118),
    keys=(E_FLAT, F, B_FLAT, C, A_FLAT, D),
    modes={"major": 0.5, "minor": 0.5},
    scales={"major": "mixolydian", "minor": "dorian"},
    forms=(
        ("intro", "verse", "chorus", "verse", "chorus", "bridge", "chorus", "ending"),
        ("intro", "verse", "verse", "chorus", "solo", "chorus", "ending"),
        ("intro", "verse", "chorus", "verse", "chorus", "ending"),
    ),
    changes={
        "major": {
            "intro": ("I7 | IV7 | I7 | IV7",),
            "verse": ("I7 | I7 | IV7 | IV7 | I7 | I7 | IV7 | V7", "I7 | IIm7 | I7 | IIm7 | I7 | IIm7 | IV6 | V7"),
            "chorus": ("IV6 | IV6 | I7 | I7 | IV6 | IV6 | IIm7 | V7", "I7 | VIm7 | IIm7 | V7 | I7 | VIm7 | IIm7 | V7"),
            "bridge": ("VIm7 | VIm7 | IIm7 | IIm7 | VIm7 | II7 | IV6 | V7",),
            "ending": ("IV6 | V7 | IV6 V7 | I6",),
        },
        "minor": {
            "intro": ("Im7 | IV7 | Im7 | IV7",),
            "verse": ("Im7 | IV7 | Im7 | IV7", "Im7 | Im7 | bVII6 | IV7"),
            "chorus": (
                "bIIImaj7 | IV7 | Im7 | Im7 | bIIImaj7 | IV7 | Vm7 | Vm7",
                "IVm7 | bVII7 | Im7 | Im7 | IVm7 | bVII7 | bIIImaj7 | V7",
            ),
            "bridge": ("IVm7 | IVm7 | Im7 | Im7 | IVm7 | IVm7 | Vm7 | Vm7",),
            "ending": ("IVm7 | Vm7 | IVm7 Vm7 | Im7",),
        },
    },
    drums=("funk", "four on the snare"),
    bass=("syncopated riff", "pushed roots"),
    guitar=("skank", "chops"),
    strings=("stabs", "pad", "high line"),
    piano=("soul",),
    may_be_absent=("strings", "guitar"),
)

GENRES: Mapping[str, Genre] = {"blues": BLUES, "rock": ROCK, "jazz": JAZZ, "country": COUNTRY, "soul": SOUL}
