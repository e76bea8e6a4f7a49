"""What is asked of a song is checked against the band, and charts are brought to length and key."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pianoroll_vae.desk.chart_options import (
    ChartOptions,
    chart_in_key,
    chart_of_chords,
    chart_of_length,
    densities,
    first_in_scale,
    request_in_meter,
    share_in_scale,
)
from pianoroll_vae.desk.music_options import WHOLE_BAND
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import NO_REQUEST, Ensemble, SongRequest
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import Chart, parse_chart
from pianoroll_vae.music.chord_labels import NO_CHORD
from pianoroll_vae.music.key import parse_key
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

TEXT = "{time: 4/4}\n[A]\n| C | Am | F | Gmaj7 |\n[B]\n| Dm | G |\n[A]\n"


def test_nothing_is_asked_for_by_default(ensemble: Ensemble) -> None:
    assert ChartOptions().load(ensemble) == (NO_REQUEST, [])


def test_a_chart_is_read_from_its_file_by_a_band_that_plays_charts(ensemble: Ensemble, tmp_path: Path) -> None:
    path = tmp_path / "song.chart"
    path.write_text(TEXT)
    options = ChartOptions(path, density={WHOLE_BAND: "low", "drums": "high"})
    if not ensemble.plays_charts:
        with pytest.raises(SettingInvalid, match="plays no charts") as caught:
            options.load(ensemble)
        assert "--chart" in caught.value.hint
        return
    request, notices = options.load(ensemble)
    assert request.chart == parse_chart(TEXT)[0]
    assert notices == ["Gmaj7 is read as G"]
    assert request.density == {name: "high" if name == "drums" else "low" for name in ensemble.band.names}


def test_chords_become_a_chart_of_a_band_that_plays_charts(ensemble: Ensemble) -> None:
    request, _ = ChartOptions(chords="Am F C G").load(ensemble)
    assert (request.chart is not None) == ensemble.plays_charts
    if request.chart is not None:
        assert request.chart == parse_chart("| Am | F | C | G |")[0]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"density": {WHOLE_BAND: "loud"}}, "no density 'loud'", "low"),
        ({"density": {"durms": "low"}}, "durms|densities", "--density|drums"),
        ({"genres": ("polka",)}, "genre", ""),
        ({"chart": Path("a.chart"), "form": "AABA"}, "form of its own", "--form"),
        ({"chart": Path("a.chart"), "chords": "C G"}, "chords and a form of its own", "--chords"),
    ],
)
def test_what_the_band_cannot_do_is_refused(
    ensemble: Ensemble, options: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(SettingInvalid, match=message) as caught:
        ChartOptions(**options).load(ensemble)
    assert any(part in caught.value.hint for part in hint.split("|"))


@pytest.mark.parametrize("text", ["", " | , "])
def test_a_text_without_chords_is_refused(text: str) -> None:
    with pytest.raises(SettingInvalid, match="no chord in --chords") as caught:
        chart_of_chords(text)
    assert "Am F C G" in caught.value.hint


def test_chords_may_stand_between_bar_lines_or_commas() -> None:
    charts = [chart_of_chords(text) for text in ("Am F C G", "| Am | F | C | G |", "Am,F, C,G")]
    assert charts[0] == charts[1] == charts[2]
    assert [section.bars for section in charts[0].sections] == [4]


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


def test_of_several_charts_the_one_that_is_most_clearly_in_the_key_is_taken() -> None:
    major, minor = (parse_chart(text)[0] for text in ("| C | F | G | C |", "| Am | Dm | Em | Am |"))
    assert chart_in_key([major, minor], parse_key("B minor")).symbols()[::2] == ["Bm", "Em", "F#m", "Bm"]
    assert chart_in_key([major, minor], parse_key("D major")).symbols()[::2] == ["D", "G", "A", "D"]


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


def test_a_chart_without_chords_has_no_key() -> None:
    chart = parse_chart("| N.C. | N.C. |")[0]
    assert (chart_in_key([chart], parse_key("D major")).chords == NO_CHORD).all()


def test_a_chart_is_played_again_and_cut_to_the_length_of_the_song() -> None:
    chart = parse_chart(TEXT)[0]
    longer = chart_of_length(chart, 4 * 23)
    found = [(section.name, section.bars, section.returns_to) for section in longer.sections]
    assert found == [("A", 4, None), ("B", 2, None), ("A", 4, 0), ("A", 4, 0), ("B", 2, 1), ("A", 4, 0), ("A", 3, 0)]
    assert np.array_equal(longer.chords, np.resize(chart.chords, (23, 2)))
    shorter = chart_of_length(chart, 4 * 4.5)
    assert [(section.name, section.bars) for section in shorter.sections] == [("A", 4), ("B", 1)]
    assert (chart_of_length(chart, 4 * chart.bars).chords == chart.chords).all()
    assert NO_CHORD not in longer.chords


def test_densities_are_of_all_instruments_or_of_those_named() -> None:
    assert densities("low") == {WHOLE_BAND: "low"}
    assert densities("drums=low, bass = high") == {"drums": "low", "bass": "high"}
    with pytest.raises(SettingInvalid, match="names no instrument") as caught:
        densities("=low")
    assert "drums=low" in caught.value.hint


def test_a_chart_that_is_played_again_is_written_and_read_as_it_is() -> None:
    chart = chart_of_length(parse_chart("[A]\n| C |\n[A]\n| D |\n")[0], 16)
    assert chart.symbols() == ["C", "C", "D", "D"] * 2
    assert parse_chart(str(chart))[0].symbols() == chart.symbols()


def song_in(over: int, under: int) -> Song:
    return Song(LPD5, Notes.empty(), 288, 24, meters=((0, over, under),))


def test_chords_are_one_a_bar_in_the_meter_of_the_song_that_they_follow() -> None:
    request = SongRequest(chart_of_chords("Am F"), strict_chords=True)
    waltz = request_in_meter(request, song_in(3, 4)).chart
    assert waltz is not None
    assert (waltz.meter, waltz.symbols()[::2]) == ((3, 4), ["Am", "F"])
    slow = request_in_meter(request, song_in(12, 8)).chart
    assert slow is not None
    assert (slow.meter, slow.symbols()[::2], slow.sections[0].bars) == ((6, 8), ["Am", "Am", "F", "F"], 4)


def test_a_chart_of_another_meter_than_the_song_that_it_continues_is_refused() -> None:
    request = SongRequest(parse_chart(TEXT)[0])
    assert request_in_meter(request, song_in(4, 4)) is request
    with pytest.raises(SettingInvalid, match="The chart is in 4/4, and the song that it continues in 3/4") as caught:
        request_in_meter(request, song_in(3, 4))
    assert "{time: 3/4}" in caught.value.hint


def test_a_chart_in_three_four_is_cut_to_bars_of_three_beats() -> None:
    chart = chart_of_length(parse_chart("{time: 3/4}\n| C | F | G | C |")[0], 7 * 3)
    assert (chart.bars, chart.half_beats[:4].tolist()) == (7, [0, 2, 3, 5])
