"""Every stage after the other on a small sample corpus, as a user types them."""

from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import mido

from pianoroll_vae.music.band import LPD17
from pianoroll_vae.music.midi import TICKS_PER_BEAT
from pianoroll_vae.music.phrases import PHRASE_BEATS
from pianoroll_vae.workspace import CONFIG_FILE
from tests.conftest import Vaemusic
from tests.midi_files import midi_file
from tests.thesis_dataset import SMALL, small_recipe_file

MIDDLE = replace(SMALL, name="middle", latent_size=32, vae=replace(SMALL.vae, channels=(16, 32, 64)))
"""A recipe whose instruments all play after little training."""

WRITE = ("generate", "--steps", "16", "--noise", "2.0", "--seed", "1")


def last_onset(track: mido.MidiTrack) -> int:
    """The tick at which the last note of a track begins, -1 where there is none."""
    ticks = accumulate(message.time for message in track)
    return max((tick for tick, message in zip(ticks, track, strict=True) if message.type == "note_on"), default=-1)


def test_the_commands_lead_from_nothing_to_a_song_of_five_tracks(vaemusic: Vaemusic, tmp_path: Path) -> None:
    corpus, home, song = tmp_path / "corpus", tmp_path / "home", tmp_path / "song.mid"
    lpd, steep = corpus / "lpd", ("--batch-size", "1", "--learning-rate", "0.01", "--precision", "float32")
    once = ("--epochs", "1", "--batch-size", "1024")
    for command in (
        ("init", home),
        ("sample", corpus, "--songs", "6"),
        ("-w", home, "filter", "--genre", "blues,rock", "--limit", "3", "--lpd", lpd, "--msd", corpus / "msd"),
        ("-w", home, "preprocess"),
        ("-w", home, "train", "vae", "--epochs", "8", *steep),
        ("-w", home, "train", "melody", *once),
        ("-w", home, "train", "conditional", *once),
        ("-w", home, *WRITE, "-o", song),
    ):
        done = vaemusic("--quiet", *command)
        assert done.status == 0, done.err
        if command[0] == "init":
            (home / CONFIG_FILE).write_text(f'recipe = "{small_recipe_file(home, MIDDLE)}"\n')
    written = song.read_bytes()
    tracks = mido.MidiFile(song).tracks[1:]
    assert [track.name for track in tracks] == ["Piano", "Guitar", "Bass", "Strings", "Drums"]
    primer_ends = PHRASE_BEATS * TICKS_PER_BEAT
    assert [track.name for track in tracks if last_onset(track) < primer_ends] == [], "silent after the primer"

    assert "fresh" in vaemusic("-w", home, "status").out
    vaemusic("-w", home, *WRITE, "-o", song)
    assert song.read_bytes() == written


def test_a_folder_of_midi_leads_to_a_song_of_a_band_of_seventeen(vaemusic: Vaemusic, tmp_path: Path) -> None:
    home, song = tmp_path / "home", tmp_path / "song.mid"
    (tmp_path / "midi" / "blues").mkdir(parents=True)
    players = ("piano", "guitar", "lead guitar", "bass", "strings", "flute", "drums")
    for seed in range(10):
        midi_file(tmp_path / "midi" / "blues" / f"{seed}.mid", beats=32, seed=seed, instruments=players)
    for command in (
        ("init", home),
        ("-w", home, "import", tmp_path / "midi"),
        ("-w", home, "preprocess", "--band", "lpd17"),
        ("-w", home, "train", "all", "--epochs", "1", "--batch-size", "1024"),
        ("-w", home, "generate", "--steps", "2", "--seed", "1", "-o", song),
    ):
        done = vaemusic("--quiet", *command)
        assert done.status == 0, done.err
        if command[0] == "init":
            (home / CONFIG_FILE).write_text(f'recipe = "{small_recipe_file(home)}"\n')
    tracks = mido.MidiFile(song).tracks[1:]
    assert [track.name.lower() for track in tracks] == list(LPD17.names)
    playing = {track.name.lower() for track in tracks if any(message.type == "note_on" for message in track)}
    assert playing >= {"piano", "guitar", "bass", "ensemble", "pipe", "drums"}
