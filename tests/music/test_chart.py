"""Charts as text."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.music.chart import Chart, Section, load_chart, parse_chart, write_chart
from pianoroll_vae.music.chord_labels import CHORDS
from pianoroll_vae.music.key import Key

TEXT = """\
# a comment
{title: My song}
{key: A minor}
{tempo: 96}
{time: 4/4}

[Verse]
| Am | F | C G | % |

[Chorus]
| F | G |
| Am | Am |

[Verse]
"""


def test_a_section_that_is_named_again_returns_with_its_chords() -> None:
    chart, notices = parse_chart(TEXT)
    assert not notices
    assert chart.sections == (Section("Verse", 4), Section("Chorus", 4), Section("Verse", 4, 0))
    assert np.array_equal(chart.chords[8:], chart.chords[:4])
    assert chart.symbols()[:8] == ["Am", "Am", "F", "F", "C", "G", "C", "G"]
    assert (chart.title, chart.tempo, chart.meter, chart.key) == ("My song", 96, (4, 4), Key(9, "minor"))


def test_a_chart_without_headings_is_one_section() -> None:
    chart, _ = parse_chart("| C | Am F |")
    assert chart.sections == (Section("A", 2),)
    assert chart.tempo == 120


def test_simplified_chords_are_reported_once() -> None:
    assert parse_chart("| Cmaj7 | Cmaj7 |")[1] == ["Cmaj7 is read as C"]


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Charts in which returning sections keep or change their chords."""
    sections: list[Section] = []
    chords: list[np.ndarray] = []
    first: dict[str, int] = {}
    for name in draw(st.lists(st.sampled_from("ABC"), min_size=1, max_size=6)):
        bars = draw(st.integers(1, 9))
        if name in first and draw(st.booleans()):
            own = chords[first[name]]
        else:
            own = np.array(draw(st.lists(st.tuples(*[st.integers(0, CHORDS)] * 2), min_size=bars, max_size=bars)))
        sections.append(Section(name, len(own), first.get(name)))
        first.setdefault(name, len(sections) - 1)
        chords.append(own)
    meter = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (12, 8)]))
    key = draw(st.none() | st.builds(Key, st.integers(0, 11), st.sampled_from(["major", "minor", "dorian"])))
    return Chart(tuple(sections), np.concatenate(chords), meter, draw(st.integers(4, 300)), key)


@given(charts())
def test_a_chart_comes_back_from_its_text(chart: Chart) -> None:
    again, notices = parse_chart(write_chart(chart))
    assert not notices
    assert again.sections == chart.sections
    assert np.array_equal(again.chords, chart.chords)
    assert (again.meter, again.tempo, again.key) == (chart.meter, chart.tempo, chart.key)


def test_transposing_moves_chords_and_key() -> None:
    chart = parse_chart(TEXT)[0].transposed(3)
    assert str(chart.key) == "C minor"
    assert chart.symbols()[:6] == ["Cm", "Cm", "Ab", "Ab", "Eb", "Bb"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has 0 bars"),
        ("| Am | H |", "chart, line 1: there is no chord 'H'"),
        ("[Verse]\n| Am |\n\n| Q9 | C |", "chart, line 4: there is no chord 'Q9'"),
        ("Am F C G", "line 1: 'Am F C G' is no line of a chart"),
        ("[Verse]", r"the section \[Verse\] has no bars"),
        ("| % |", "repeats the bar before, and there is none"),
        ("| C F G |", "one chord or two, not 3"),
        ("| C | |", "one chord or two, not 0"),
        ("{tempo: fast}\n| C |", "tempo 'fast'"),
        ("{tempo: nan}\n| C |", "tempo 'nan'"),
        ("{time: 4/5}\n| C |", "no meter '4/5'"),
        ("| C |\n{time: 4/5}", "chart, line 2: there is no meter '4/5'"),
        ("{key: H}\n| C |", "chart, line 1: there is no key 'H'"),
        ("# mine\n{key: A dorain}\n| C |", "chart, line 2: there is no scale 'dorain'"),
        ("x" * (1 << 21), "too long for a chart"),
    ],
)
def test_what_is_no_chart_is_refused_where_it_stands(text: str, message: str) -> None:
    with pytest.raises(SettingInvalid, match=message) as refused:
        parse_chart(text)
    assert refused.value.hint


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "song.chart"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileUnreadable, match="no text in UTF-8"):
        load_chart(path)


def test_a_chart_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "song.chart"
    path.write_text(TEXT, encoding="utf-8-sig")
    assert load_chart(path)[0] == parse_chart(TEXT)[0]


def test_bars_of_a_chart_are_parts_of_its_sections() -> None:
    chart, _ = parse_chart("[A]\n| C | F | G | C |\n[B]\n| Am | Dm |\n[A]\n")
    part = chart.between(3, 8)
    assert [(section.name, section.bars, section.returns_to) for section in part.sections] == [
        ("A", 2, None),
        ("B", 2, None),
        ("A", 2, 0),
    ]
    assert np.array_equal(part.chords, chart.chords[2:8])
    assert chart.between(1, chart.bars) == chart
