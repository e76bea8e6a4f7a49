"""What is asked of a song is checked against the band, and charts are brought to length."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pianoroll_vae.desk.chart_options import (
    ChartOptions,
    chart_in_written_meter,
    chart_of_chords,
    chart_of_length,
    densities,
    request_in_meter,
)
from pianoroll_vae.desk.music_options import WHOLE_BAND
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import NO_REQUEST, Ensemble, SongRequest
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.chord_labels import NO_CHORD
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import SilentWatch

TEXT = "{time: 4/4}\n[A]\n| C | Am | F | Gmaj7 |\n[B]\n| Dm | G |\n[A]\n"


def test_nothing_is_asked_for_by_default(ensemble: Ensemble) -> None:
    assert ChartOptions().load(ensemble) == NO_REQUEST


def test_a_chart_is_read_from_its_file_by_a_band_that_plays_charts(ensemble: Ensemble, tmp_path: Path) -> None:
    path = tmp_path / "song.chart"
    path.write_text(TEXT)
    options = ChartOptions(path, density={WHOLE_BAND: "low", "drums": "high"})
    if not ensemble.plays_charts:
        with pytest.raises(SettingInvalid, match="plays no charts") as caught:
            options.load(ensemble)
        assert "--chart" in caught.value.hint
        return
    watch = SilentWatch()
    request = options.load(ensemble, watch)
    assert request.chart == parse_chart(TEXT)[0]
    assert watch.notices == ["Gmaj7 is read as G"]
    assert request.density == {name: "high" if name == "drums" else "low" for name in ensemble.band.names}


def test_chords_become_a_chart_of_a_band_that_plays_charts(ensemble: Ensemble) -> None:
    request = ChartOptions(chords="Am F C G").load(ensemble)
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


@pytest.mark.parametrize(
    ("text", "played", "notice"),
    [
        (
            "{time: 12/8}\n[A]\n| C Am | F |\n[B]\n| G |\n[A]",
            "{time: 6/8}\n[A]\n| C | Am | F | F |\n[B]\n| G | G |\n[A]",
            "The chart in 12/8 is played in 6/8: each of its bars is 2",
        ),
        (
            "{time: 2/4}\n[A]\n| C | Am G | F |\n[B]\n| G | G |\n[A]",
            "{time: 4/4}\n[A]\n| C Am | F |\n[B]\n| G |\n[A]",
            "The chart in 2/4 is played in 4/4: 2 of its bars are one",
        ),
        (
            "{time: 6/4}\n| C Am |",
            "{time: 3/4}\n| C | Am |",
            "The chart in 6/4 is played in 3/4: each of its bars is 2",
        ),
        (
            "{time: 1/4}\n| C | F | Am | G | E |",
            "| C Am | E |",
            "The chart in 1/4 is played in 4/4: 4 of its bars are one",
        ),
    ],
)
def test_bars_that_no_band_writes_are_put_together_or_divided(
    ensemble: Ensemble, tmp_path: Path, text: str, played: str, notice: str
) -> None:
    path, watch = tmp_path / "song.chart", SilentWatch()
    path.write_text(text)
    assert chart_in_written_meter(parse_chart(text)[0]) == parse_chart(played)[0]
    if ensemble.plays_charts:
        assert ChartOptions(path).load(ensemble, watch).chart == parse_chart(played)[0]
        assert watch.notices == [notice]


@pytest.mark.parametrize("meter", ["4/4", "5/4", "7/8", "9/8"])
def test_other_bars_stay_and_those_of_three_parts_are_refused(ensemble: Ensemble, meter: str) -> None:
    chart, _ = parse_chart(f"{{time: {meter}}}\n| C |")
    assert chart_in_written_meter(chart) is chart
    if ensemble.plays_charts and meter == "9/8":
        with pytest.raises(SettingInvalid, match="does not play charts in 9/8") as caught:
            ChartOptions(chart).load(ensemble)
        assert "4/4, 3/4, 5/4, 7/4, 6/8, 7/8 or 12/8" in caught.value.hint


@pytest.mark.parametrize("text", ["", " | , "])
def test_a_text_without_chords_is_refused(text: str) -> None:
    with pytest.raises(SettingInvalid, match="no chord in --chords") as caught:
        chart_of_chords(text)
    assert "Am F C G" in caught.value.hint


def test_chords_may_stand_between_bar_lines_or_commas() -> None:
    charts = [chart_of_chords(text) for text in ("Am F C G", "| Am | F | C | G |", "Am,F, C,G")]
    assert charts[0] == charts[1] == charts[2]
    assert [section.bars for section in charts[0].sections] == [4]


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
