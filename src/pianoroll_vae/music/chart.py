"""Charts: what a musician reads of a song. Sections that return, a chord each half bar, meter, tempo and key.

A chart is read from any song and written as a text file that musicians can edit:

    {title: My song}
    {key: A minor}
    {tempo: 96}
    {time: 4/4}

    [Verse]
    | Am | F | C G | % |

    [Chorus]
    | F | G | Am | Am |

    [Verse]

A bar stands between `|`, with one chord or two, one for each half; `%` repeats the bar before, `N.C.` is no chord. A
section name that was used before returns to that section; it has the same chords where none are written below it. Lines
that begin with # are comments.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.music.chord_labels import Labels, chord_symbol, parse_chord_label, spells_flats, transpose_labels
from pianoroll_vae.music.key import Key, parse_key
from pianoroll_vae.music.meter import FOUR_FOUR, Meter, beats_of, half_beats_of
from pianoroll_vae.music.midi_score import read_file
from pianoroll_vae.music.song import DEFAULT_TEMPO, MAX_TEMPO, MIN_TEMPO

BARS_A_LINE = 4
MAX_BARS = 10_000
MAX_TEXT = 1 << 20
"""Characters of a chart file."""

_DIRECTIVE = re.compile(r"\{\s*(\w+)\s*:\s*(.*?)\s*\}")
_HEADING = re.compile(r"\[\s*([^\[\]|]+?)\s*\]")
_METER = re.compile(r"(\d{1,2})\s*/\s*(1|2|4|8|16)")


@dataclass(frozen=True)
class Section:
    """A named part of a song."""

    name: str
    bars: int
    returns_to: int | None = None
    """The index of the earlier section that this one repeats; None where its material is new."""


@dataclass(frozen=True, eq=False)
class Chart:
    """Sections in order, and the chords of all their bars."""

    sections: tuple[Section, ...]
    chords: Labels
    """(bars, 2): the label of each half bar; the first half of an odd meter is the longer one."""

    meter: Meter = FOUR_FOUR
    tempo: float = DEFAULT_TEMPO
    """Beats a minute."""

    key: Key | None = None
    title: str = ""

    @property
    def bars(self) -> int:
        return len(self.chords)

    @property
    def starts(self) -> NDArray[np.int64]:
        """(sections + 1,): the bar with which each section begins, and the end."""
        return np.concatenate([[0], np.cumsum([section.bars for section in self.sections])]).astype(np.int64)

    @property
    def half_beats(self) -> NDArray[np.float64]:
        """(2 · bars + 1,): the quarter note at which each half bar begins, and the end."""
        first = np.arange(self.bars) * beats_of(self.meter)
        halves = np.stack([first, first + half_beats_of(self.meter)], 1).ravel()
        return np.append(halves, self.bars * beats_of(self.meter))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Chart) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return write_chart(self)

    def transposed(self, semitones: int) -> "Chart":
        """The same chart, `semitones` higher."""
        key = self.key and self.key.transposed(semitones)
        return replace(self, chords=transpose_labels(self.chords, semitones), key=key)

    def between(self, first: int, last: int) -> "Chart":
        """Bars `first` to `last`, counted from 1 as musicians do."""
        parts = zip(self.sections, self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)
        kept = [(section.name, min(end, last) - max(begin, first - 1)) for section, begin, end in parts]
        kept = [(name, bars) for name, bars in kept if bars > 0]
        names = [name for name, _ in kept]
        sections = tuple(
            Section(name, bars, names.index(name) if name in names[:place] else None)
            for place, (name, bars) in enumerate(kept)
        )
        return replace(self, sections=sections, chords=self.chords[first - 1 : last])

    def symbols(self) -> list[str]:
        """A chord symbol for each half bar."""
        flats = self.key is not None and spells_flats(self.key)
        return [chord_symbol(label, flats) for label in self.chords.ravel().tolist()]


def write_chart(chart: Chart) -> str:
    """The chart as text; `parse_chart` is the inverse."""
    head = [("title", chart.title), ("key", str(chart.key) if chart.key else ""), ("tempo", f"{chart.tempo:g}")]
    lines = [f"{{{name}: {value}}}" for name, value in head if value]
    lines.append(f"{{time: {chart.meter[0]}/{chart.meter[1]}}}")
    symbols = chart.symbols()
    for section, first in zip(chart.sections, chart.starts.tolist(), strict=False):
        lines += ["", f"[{section.name}]"]
        if not _chords_are_implied(chart, section, first):
            halves = symbols[2 * first : 2 * (first + section.bars)]
            bars = [
                one if one == other else f"{one} {other}" for one, other in zip(halves[::2], halves[1::2], strict=True)
            ]
            lines += [f"| {' | '.join(bars[i : i + BARS_A_LINE])} |" for i in range(0, len(bars), BARS_A_LINE)]
    return "\n".join(lines) + "\n"


def _chords_are_implied(chart: Chart, section: Section, first: int) -> bool:
    """Whether a returning section is its original, chord for chord."""
    if section.returns_to is None:
        return False
    original = chart.starts[section.returns_to]
    same_bars = chart.sections[section.returns_to].bars == section.bars
    return same_bars and np.array_equal(
        chart.chords[first : first + section.bars], chart.chords[original : original + section.bars]
    )


def load_chart(path: Path) -> tuple[Chart, list[str]]:
    """The chart in a text file, and notices of what was simplified."""
    try:
        text = read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileUnreadable(
            f"{path} is no text in UTF-8.", "vaemusic chart song.mid -o song.chart writes one."
        ) from None
    return parse_chart(text, path.name)


def parse_chart(text: str, name: str = "chart") -> tuple[Chart, list[str]]:
    """The chart in a text, and notices of what was simplified; `name` is what error messages call the file."""
    if len(text) > MAX_TEXT:
        raise SettingInvalid(f"{name} is too long for a chart ({len(text):,} characters).", f"At most {MAX_TEXT:,}.")
    facts: dict[str, tuple[str, str]] = {}
    notices: list[str] = []
    names: list[str] = []
    written: list[list[tuple[int, int]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("#"):
            continue
        where = f"{name}, line {number}"
        if directive := _DIRECTIVE.fullmatch(line):
            facts[directive[1].lower()] = directive[2], where
        elif heading := _HEADING.fullmatch(line):
            names.append(heading[1])
            written.append([])
        elif line:
            if not names:
                names.append("A")
                written.append([])
            written[-1] += _parse_bars(line, where, written[-1], notices)
    return _assemble(names, written, facts, name), list(dict.fromkeys(notices))


def _parse_bars(line: str, where: str, before: Sequence[tuple[int, int]], notices: list[str]) -> list[tuple[int, int]]:
    """The bars of a line, (first half, second half) each; `before`: the section's bars so far, which `%` repeats."""
    if "|" not in line:
        raise SettingInvalid(
            f"{where}: '{line[:40]}' is no line of a chart.", "Bars stand between |: | Am | F | C G | G |"
        )
    bars: list[tuple[int, int]] = []
    for bar in line.strip("|").split("|"):
        symbols = bar.split()
        if symbols == ["%"]:
            earlier = [*before, *bars]
            if not earlier:
                raise SettingInvalid(
                    f"{where}: % repeats the bar before, and there is none.", "Write its chord: | Am |"
                )
            bars.append(earlier[-1])
            continue
        if not 1 <= len(symbols) <= 2:
            raise SettingInvalid(
                f"{where}: a bar has one chord or two, not {len(symbols)}.",
                "One for each half: | C | Am F |; N.C. for none.",
            )
        labels = []
        for symbol in symbols:
            with _with_location(where):
                label, notice = parse_chord_label(symbol)
            labels.append(label)
            if notice:
                notices.append(notice)
        bars.append((labels[0], labels[-1]))
    return bars


@contextmanager
def _with_location(where: str) -> Iterator[None]:
    """Errors of what is read here begin with where it stands."""
    try:
        yield
    except SettingInvalid as error:
        raise SettingInvalid(f"{where}: {error.message[0].lower()}{error.message[1:]}", error.hint) from None


def _assemble(
    names: list[str], written: list[list[tuple[int, int]]], facts: dict[str, tuple[str, str]], name: str
) -> Chart:
    """The chart of section names and the bars written below each; a known name without bars repeats that section.

    facts: the values of directives, and where each stands.
    """
    sections: list[Section] = []
    bars: list[tuple[int, int]] = []
    first_of: dict[str, int] = {}
    chords_of: dict[str, list[tuple[int, int]]] = {}
    for section, own in zip(names, written, strict=True):
        own = own or chords_of.get(section, [])
        if not own:
            raise SettingInvalid(
                f"{name}: the section [{section}] has no bars.", "Write its chords below it: | Am | F | C | G |"
            )
        sections.append(Section(section, len(own), first_of.get(section)))
        first_of.setdefault(section, len(sections) - 1)
        chords_of.setdefault(section, own)
        bars += own
    if not 1 <= len(bars) <= MAX_BARS:
        raise SettingInvalid(f"{name} has {len(bars)} bars.", f"A chart has 1 to {MAX_BARS:,} bars: | Am | F | C | G |")
    key, stands = facts.get("key", ("", name))
    with _with_location(stands):
        parsed_key = parse_key(key) if key else None
    meter = _meter(*facts.get("time", ("4/4", name)))
    tempo = _tempo(*facts.get("tempo", (f"{DEFAULT_TEMPO:g}", name)))
    return Chart(tuple(sections), np.array(bars, np.int64), meter, tempo, parsed_key, facts.get("title", ("", name))[0])


def _meter(text: str, where: str) -> tuple[int, int]:
    found = _METER.fullmatch(text)
    if not found or not 1 <= int(found[1]) <= 32:
        raise SettingInvalid(
            f"{where}: there is no meter '{text}'.", "Write, for example, {time: 4/4}, 3/4, 6/8 or 12/8."
        )
    return int(found[1]), int(found[2])


def _tempo(text: str, where: str) -> float:
    try:
        tempo = float(text)
    except ValueError:
        tempo = 0.0
    if not MIN_TEMPO <= tempo <= MAX_TEMPO:
        raise SettingInvalid(
            f"{where}: the tempo '{text}' is no number of beats a minute from {MIN_TEMPO:g} to {MAX_TEMPO:g}.",
            "Write, for example, {tempo: 96}.",
        )
    return tempo
