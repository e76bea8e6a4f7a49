"""A song in a form has whole sections: of letters, or of names with lengths; sections that return are varied."""

import numpy as np
import pytest

from pianoroll_vae.desk.form import apply_form, chart_in_form, parse_form
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.song import Song

NAMED = "intro:4 Verse:16 chorus:8 verse chorus:4"


@pytest.mark.parametrize(
    ("form", "bars", "expected"),
    [
        ("AABA", 32, [("A", 8, None), ("A", 8, 0), ("B", 8, None), ("A", 8, 0)]),
        ("a-b c", 16, [("A", 4, None), ("B", 4, None), ("C", 4, None)]),
        ("xyx", 1, [("X", 4, None), ("Y", 4, None), ("X", 4, 0)]),
        (
            NAMED,
            None,
            [("intro", 4, None), ("Verse", 16, None), ("chorus", 8, None), ("Verse", 16, 1), ("chorus", 4, 2)],
        ),
        (NAMED, 12, [("intro", 4, None), ("Verse", 16, None)]),
        ("a:2, b:3", 6, [("a", 2, None), ("b", 3, None), ("a", 2, 0)]),
    ],
)
def test_sections_are_whole_and_of_about_the_length_of_the_song(
    form: str, bars: int | None, expected: list[tuple[str, int, int | None]]
) -> None:
    sections = parse_form(form).sections(bars)
    assert [(section.name, section.bars, section.returns_to) for section in sections] == expected


@pytest.mark.parametrize(
    ("form", "message", "hint"),
    [
        ("", "form cannot be ''", "AABA"),
        ("A1", "form cannot be 'A1'", "verse:16"),
        ("A" * 65, "1 to 64 sections", "AABA"),
        ("verse:8 chorus", "section 'chorus' of the form has no bars", "chorus:8"),
        ("verse chorus", "section 'verse' of the form has no bars", "verse:8"),
        ("verse:0", "cannot have '0' bars", "1 to 8,000"),
        ("verse:many", "cannot have 'many' bars", "verse:8"),
        ("[verse]:8", "is no section", "verse:16"),
        (":8", "is no section", "verse:16"),
        ("a:5000 b:5000", "has 10,000 bars", "8,000"),
        ("a:1 " * 65, "cannot have 65 sections", "At most 64"),
    ],
)
def test_what_is_no_form_is_refused(form: str, message: str, hint: str) -> None:
    with pytest.raises(SettingInvalid, match=message.replace("[", r"\[")) as caught:
        parse_form(form)
    assert hint in caught.value.hint


def test_a_section_that_returns_has_the_chords_of_its_original() -> None:
    chart = parse_chart("| C | F | G | Am | Dm | Em |")[0]
    formed = chart_in_form(chart, parse_form("a:2 b:1 a:3").sections())
    assert formed.symbols()[::2] == ["C", "F", "G", "C", "F", "C"]
    assert [section.name for section in formed.sections] == ["a", "b", "a"]


def test_sections_that_return_are_varied(ensemble: Ensemble, primer: Song) -> None:
    noise = np.full(5, 1.0, np.float32)
    [played] = ensemble.continue_([primer], 4, seeds=[1])
    section = 2 * ensemble.phrase_steps
    arranged = apply_form(ensemble, played, parse_form("AABA").sections(32), noise, seed=1)
    a, again, b, last = (arranged.between(turn * section, (turn + 1) * section) for turn in range(4))
    assert a == played.between(0, section)
    assert b == played.between(section, 2 * section)
    first, other = a.rolls(5, section) > 0, b.rolls(5, section) > 0
    for varied in (again, last):
        changed = (varied.rolls(5, section) > 0) != first
        assert changed.any()
        assert changed.sum() < (first != other).sum()
