"""What the chart writer writes becomes a chart that musicians read, and a chart becomes what it is to keep."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, Blocks
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft
from pianoroll_vae.models.arranger.play.charts import (
    chart_of,
    draft_of,
    join_split_bars,
    sections_of,
    split_long_bars,
    with_sections,
)
from pianoroll_vae.music.chart import Chart, Section, parse_chart
from pianoroll_vae.music.chord_labels import NO_CHORD, QUALITIES, Labels

NOTHING = Blocks(0, np.zeros(0, np.int64), np.zeros((0, 5), np.bool_))
NO_CHORDS: Labels = np.zeros((0, 2), np.int64)

TEXT = """{time: 4/4}
[A]
| C | Am | F | G |
| C | Am | F | C |
[B]
| Dm | G | Dm | G F |
[A]
[B]
[C]
| E | E | N.C. | A |
"""


def names_of(sections: tuple[Section, ...]) -> list[tuple[str, int, int | None]]:
    return [(section.name, section.bars, section.returns_to) for section in sections]


def blocks_of(form: list[int], phase: int = 0) -> Blocks:
    return Blocks(phase, np.array(form, np.int64), np.ones((len(form), 5), np.bool_))


def chords_of(form: list[int]) -> Labels:
    """Chords that agree with a form: each new block has a root of its own, and one that returns has its block's."""
    root, roots = 0, list[int]()
    for block, back in enumerate(form):
        roots.append(roots[block - back] if back else root)
        root += not back
    return np.repeat(np.array(roots) * len(QUALITIES), 2 * BLOCK_BARS).reshape(-1, 2)


@pytest.mark.parametrize(
    ("form", "bars", "sections"),
    [
        ([0], 4, [("A", 4, None)]),
        ([0, 0, 0], 12, [("A", 12, None)]),
        ([0, 0, 2, 2], 16, [("A", 8, None), ("A", 8, 0)]),
        ([0, 1, 0, 2], 16, [("A", 8, None), ("B", 4, None), ("A", 4, 0)]),
        ([0, 0, 0, 3, 3, 3], 23, [("A", 12, None), ("A", 11, 0)]),
    ],
)
def test_sections_are_runs_of_blocks_that_are_new_or_return_as_a_whole(
    form: list[int], bars: int, sections: list[tuple[str, int, int | None]]
) -> None:
    assert names_of(sections_of(np.array(form), bars)) == sections


def test_sections_cover_every_form_and_return_to_the_first_of_their_name() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        count = int(rng.integers(1, 30))
        form = rng.integers(0, 17, count) * (rng.random(count) < 0.6)
        form = np.where(form <= np.arange(count), form, 0)
        bars = 4 * count - int(rng.integers(0, 4))
        found = sections_of(form, bars)
        assert sum(section.bars for section in found) == bars
        first: dict[str, int] = {}
        for place, section in enumerate(found):
            assert section.bars > 0
            assert section.returns_to == first.get(section.name)
            first.setdefault(section.name, place)


def test_a_chart_is_drafted_as_it_was_and_written_back() -> None:
    chart, _ = parse_chart(TEXT)
    draft = draft_of(chart, NOTHING, NO_CHORDS, chart.bars)
    assert draft.form.tolist() == [0, 0, 0, 3, 3, 3, 0]
    assert (draft.active == UNKNOWN).all()
    assert np.array_equal(draft.chords.reshape(-1, 2), chart.chords)
    again = chart_of(draft.chords.reshape(-1, 2), blocks_of(draft.form.tolist()), 0, 120, (4, 4))
    assert np.array_equal(again.chords, chart.chords)
    assert np.array_equal(draft_of(again, NOTHING, NO_CHORDS, again.bars).form, draft.form)


@pytest.mark.parametrize("form", [[0, 0, 2, 2, 0, 5, 5], [0, 1, 0, 2, 4, 4, 4, 4], [0, 0, 0, 0, 0, 5]])
def test_a_form_that_is_written_as_a_chart_is_drafted_as_it_was(form: list[int]) -> None:
    chords = chords_of(form)
    chart = chart_of(chords, blocks_of(form), 0, 97, (4, 4))
    assert chart.tempo == 97
    draft = draft_of(chart, NOTHING, NO_CHORDS, chart.bars)
    origin = np.arange(len(form))
    drafted = origin.copy()
    for block, (mine, theirs) in enumerate(zip(form, draft.form.tolist(), strict=True)):
        origin[block] = origin[block - mine]
        drafted[block] = drafted[block - theirs]
    assert np.array_equal(origin, drafted), "each block returns, at last, to the same new one"
    assert parse_chart(str(chart))[0] == chart


def test_a_bar_of_five_four_is_written_as_two() -> None:
    chart, _ = parse_chart("{time: 5/4}\n[A]\n| C F | G |\n[B]\n| Am |\n[A]\n| C F | G |\n")
    parts = split_long_bars(chart)
    assert [section.bars for section in parts.sections] == [4, 2, 4]
    assert parts.chords[:4].tolist() == [[label, label] for label in chart.chords[:2].ravel().tolist()]
    assert join_split_bars(parts) == chart
    other, _ = parse_chart(TEXT)
    assert split_long_bars(other) is join_split_bars(other) is other


def test_sections_of_five_four_begin_with_whole_bars() -> None:
    """Here with half a bar each; the second begins with no bar of its own, nor does any section return to it."""
    names = ("A", 3, None), ("B", 1, None), ("C", 3, None), ("B", 1, 1), ("A", 3, 0)
    sections = tuple(Section(*each) for each in names)
    chords = np.repeat(np.arange(11)[:, None], 2, 1)
    whole = join_split_bars(Chart(sections, chords, (5, 4)))
    assert whole.sections == (Section("A", 2), Section("C", 2), Section("A", 2, 0))
    assert whole.chords[:5].ravel().tolist() == list(range(10))
    assert whole.chords[5, 0] == 10


def test_a_chart_is_played_again_where_the_song_is_longer() -> None:
    chart, _ = parse_chart("[A]\n| C | F | G | C |\n[B]\n| Am | Dm | E | Am |\n")
    draft = draft_of(chart, NOTHING, NO_CHORDS, 18)
    assert draft.form.tolist() == [0, 0, 2, 2, 2]
    known = draft.chords[draft.chords != UNKNOWN]
    assert known.tolist() == np.resize(chart.chords, (18, 2)).ravel().tolist()
    assert (draft.chords.ravel()[36:] == UNKNOWN).all()


@pytest.mark.parametrize("phase", range(4))
def test_a_draft_begins_with_what_was_played(phase: int) -> None:
    chart, _ = parse_chart("[A]\n| C | F | G | C |\n[B]\n| Am | Dm | E | Am |\n")
    rng = np.random.default_rng(0)
    played = Blocks(phase, np.array([0, 1, 0]), rng.random((3, 5)) < 0.5)
    chords = np.full((phase + 9, 2), 5 * len(QUALITIES))
    draft = draft_of(chart, played, chords, phase + 9 + 11)
    assert draft.phase == phase
    assert draft.form[:2].tolist() == [0, 1]
    assert np.array_equal(draft.active[:2], played.active[:2])
    assert (draft.active[2:] == UNKNOWN).all()
    expected = np.concatenate([chords[phase:], np.resize(chart.chords, (11, 2))]).ravel()
    assert draft.chords.ravel().tolist() == expected.tolist()


def test_a_section_that_returns_to_before_the_chart_is_new_in_it() -> None:
    form = [0, 0, 2, 2]
    chart = chart_of(chords_of(form), blocks_of(form), 8, 120, (4, 4))
    assert names_of(chart.sections) == [("A", 8, None)]
    assert np.array_equal(chart.chords, chords_of(form)[8:])
    cut = chart_of(chords_of(form), blocks_of(form), 6, 120, (4, 4))
    assert sum(section.bars for section in cut.sections) == cut.bars == 10
    assert cut.sections[0].bars == 2


def test_bars_before_the_first_block_are_a_pickup() -> None:
    form = [0, 0, 2]
    chords = np.concatenate([np.full((3, 2), NO_CHORD), chords_of(form)])
    chart = chart_of(chords, blocks_of(form, phase=3), 0, 120, (4, 4))
    assert names_of(chart.sections) == [("Pickup", 3, None), ("A", 8, None), ("A", 4, 1)]
    assert parse_chart(str(chart))[0] == chart


def draft_without_form(blocks: int, phase: int = 0) -> ChartDraft:
    active, chords = np.full((blocks, 5), UNKNOWN), np.full((blocks, 8), UNKNOWN)
    return ChartDraft(np.full(blocks, UNKNOWN), active, chords, phase)


def test_sections_that_are_asked_for_become_the_form() -> None:
    sections = (Section("A", 8), Section("B", 4), Section("A", 8, 0), Section("B", 4, 1))
    assert with_sections(draft_without_form(6), 0, sections).form.tolist() == [0, 0, 0, 3, 3, 3]
    later = with_sections(draft_without_form(8), 8, sections)
    assert later.form.tolist() == [UNKNOWN, UNKNOWN, 0, 0, 0, 3, 3, 3]
    known = draft_without_form(6)
    known.form[0] = 0
    known.form[3] = 1
    assert with_sections(known, 0, sections).form.tolist() == [0, 0, 0, 1, 3, 3]


def test_a_section_that_returns_farther_than_the_memory_of_form_is_new() -> None:
    sections = (Section("A", 4), Section("B", 64), Section("A", 4, 0))
    assert with_sections(draft_without_form(18), 0, sections).form[-1] == 0
    sections = (Section("A", 4), Section("B", 60), Section("A", 4, 0))
    assert with_sections(draft_without_form(17), 0, sections).form[-1] == 16


def test_a_skeleton_has_a_bar_for_each_bar_of_its_sections() -> None:
    chart = Chart((Section("A", 3),), np.full((3, 2), NO_CHORD))
    assert draft_of(chart, NOTHING, NO_CHORDS, 3).form.tolist() == [0]
