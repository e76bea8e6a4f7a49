"""Writes the drum part from grooves and fills in text form, one character per grid cell, in General MIDI percussion."""

from collections.abc import Mapping
from random import Random

from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR
from pianoroll_vae.sources.sample_corpus.form import Measure, Plan
from pianoroll_vae.sources.sample_corpus.score import Part, level

KICK, RIM, SNARE, CLOSED, PEDAL, OPEN, CRASH, RIDE, TAMBOURINE = 36, 37, 38, 42, 44, 46, 49, 51, 54
FLOOR_TOM, LOW_TOM, MID_TOM, HIGH_TOM = 41, 45, 47, 50
ACCENTS = {"X": 1.0, "x": 0.76, "o": 0.45}

DrumPattern = Mapping[int, str]
"""A bar: for each drum a line of 16 sixteenths or 12 triplet eighths; X accented, x plain, o ghosted, . silent."""

# style → intensity → a bar, and the bar that replaces every fourth one
GROOVES: Mapping[str, Mapping[str, tuple[DrumPattern, DrumPattern]]] = {
    "rock": {
        "soft": (
            {CLOSED: "X.x.X.x.X.x.X.x.", SNARE: "....X.......X...", KICK: "X.......x.x....."},
            {CLOSED: "X.x.X.x.X.x.X.x.", SNARE: "....X.......X..o", KICK: "X.......x.x...x."},
        ),
        "loud": (
            {RIDE: "X.x.X.x.X.x.X.x.", SNARE: "....X.......X...", KICK: "X..x..x.X.x....."},
            {RIDE: "X.x.X.x.X.x.X.x.", SNARE: "....X.......X.x.", KICK: "X..x..x.X.x...x."},
        ),
    },
    "driving rock": {
        "soft": (
            {CLOSED: "X.x.x.x.X.x.x.x.", SNARE: "....X.......X...", KICK: "X.x.....X.x....."},
            {CLOSED: "X.x.x.x.X.x.x...", SNARE: "....X.......X...", KICK: "X.x.....X.x.....", OPEN: "..............x."},
        ),
        "loud": (
            {OPEN: "X...X...X...X...", SNARE: "....X.......X...", KICK: "X.x...x.X.x...x."},
            {OPEN: "X...X...X...X...", SNARE: "....X..o..x.X...", KICK: "X.x...x.X.....x."},
        ),
    },
    "half-time rock": {
        "soft": (
            {FLOOR_TOM: "X.x.x.x.X.x.x.x.", SNARE: "........X.......", KICK: "X.....x........."},
            {FLOOR_TOM: "X.x.x.x.X.x.x.X.", SNARE: "........X.......", KICK: "X.....x.....x..."},
        ),
        "loud": (
            {OPEN: "X...X...X...X...", SNARE: "....X.......X...", KICK: "X.....x.X.x....."},
            {OPEN: "X...X...X...X...", SNARE: "....X.......X.xx", KICK: "X.....x.X.x....."},
        ),
    },
    "shuffle": {
        "soft": (
            {CLOSED: "X.xx.xX.xx.x", SNARE: "...X.....X..", KICK: "X.....X....."},
            {CLOSED: "X.xx.xX.xx.x", SNARE: "...X.....X.o", KICK: "X.....X.x..."},
        ),
        "loud": (
            {RIDE: "X.xx.xX.xx.x", SNARE: "...X.o...X.o", KICK: "X....xX....."},
            {RIDE: "X.xx.xX.xx.x", SNARE: "...X.o...X.x", KICK: "X....xX.x..."},
        ),
    },
    "twelve-eight": {
        "soft": (
            {CLOSED: "XxxXxxXxxXxx", RIM: "...X.....X..", KICK: "X....xX....."},
            {CLOSED: "XxxXxxXxxXxx", RIM: "...X.....X..", KICK: "X....xX....x"},
        ),
        "loud": (
            {RIDE: "XxxXxxXxxXxx", SNARE: "...X.....X..", KICK: "X....xX....x"},
            {RIDE: "XxxXxxXxxXxx", SNARE: "...X.....Xox", KICK: "X....xX....."},
        ),
    },
    "backbeat shuffle": {
        "soft": (
            {CLOSED: "X.xX.xX.xX.x", SNARE: "o.oX.oo.oX.o", KICK: "X..X..X..X.."},
            {CLOSED: "X.xX.xX.xX..", SNARE: "o.oX.oo.oX.o", KICK: "X..X..X..X..", OPEN: "...........x"},
        ),
        "loud": (
            {RIDE: "X.xX.xX.xX.x", SNARE: "x.xX.xx.xX.x", KICK: "X..X..X..X.."},
            {RIDE: "X.xX.xX.xX.x", SNARE: "x.xX.xx.xXxx", KICK: "X..X..X..X.."},
        ),
    },
    "swing": {
        "soft": (
            {RIDE: "X..x.xX..x.x", PEDAL: "...x.....x..", KICK: "o.....o....."},
            {RIDE: "X..x.xX..x.x", PEDAL: "...x.....x..", KICK: "o.....o....o", SNARE: ".....o......"},
        ),
        "loud": (
            {RIDE: "X..X.xX..X.x", PEDAL: "...X.....X..", KICK: "o..o..o..o..", SNARE: "........o..."},
            {RIDE: "X..X.xX..X.x", PEDAL: "...X.....X..", KICK: "o..o..o....x", SNARE: "..o..x..o..."},
        ),
    },
    "swing with rim": {
        "soft": (
            {RIDE: "X..x.xX..x.x", PEDAL: "...x.....x..", RIM: ".........x..", KICK: "o..........."},
            {RIDE: "X..x.xX..x.x", PEDAL: "...x.....x..", RIM: ".........x..", KICK: "o.......o..."},
        ),
        "loud": (
            {RIDE: "X..X.xX..X.x", PEDAL: "...X.....X..", RIM: ".........X..", KICK: "x.....o....."},
            {RIDE: "X.xX.xX..X.x", PEDAL: "...X.....X..", SNARE: ".....o..x..o", KICK: "x.....o....."},
        ),
    },
    "train": {
        "soft": (
            {SNARE: "o.X.o.X.o.X.o.X.", KICK: "X...x...X...x...", CLOSED: "..x...x...x...x."},
            {SNARE: "o.X.o.X.o.X.ooX.", KICK: "X...x...X...x...", CLOSED: "..x...x...x...x."},
        ),
        "loud": (
            {SNARE: "ooXoooXoooXoooXo", KICK: "X...x...X...x...", TAMBOURINE: "....X.......X..."},
            {SNARE: "ooXoooXoooXooxXx", KICK: "X...x...X...x...", TAMBOURINE: "....X.......X..."},
        ),
    },
    "two-step": {
        "soft": (
            {CLOSED: "x...X...x...X...", RIM: "....X.......X...", KICK: "X.......X......."},
            {CLOSED: "x...X...x...X.x.", RIM: "....X.......X...", KICK: "X.......X.x....."},
        ),
        "loud": (
            {RIDE: "X.x.X.x.X.x.X.x.", SNARE: "....X.......X...", KICK: "X.......X......."},
            {RIDE: "X.x.X.x.X.x.X.x.", SNARE: "....X.......X.o.", KICK: "X.......X.x....."},
        ),
    },
    "funk": {
        "soft": (
            {CLOSED: "XxxxXxxxXxxxXxxx", SNARE: "....X..o.o..X...", KICK: "X.x.......x....."},
            {CLOSED: "XxxxXxxxXxxxXx..", SNARE: "....X..o.o..X..o", KICK: "X.x.......x..x..", OPEN: "..............x."},
        ),
        "loud": (
            {CLOSED: "X.xxX.xxX.xxX.xx", SNARE: "....X..o.o..X..o", KICK: "X.x...x...xx....", RIDE: "....x.......x..."},
            {CLOSED: "X.xxX.xxX.xxX...", SNARE: "....X..o.o.oX..x", KICK: "X.x...x...x.....", OPEN: "..............X."},
        ),
    },
    "four on the snare": {
        "soft": (
            {CLOSED: "x.x.x.x.x.x.x.x.", SNARE: "x...X...x...X...", KICK: "X..x..x.X..x...."},
            {CLOSED: "x.x.x.x.x.x.x.x.", SNARE: "x...X...x...X.o.", KICK: "X..x..x.X......."},
        ),
        "loud": (
            {TAMBOURINE: "x.X.x.X.x.X.x.X.", SNARE: "X...X...X...X...", KICK: "X..x..x.X..x..x."},
            {TAMBOURINE: "x.X.x.X.x.X.x.X.", SNARE: "X...X...X...X.xx", KICK: "X..x..x.X......."},
        ),
    },
}

# the second half of a bar, in eight sixteenths or six triplet eighths
STRAIGHT_FILLS: tuple[DrumPattern, ...] = (
    {SNARE: "Xxxx....", HIGH_TOM: "....Xx..", LOW_TOM: "......Xx", KICK: "X...x..."},
    {SNARE: "X.xx..Xx", HIGH_TOM: "....X...", FLOOR_TOM: ".....x..", KICK: "X..x...."},
    {HIGH_TOM: "X.x.....", MID_TOM: "....X...", FLOOR_TOM: "......Xx", KICK: "X...X..."},
    {SNARE: "..xxXxXX", KICK: "X......."},
)
TRIPLET_FILLS: tuple[DrumPattern, ...] = (
    {SNARE: "Xxx...", HIGH_TOM: "...Xx.", FLOOR_TOM: ".....X", KICK: "X....."},
    {SNARE: "X.x..X", MID_TOM: "...X..", LOW_TOM: "....x.", KICK: "X..x.."},
    {SNARE: "oxXxXX", KICK: "X.....", PEDAL: "...x.."},
    {HIGH_TOM: "X.x...", LOW_TOM: "...X.x", KICK: "X..X.."},
)


def play(plan: Plan, part: Part) -> None:
    """A groove per section, a variation every fourth bar, a fill at the end of a section and a crash after it."""
    style = plan.rng("drums", "style").choice(plan.genre.drums)
    for measure in plan.measures():
        section = measure.section
        rng = plan.rng("drums", section.kind, section.repeat, measure.index)
        intensity = "loud" if section.energy >= 0.8 else "soft"
        usual, turn = GROOVES[style][intensity]
        loudness = level(section.energy)
        groove = turn if measure.index % 4 == 3 or (section.repeat > 0 and rng.random() < 0.15) else usual
        if measure.closes_section:
            _play_bar(part, measure, groove, loudness, 0, FINE_STEPS_PER_BAR // 2)
            fills = TRIPLET_FILLS if plan.genre.swing else STRAIGHT_FILLS
            # repeats of a section end in the same fill, except late ones
            fill = plan.rng("drums", section.kind, "fill", max(0, section.repeat - 1)).choice(fills)
            _play_bar(part, measure, fill, loudness, FINE_STEPS_PER_BAR // 2, FINE_STEPS_PER_BAR // 2)
        else:
            _play_bar(part, measure, groove, loudness, 0, FINE_STEPS_PER_BAR)
            _ghost(part, measure, groove, rng)
        if measure.index == 0 and measure.number > 0:
            part.add(measure.start, 2, CRASH, loudness)


def _play_bar(part: Part, measure: Measure, groove: DrumPattern, loudness: float, offset: int, length: int) -> None:
    """Add the strokes in the first `length` steps; the length of the text gives its grid."""
    for drum, line in groove.items():
        cells_per_bar = 12 if len(line) in (6, 12) else 16
        cell_steps = FINE_STEPS_PER_BAR // cells_per_bar
        for cell, stroke in enumerate(line):
            if stroke in ACCENTS and cell * cell_steps < length:
                part.add(measure.start + offset + cell * cell_steps, 2, drum, ACCENTS[stroke] * loudness)


def _ghost(part: Part, measure: Measure, groove: DrumPattern, rng: Random) -> None:
    """In some bars, add one ghost note on the snare where it rests."""
    line = groove.get(SNARE)
    if line is None or rng.random() > 0.25:
        return
    cell = rng.randrange(len(line))
    if line[cell] == ".":
        part.add(measure.start + cell * FINE_STEPS_PER_BAR // len(line), 2, SNARE, 0.32)
