"""From what the chart writer writes to a chart that musicians read, and back."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, BLOCK_HALVES, MAX_RETURN, MIN_AGREEMENT, Blocks
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft, silence_absent
from pianoroll_vae.models.arranger.play.plan import block_chords
from pianoroll_vae.music.bar_lines import bar_parts
from pianoroll_vae.music.chart import Chart, Section
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels, roots
from pianoroll_vae.music.meter import Meter
from pianoroll_vae.music.sections import MAX_SECTION_BARS, section_letter


def sections_of(form: NDArray[np.int64], bars: int) -> tuple[Section, ...]:
    """The sections of a song of so many bars whose blocks have these forms (blocks,). A section is a run of blocks that
    is new or returns as a whole; the song's last block may be cut short."""
    origin = np.arange(len(form))
    for block in np.flatnonzero(form).tolist():
        origin[block] = origin[block - form[block]]
    begins = {0}
    for block in range(1, len(form)):
        step = origin[block] - origin[block - 1]
        if step not in (0, 1) or (form[block] > 0) != ((form[block - 1] > 0 and step == 1) or step == 0):
            begins.add(block)
    begins |= {int(origin[block]) for block in begins}
    for block in range(1, len(form)):
        if block - max(begin for begin in begins if begin <= block) >= MAX_SECTION_BARS // BLOCK_BARS:
            begins.add(block)
    sections: list[Section] = []
    first_of: dict[int, int] = {}
    for begin, end in pairwise([*sorted(begins), len(form)]):
        known = first_of.get(int(origin[begin]))
        length = min(end * BLOCK_BARS, bars) - begin * BLOCK_BARS
        name = sections[known].name if known is not None else section_letter(len(first_of))
        first_of.setdefault(int(origin[begin]), len(sections))
        sections.append(Section(name, length, known))
    return tuple(sections)


def chart_of(chords: Labels, blocks: Blocks, first: int, tempo: float, meter: Meter) -> Chart:
    """The chart of a song with chords (bars, 2), from its bar `first` on. Where a section returns to one before that
    bar, it is new in the chart."""
    pickup = (Section("Pickup", blocks.phase),) if blocks.phase else ()
    labels = block_chords(chords, blocks.phase, len(blocks))
    returning = [_agrees(labels, block, int(form)) for block, form in enumerate(blocks.form)]
    whole = sections_of(np.where(returning, blocks.form, 0), len(chords) - blocks.phase)
    sections: list[Section] = []
    number: dict[int, int] = {}
    end = 0
    for index, section in enumerate((*pickup, *whole)):
        end += section.bars
        if end <= first:
            continue
        returns_to = None if section.returns_to is None else number.get(section.returns_to + len(pickup))
        number[index] = len(sections)
        same_name = next((i for i, earlier in enumerate(sections) if earlier.name == section.name), None)
        returns_to = same_name if returns_to is None else returns_to
        sections.append(Section(section.name, min(section.bars, end - first), returns_to))
    return Chart(tuple(sections), chords[first:], meter, tempo)


def draft_of(chart: Chart, played: Blocks, chords: Labels, bars: int) -> ChartDraft:
    """What is known of a song of `bars` bars that begins with what was played, with chords (bars played, 2), and goes
    on with a chart, again and again: all chords and the form."""
    instruments, new = played.active.shape[1], bars - len(chords)
    back = np.resize(_returns(chart), new)
    back[chart.bars :] = chart.bars
    back = np.concatenate([np.zeros(len(chords), np.int64), back])[played.phase :]
    count = -(-len(back) // BLOCK_BARS)
    labels = block_chords(np.concatenate([chords, np.resize(chart.chords, (new, 2))]), played.phase, count)
    whole = min(max(len(chords) - played.phase, 0) // BLOCK_BARS, len(played))
    form, active = np.zeros(count, np.int64), np.full((count, instruments), UNKNOWN)
    form[:whole], active[:whole] = played.form[:whole], played.active[:whole]
    silence_absent(active, whole)
    for block in range(whole, count):
        form[block] = _form_of_block(labels, block, back[block * BLOCK_BARS :])
    return ChartDraft(form, active, labels, played.phase)


def split_long_bars(chart: Chart) -> Chart:
    """A chart in the bars that the band writes: each bar of 5/4 or 7/4 is divided into its two halves, which have one
    chord each."""
    if len(bar_parts(*chart.meter)) < 2:
        return chart
    sections = tuple(replace(section, bars=2 * section.bars) for section in chart.sections)
    return replace(chart, sections=sections, chords=np.repeat(chart.chords.ravel(), 2).reshape(-1, 2))


def join_split_bars(chart: Chart) -> Chart:
    """The inverse of `split_long_bars`. A section begins with a whole bar; one that has no whole bar is left out."""
    if len(bar_parts(*chart.meter)) < 2:
        return chart
    starts = -(-chart.starts // 2)
    bars = np.diff(starts)
    number = np.cumsum(bars > 0) - 1
    sections = [
        replace(section, bars=int(count), returns_to=_renumbered(section.returns_to, bars, number))
        for section, count in zip(chart.sections, bars, strict=True)
        if count
    ]
    chords = np.resize(np.append(chart.chords[:, 0], chart.chords[-1:, 1]), 2 * int(starts[-1]))
    return replace(chart, sections=tuple(sections), chords=chords.reshape(-1, 2))


def _renumbered(section: int | None, bars: NDArray[np.int64], number: NDArray[np.int64]) -> int | None:
    """The number of a section among those with bars."""
    return None if section is None or not bars[section] else int(number[section])


def with_sections(draft: ChartDraft, first: int, sections: tuple[Section, ...]) -> ChartDraft:
    """The draft with the form of sections from bar `first` on; chords stay as they are."""
    skeleton = Chart(sections, np.full((sum(section.bars for section in sections), 2), NO_CHORD))
    back = _returns(skeleton)
    form = draft.form.copy()
    for block in np.flatnonzero(draft.form == UNKNOWN).tolist():
        bar = draft.phase + block * BLOCK_BARS - first
        if 0 <= bar < len(back):
            distance = int(back[bar]) // BLOCK_BARS
            form[block] = distance if back[bar] % BLOCK_BARS == 0 and distance <= MAX_RETURN else 0
    return replace(draft, form=form)


def _returns(chart: Chart) -> NDArray[np.int64]:
    """(bars,): how many bars ago the bar is to which each bar's section returns; 0: new."""
    back = np.zeros(chart.bars, np.int64)
    for section, first in zip(chart.sections, chart.starts.tolist(), strict=False):
        if section.returns_to is not None:
            back[first : first + section.bars] = first - chart.starts[section.returns_to]
    return back


def _form_of_block(labels: Labels, block: int, back: NDArray[np.int64]) -> int:
    """The form of a block: to the block that its section returns to, else to the latest one with the same chords.

    back: (bars,) from the block's first bar on, as of `_returns`. Bars of the block that belong to another section, as
    an ending does, count for none.
    """
    others = np.repeat(back[:BLOCK_BARS] != back[0], BLOCK_HALVES // BLOCK_BARS)
    counted = labels[block].copy()
    counted[: len(others)][others] = -1
    distances: list[int] = [int(back[0]) // BLOCK_BARS] if back[0] % BLOCK_BARS == 0 else []
    for distance in [*distances, *range(1, MAX_RETURN + 1)]:
        if _agrees(labels, block, distance, counted):
            return int(distance)
    return 0


def _agrees(labels: Labels, block: int, distance: int, counted: NDArray[np.int64] | None = None) -> bool:
    """Whether a block has the chord roots of the block so many blocks ago, in the half bars that are `counted`."""
    if not 0 < distance <= min(block, MAX_RETURN):
        return False
    own = labels[block] if counted is None else counted
    known = own >= 0
    same = roots(own) == roots(labels[block - distance])
    return float(same[known].mean()) >= MIN_AGREEMENT
