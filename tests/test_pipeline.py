"""Every stage after the other on a small practice corpus, as a newcomer types them."""

from pathlib import Path

import mido

from tests.conftest import Vaemusic


def test_the_commands_lead_from_nothing_to_a_song_of_five_tracks(vaemusic: Vaemusic, tmp_path: Path) -> None:
    corpus, home, song = tmp_path / "corpus", tmp_path / "home", tmp_path / "song.mid"
    for command in (
        ("init", home),
        ("sample", corpus, "--songs", "14"),
        ("-w", home, "filter", "--genre", "blues,rock", "--lpd", corpus / "lpd", "--msd", corpus / "msd"),
        ("-w", home, "preprocess"),
        ("-w", home, "train", "vae", "--epochs", "2"),
        ("-w", home, "train", "melody", "--epochs", "1"),
        ("-w", home, "train", "conditional", "--epochs", "1"),
        ("-w", home, "generate", "--steps", "3", "--noise", "1.0", "--seed", "1", "-o", song),
    ):
        done = vaemusic("--quiet", *command)
        assert done.status == 0, done.err
    written = song.read_bytes()
    tracks = [track for track in mido.MidiFile(song).tracks if any(message.type == "note_on" for message in track)]
    assert [track.name for track in tracks] == ["Piano", "Guitar", "Bass", "Strings", "Drums"]
    assert mido.MidiFile(song).length > 4 * 4

    assert "fresh" in vaemusic("-w", home, "status").out
    vaemusic("-w", home, "generate", "--steps", "3", "--noise", "1.0", "--seed", "1", "-o", song)
    assert song.read_bytes() == written
