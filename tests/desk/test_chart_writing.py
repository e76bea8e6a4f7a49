"""Charts that a band writes are in the key or in the scale that is asked for."""

import numpy as np
import pytest

from pianoroll_vae.desk.chart_writing import (
    chart_in_key,
    chart_to_key,
    clarity,
    clearest,
    expected_durations,
    first_in_key,
    first_in_scale,
    share_in_key,
    share_in_scale,
)
from pianoroll_vae.music.chart import Chart, parse_chart
from pianoroll_vae.music.chord_labels import NO_CHORD
from pianoroll_vae.music.key import parse_key


@pytest.mark.parametrize(
    ("chords", "key", "expected"),
    [
        ("| C | Am | F | G |", "D major", "| D | Bm | G | A |"),
        ("| C | Am | F | G |", "F# major", "| F# | D#m | B | C# |"),
        ("| Am | F | C | G |", "A minor", "| Am | F | C | G |"),
        ("| Am | Am | Dm | E7 |", "C minor", "| Cm | Cm | Fm | G7 |"),
    ],
)
def test_a_chart_is_transposed_to_the_key_in_which_its_chords_are(chords: str, key: str, expected: str) -> None:
    found = chart_in_key([parse_chart(chords)[0]], parse_key(key))
    assert np.array_equal(found.chords, parse_chart(expected)[0].chords)


@pytest.mark.parametrize(("key", "expected"), [("A minor", "Dm"), ("C major", "Dm"), ("B minor", "Em")])
def test_a_chart_that_names_its_key_moves_from_there_whatever_its_chords_fit(key: str, expected: str) -> None:
    moved = chart_to_key(parse_chart("{key: A minor}\n| Dm | G | Dm | G |")[0], parse_key(key))
    assert moved.symbols()[0] == expected
    assert moved.key == parse_key(key)


def test_of_several_charts_the_one_that_is_most_clearly_in_the_key_is_taken() -> None:
    major, minor = (parse_chart(text)[0] for text in ("| C | F | G | C |", "| Am | Dm | Em | Am |"))
    assert chart_in_key([major, minor], parse_key("B minor")).symbols()[::2] == ["Bm", "Em", "F#m", "Bm"]
    assert chart_in_key([major, minor], parse_key("D major")).symbols()[::2] == ["D", "G", "A", "D"]


def test_a_chart_whose_tones_would_be_moved_comes_last() -> None:
    texts = "| Am | E | Am | F#m |", "| C#m | Am | C#m | Am |", "| Am | Dm | Em | C |"
    charts = [parse_chart(text)[0] for text in texts]
    assert clearest(charts, parse_key("A minor")) is charts[2]
    assert clearest(charts[:2], parse_key("A minor")) is charts[0]


def test_the_first_chart_that_is_clearly_in_the_key_is_taken_and_no_more_are_written() -> None:
    texts, written = ("| C | G | F | Am |", "| Am | E | D | Am |", "| Am | Dm | Em | Am |", "| Am | Am | Am | Am |"), []

    def write(text: str) -> Chart:
        written.append(text)
        return parse_chart(text)[0]

    assert first_in_key(map(write, texts), parse_key("A minor")).symbols()[::2] == ["Am", "Dm", "Em", "Am"]
    assert written == list(texts[:3])
    assert first_in_key(map(write, texts[:1]), parse_key("A minor")).symbols()[0] == "C"


@pytest.mark.parametrize(("key", "expected"), [("A minor", 4 / 9), ("C", 4 / 9), ("A minor pentatonic", 4 / 9)])
def test_chord_tones_are_counted_in_the_key(key: str, expected: float) -> None:
    chart = parse_chart("| C | F# | B | N.C. |")[0]
    assert share_in_key(chart, parse_key(key)) == pytest.approx(expected)


def test_chord_tones_are_counted_in_the_scale_that_fits_them_best() -> None:
    for chords, expected in (
        ("D | G | A | Bm", 1),
        ("Eb | Bb | Cm | N.C.", 1),
        ("C | F# | C | F#", 4 / 6),
        ("N.C.", 1),
    ):
        assert share_in_scale(parse_chart(f"| {chords} |")[0]) == pytest.approx(expected)


def test_the_first_chart_in_one_scale_is_taken_and_no_more_are_written() -> None:
    texts = "| C | F# | C | F# |", "| C | F | G | F# |", "| D | G | A | D |", "| C | F | G | C |"
    written = []

    def write(text: str) -> Chart:
        written.append(text)
        return parse_chart(text)[0]

    assert first_in_scale(map(write, texts)).symbols()[::2] == ["D", "G", "A", "D"]
    assert written == list(texts[:3])
    assert first_in_scale(map(write, texts[:1])).symbols()[::2] == ["C", "F#", "C", "F#"]


@pytest.mark.parametrize(("plain", "seventh"), [("Am", "Am7"), ("F#m", "F#m7")])
def test_a_minor_seventh_chord_is_heard_as_the_relative_major(plain: str, seventh: str) -> None:
    """All songs on it are: C sounds longer than A in Am7, though A is its root."""
    key = parse_key(plain)
    assert clarity(parse_chart(f"| {plain} | {plain} |")[0], key) > 0.1
    assert clarity(parse_chart(f"| {seventh} | {seventh} |")[0], key) < 0


def test_the_dominant_of_the_key_makes_it_clear_and_that_of_the_relative_does_not() -> None:
    key = parse_key("A minor")
    own, relative = (parse_chart(text)[0] for text in ("| Am | Dm | E7 | Am |", "| Am | F | G7 | C |"))
    assert clarity(own, key) > 0.18 > clarity(relative, key)
    assert clarity(relative, parse_key("C major")) > 0


def test_expected_durations_are_those_of_all_half_bars() -> None:
    chart = parse_chart("| C | N.C. |")[0]
    assert np.allclose(expected_durations(chart.chords)[[0, 4, 7]], [0.84, 0.46, 0.48])
    assert expected_durations(chart.chords)[[1, 2, 3, 5, 6, 8, 9, 10, 11]].sum() == 0


def test_a_chart_without_chords_has_no_key() -> None:
    chart = parse_chart("| N.C. | N.C. |")[0]
    assert clarity(chart, parse_key("D major")) == 0
    assert (chart_in_key([chart], parse_key("D major")).chords == NO_CHORD).all()
