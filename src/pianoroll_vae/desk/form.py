"""Song forms, AABA or named sections with lengths: sections that return, each time varied a little.

A song in a form has whole sections only. The length that is asked for is divided among letters; sections with lengths
are played in order, and again from the first, until the song is as long as asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from pianoroll_vae.desk.length import MAX_PHRASES
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.chart import Chart, Section
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BARS

RETURN_NOISE = 0.3
"""Noise of a section that returns, as a share of the noise it was generated with."""

MAX_SECTIONS = 64
MAX_BARS = MAX_PHRASES * PHRASE_BARS
EXAMPLES = 'Write letters, --form AABA, or sections with their bars, --form "intro:4 verse:16 chorus:8 verse chorus".'


@dataclass(frozen=True)
class Form:
    """Sections in order; equal names are one section that returns."""

    names: tuple[str, ...]
    bars: tuple[int, ...] = ()
    """(sections,); empty where the length of the song is divided among them."""

    def sections(self, bars: int | None = None) -> tuple[Section, ...]:
        """The sections of a song of about so many bars; None: each of them once."""
        lengths, size = self.bars, len(self.names)
        if not lengths:
            lengths = (max(round((bars or 0) / size / PHRASE_BARS), 1) * PHRASE_BARS,) * size
            bars = None
        left = sum(lengths) if bars is None else max(bars, 1)
        sections: list[Section] = []
        first_of: dict[str, int] = {}
        while left > 0:
            place = len(sections)
            name, length = self.names[place % size], lengths[place % size]
            sections.append(Section(name, length, first_of.get(name)))
            first_of.setdefault(name, place)
            left -= length
        return tuple(sections)


def parse_form(text: str) -> Form:
    """'AABA', a letter a section, or 'verse:16 chorus:8 verse', where a section that returns may leave its bars out."""
    words = text.replace(",", " ").split()
    if ":" in text or any(len(word) > 1 and not word.replace("-", "").isupper() for word in words[1:]):
        return _named(words)
    letters = [letter for letter in text.upper() if letter not in " ,-"]
    if not 1 <= len(letters) <= MAX_SECTIONS or not all(letter.isalpha() for letter in letters):
        raise SettingInvalid(f"The form cannot be '{text}': it has 1 to {MAX_SECTIONS} sections.", EXAMPLES)
    return Form(tuple(letters))


def _named(words: Sequence[str]) -> Form:
    if len(words) > MAX_SECTIONS:
        raise SettingInvalid(f"The form cannot have {len(words)} sections.", f"At most {MAX_SECTIONS}. {EXAMPLES}")
    names: list[str] = []
    lengths: list[int] = []
    for word in words:
        name, _, bars = word.partition(":")
        if not name or any(mark in name for mark in "[]{}|") or not name.isprintable():
            raise SettingInvalid(f"'{word}' is no section of a form.", EXAMPLES)
        before = next((place for place, known in enumerate(names) if known.casefold() == name.casefold()), None)
        if not bars and before is None:
            raise SettingInvalid(
                f"The section '{name}' of the form has no bars.", f"Give it some: {name}:8. {EXAMPLES}"
            )
        if bars and not (bars.isdecimal() and 1 <= int(bars[:9]) <= MAX_BARS):
            raise SettingInvalid(f"A section cannot have '{bars}' bars.", f"Give 1 to {MAX_BARS:,}: {name}:8.")
        names.append(name if before is None else names[before])
        lengths.append(int(bars) if bars else lengths[before or 0])
    if sum(lengths) > MAX_BARS:
        raise SettingInvalid(f"The form has {sum(lengths):,} bars.", f"The longest song has {MAX_BARS:,}.")
    return Form(tuple(names), tuple(lengths))


def bars_of(sections: Sequence[Section]) -> int:
    """The bars of all sections together."""
    return sum(section.bars for section in sections)


def chart_in_form(chart: Chart, sections: Sequence[Section]) -> Chart:
    """The chart with these sections, as long as it; a section that returns has the chords of its original."""
    chords = chart.chords.copy()
    starts = np.cumsum([0, *(section.bars for section in sections)])
    for section, first in zip(sections, starts.tolist(), strict=False):
        if section.returns_to is not None:
            original, length = int(starts[section.returns_to]), sections[section.returns_to].bars
            chords[first : first + section.bars] = np.resize(chords[original : original + length], (section.bars, 2))
    return replace(chart, sections=tuple(sections), chords=chords)


def material_phrases(sections: Sequence[Section]) -> list[int]:
    """How many phrases each section needs that is no return; 0 for the others."""
    longest = [0] * len(sections)
    for place, section in enumerate(sections):
        original = place if section.returns_to is None else section.returns_to
        longest[original] = max(longest[original], -(-section.bars // PHRASE_BARS))
    return longest


def apply_form(ensemble: Ensemble, notes: Notes, sections: Sequence[Section], noise: ArrayLike, seed: int) -> Notes:
    """The material of the sections, one after the other, put into their form; one that returns is varied.

    noise: that with which the sections were generated.
    """
    noise = RETURN_NOISE * np.broadcast_to(np.asarray(noise, np.float32), len(ensemble.band))
    begins = np.cumsum([0, *material_phrases(sections)]) * ensemble.phrase_steps
    bar_steps = ensemble.phrase_steps // PHRASE_BARS
    parts, end = [], 0
    for place, section in enumerate(sections):
        original = place if section.returns_to is None else section.returns_to
        steps, whole = section.bars * bar_steps, -(-section.bars // PHRASE_BARS) * ensemble.phrase_steps
        part = notes.between(int(begins[original]), int(begins[original]) + whole)
        if section.returns_to is not None:
            part = ensemble.vary_notes(part, whole, noise, [seed, place])
        parts.append(part.between(0, steps).shifted(end))
        end += steps
    return Notes.concatenate(parts)
