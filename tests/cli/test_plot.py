import json
from pathlib import Path

from pianoroll_vae.music.midi import midi_bytes
from tests.conftest import Vaemusic
from tests.listen.songs import band_song


def test_plot_writes_a_picture_beside_the_song(vaemusic: Vaemusic, midi: Path) -> None:
    done = vaemusic("plot", midi)
    assert done.status == 0
    assert "song.png" in done.out
    assert midi.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_a_long_song_has_pages_and_one_page_on_request(vaemusic: Vaemusic, tmp_path: Path) -> None:
    song = tmp_path / "long.mid"
    song.write_bytes(midi_bytes(band_song(bars=100)))
    done = vaemusic("plot", song)
    assert done.status == 0
    assert "long-page-2.png" in done.out
    assert (tmp_path / "long-page-2.png").read_bytes().startswith(b"\x89PNG")
    foreign = tmp_path / "other-page-2.png"
    foreign.write_text("not ours")
    refused = vaemusic("plot", song, "-o", tmp_path / "other.png")
    assert (refused.status, foreign.read_text()) == (1, "not ours")
    assert not (tmp_path / "other.png").exists()
    assert vaemusic("plot", song, "-o", tmp_path / "other.png", "--one-page").status == 0


def test_scripts_are_told_what_was_drawn(vaemusic: Vaemusic, midi: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    assert json.loads(vaemusic("plot", midi, "-o", picture, "--json").out)["pictures"] == [str(picture)]
    both = tmp_path / "both.png"
    assert json.loads(vaemusic("compare", midi, midi, "-o", both, "--json").out)["pictures"] == [str(both)]
