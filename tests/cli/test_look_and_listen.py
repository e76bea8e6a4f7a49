"""`show`, `plot`, `render` and `compare`, from the command line."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5, Band, Instrument
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.stages import render
from tests.conftest import Vaemusic
from tests.listen.songs import band_song, silence


@pytest.fixture
def midi(tmp_path: Path) -> Path:
    path = tmp_path / "song.mid"
    path.write_bytes(midi_bytes(band_song(bars=8)))
    return path


def test_plot_writes_a_picture_beside_the_song(vaemusic: Vaemusic, midi: Path) -> None:
    done = vaemusic("plot", midi)
    assert done.status == 0
    assert "song.png" in done.out
    assert midi.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_render_writes_sound_that_is_not_silent(vaemusic: Vaemusic, midi: Path, tmp_path: Path) -> None:
    done = vaemusic("render", midi, "-o", tmp_path / "out.wav", "--bars", "1-2")
    assert done.status == 0
    with wave.open(str(tmp_path / "out.wav")) as reader:
        heard = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    assert 10_000 < np.abs(heard.astype(int)).max() < 32_767
    assert len(heard) / 2 / 44_100 == pytest.approx(6, rel=0.05)


def test_sound_is_made_a_hundred_times_faster_than_it_is_heard(tmp_path: Path) -> None:
    (tmp_path / "long.mid").write_bytes(midi_bytes(band_song(bars=90)))
    reports = [render.run(tmp_path / "long.mid", tmp_path / "long.wav", None) for _ in range(2)]
    assert reports[0].seconds == pytest.approx(182, abs=1)
    assert max(report.seconds / report.took for report in reports) >= 100


def test_show_draws_plain_text_into_a_pipe(vaemusic: Vaemusic, midi: Path) -> None:
    done = vaemusic("show", midi, "--bars", "2-3")
    assert done.status == 0
    assert "\x1b" not in done.out
    assert "█" in done.out or "▀" in done.out
    assert "2 bars, 0:04 min, 120 BPM" in done.out


def test_show_counts_for_scripts(vaemusic: Vaemusic, midi: Path) -> None:
    counted = json.loads(vaemusic("show", midi, "--json").out)
    assert (counted["bars"], counted["tempo"]) == (8, 120)
    assert counted["instruments"][2]["notes"] == 32


def test_compare_says_how_much_two_songs_share(vaemusic: Vaemusic, midi: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mid"
    other.write_bytes(midi_bytes(band_song(bars=4)))
    shared = {
        p["instrument"]: p["shared"] for p in json.loads(vaemusic("compare", midi, other, "--json").out)["instruments"]
    }
    assert shared["bass"] == pytest.approx(2 / 3)
    assert "67%" in vaemusic("compare", midi, other).out
    assert vaemusic("compare", midi, other, "-o", tmp_path / "both.png").status == 0
    assert (tmp_path / "both.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("plot", "{midi}", "-o", "song.jpg"), "does not end in .png", "Name it song.png"),
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


def test_bars_that_are_no_bars_are_wrong_usage(vaemusic: Vaemusic, midi: Path) -> None:
    done = vaemusic("show", midi, "--bars", "verse")
    assert done.status == 2
    assert "is not a range" in done.err


def twenty_tracks() -> Song:
    """More instruments than MIDI has channels."""
    chairs = tuple(Instrument(f"voice {program}", program, family=range(program, program + 1)) for program in range(20))
    notes = Notes.tidy(np.arange(20), np.arange(40, 60), np.zeros(20), np.full(20, 16), np.full(20, 90))
    return Song(Band("choir", chairs, lead="voice 0"), notes, 16, 4)


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
def test_any_midi_file_can_be_seen_and_heard(vaemusic: Vaemusic, tmp_path: Path, song: Song) -> None:
    path = tmp_path / "any.mid"
    path.write_bytes(midi_bytes(song))
    for command in ("show", "plot", "render"):
        done = vaemusic(command, path)
        assert (done.status, done.err) == (0, ""), command
    assert vaemusic("compare", path, path).status == 0
