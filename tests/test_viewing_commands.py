"""`show`, `plot`, `render` and `compare` of any MIDI file, and their messages."""

from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5, Band, Instrument
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.conftest import Vaemusic
from tests.listen.songs import band_song, silence


@pytest.fixture
def midi(tmp_path: Path) -> Path:
    path = tmp_path / "song.mid"
    path.write_bytes(midi_bytes(band_song(bars=8)))
    return path


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("plot", "{midi}", "-o", "song.jpg"), "does not end in .png", "Name it song.png"),
        (("plot", "{midi}", "-o", "."), "does not end in .png", "Name it song.png"),
        (("render", "{midi}", "-o", "song.mp3"), "does not end in .wav", "Name it song.wav"),
        (("show", "{midi}", "--bars", "9-12"), "the song has 8", "Bars count from 1"),
        (("show", "{midi}", "--band", "lpd6"), "no band 'lpd6'", "Did you mean"),
        (("render", "{text}"), "is not a MIDI file", "Name a MIDI file"),
        (("render", "{midi}", "--soundfont", "{text}"), "is not a soundfont", "--soundfont"),
    ],
)
def test_what_cannot_be_done_is_one_message(
    vaemusic: Vaemusic, midi: Path, tmp_path: Path, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    text = tmp_path / "words.mid"
    text.write_text("no music")
    done = vaemusic(*(argument.format(midi=midi, text=text) for argument in arguments))
    assert done.status == 1
    err = " ".join(done.err.split())
    assert message in err
    assert hint in err
    assert "Traceback" not in done.err


def twenty_tracks() -> Song:
    """More instruments than MIDI has channels."""
    instruments = tuple(
        Instrument(f"voice {program}", program, family=range(program, program + 1)) for program in range(20)
    )
    notes = Notes.tidy(np.arange(20), np.arange(40, 60), np.zeros(20), np.full(20, 16), np.full(20, 90))
    return Song(Band("choir", instruments, lead="voice 0"), notes, 16, 4)


@pytest.mark.parametrize(
    "song",
    [
        silence(),
        silence(0),
        Song(LPD5, Notes.tidy([0], [60], [0], [1], [90]), 1, 4),
        band_song(meters=((0, 3, 4), (24, 7, 8)), tempo=((0, 60.0), (10, 500.0))),
        Song(LPD5, band_song().notes[band_song().notes.instrument == 4], 64, 4),
        twenty_tracks(),
    ],
    ids=["silence", "nothing", "one note", "odd meters", "drums only", "twenty tracks"],
)
def test_any_midi_file_is_shown_plotted_and_rendered(vaemusic: Vaemusic, tmp_path: Path, song: Song) -> None:
    path = tmp_path / "any.mid"
    path.write_bytes(midi_bytes(song))
    for command in ("show", "plot", "render"):
        done = vaemusic(command, path)
        assert (done.status, done.err) == (0, ""), command
    assert vaemusic("compare", path, path).status == 0
