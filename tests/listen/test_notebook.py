"""A song shows itself in Jupyter as a piano roll and a player."""

import base64
import io
import re
import wave

import pianoroll_vae.api  # noqa: F401  which gives songs their pictures
from pianoroll_vae.listen.notebook import html, png
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from tests.listen.songs import band_song


def test_the_html_has_the_picture_and_the_sound_of_the_song() -> None:
    song = band_song(bars=2)
    picture, sound = (base64.b64decode(part) for part in re.findall(r"base64,([^\"]+)", html(song)))
    assert picture == png(song)
    assert picture.startswith(b"\x89PNG")
    with wave.open(io.BytesIO(sound)) as reader:
        assert reader.getnframes() / reader.getframerate() > song.seconds


def test_of_a_long_song_the_first_page_is_shown_and_the_others_are_folded() -> None:
    song = band_song(bars=100, tempo=((0, 960.0),))  # so fast that its sound is soon rendered
    shown, _, folded = html(song).partition("<details><summary>1 more page</summary>")
    first = base64.b64encode(png(song)).decode()
    assert first in shown
    [second] = re.findall(r"image/png;base64,([^\"]+)", folded)
    assert second != first
    assert base64.b64decode(second).startswith(b"\x89PNG")


def test_everything_that_the_api_gives_shows_itself() -> None:
    for shown in (Song, SourceMidi, Arrangement):
        assert (vars(shown)["_repr_html_"], vars(shown)["_repr_png_"]) == (html, png)
