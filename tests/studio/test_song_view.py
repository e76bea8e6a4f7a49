"""A take as the page draws it."""

from dataclasses import replace

from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.key import parse_key
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.song_view import SongView
from tests.listen.songs import band_song


def test_a_dropped_song_has_the_chart_in_its_file_as_everywhere_else_where_it_fits_the_notes() -> None:
    song = band_song(bars=8)
    heard = read_chart(song)
    sections = tuple(replace(section, name=f"Verse {place}") for place, section in enumerate(heard.sections))
    chart = replace(heard, sections=sections, key=parse_key("E dorian"))
    for own_chart in (False, True):
        content = SongView(SourceMidi.from_bytes(midi_bytes(song, chart=chart)), own_chart).content
        assert content["key"] == "E dorian"
        assert [name for _, name in content["sections"]] == [section.name for section in sections]
    others = midi_bytes(song, chart=chart.transposed(1))
    assert SongView(SourceMidi.from_bytes(others), own_chart=False).content["key"] != "F dorian"
    assert SongView(SourceMidi.from_bytes(others), own_chart=True).content["key"] == "F dorian"
