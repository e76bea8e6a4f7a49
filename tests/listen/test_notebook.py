"""A song shows itself in Jupyter as a piano roll and a player."""

import base64
import re
import struct

import numpy as np

import pianoroll_vae.api  # noqa: F401  which gives songs their pictures
from pianoroll_vae.listen.notebook import html, mu_law, png
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from tests.listen.songs import band_song


def test_the_html_has_the_picture_and_the_sound_of_the_song() -> None:
    song = band_song(bars=2)
    picture, sound = (base64.b64decode(part) for part in re.findall(r"base64,([^\"]+)", html(song)))
    assert picture == png(song)
    assert picture.startswith(b"\x89PNG")
    assert sound[:4] + sound[8:16] == b"RIFFWAVEfmt "
    form, channels, rate, _, _, bits = struct.unpack("<HHIIHH", sound[20:36])
    assert (form, channels, bits) == (7, 1, 8)
    assert len(sound) / rate > song.seconds
    assert len(sound) < song.seconds * 20_000 + 50_000, "a notebook stores it"


def test_sound_has_the_bytes_of_g711_and_comes_back() -> None:
    samples = np.array([0, 32124, -32124, 132, -132, 8031, 40000, -40000]) / 32767
    assert mu_law(samples).hex() == "ff8000ef6fa08000"
    assert mu_law(np.zeros(0)) == b""


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
