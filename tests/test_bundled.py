"""The bundled model plays without a workspace, and in a workspace without trained networks."""

import json
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

import pianoroll_vae as vae
from pianoroll_vae import models
from pianoroll_vae.bundled.bundle import BUNDLED
from pianoroll_vae.models.model import KINDS
from pianoroll_vae.models.training.checkpoint import load_trained
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.chord_labels import parse_chord_label
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR
from pianoroll_vae.music.source_midi import SourceMidi
from tests.conftest import Vaemusic
from tests.midi_files import midi_file

LARGEST = 20e6
"""Bytes of the whole folder."""


def test_the_bundle_is_complete_small_and_has_a_card() -> None:
    files = [path for path in BUNDLED.folder.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST
    for kind, path in zip(KINDS, BUNDLED.parts, strict=True):
        assert load_trained(path, kind, "").recipe.name == "arranger"
    card = (BUNDLED.folder / "band.md").read_text(encoding="utf-8")
    for said in ("CC BY 4.0", "Hao-Wen Dong", "Colin Raffel", "make model", "AUC", "What it does badly"):
        assert said in card


def test_without_a_workspace_a_seed_gives_the_same_song(
    vaemusic: Vaemusic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = vaemusic("generate", "--steps", "2", "--seed", "5", "-o", "one.mid")
    assert done.status == 0, done.err
    assert "bundled model" in done.err
    vaemusic("generate", "--steps", "2", "--seed", "5", "-o", "same.mid")
    vaemusic("generate", "--steps", "2", "--seed", "6", "-o", "other.mid")
    one, same, other = (Path(f"{name}.mid").read_bytes() for name in ("one", "same", "other"))
    assert one == same
    assert one != other
    names = [track.name for track in mido.MidiFile("one.mid").tracks[1:]]
    assert names == ["Piano", "Guitar", "Bass", "Strings", "Drums"]


def test_in_a_workspace_without_networks_a_notice_names_the_bundled_model(vaemusic: Vaemusic, tmp_path: Path) -> None:
    vaemusic("init", tmp_path)
    done = vaemusic("-w", tmp_path, "generate", "--steps", "1", "-o", tmp_path / "song.mid")
    assert done.status == 0, done.err
    assert "nothing is trained in this workspace" in done.err
    named = vaemusic("generate", "--steps", "1", "--primer", "TRAAAAA128F4200001", "-o", tmp_path / "other.mid")
    assert named.status == 1
    assert "--primer" in named.err


@pytest.mark.parametrize(
    "verb",
    [
        ("continue", "song.mid", "--steps", "1"),
        ("accompany", "song.mid", "--keep", "piano"),
        ("vary", "song.mid", "--noise", "0.3"),
        ("blend", "song.mid", "--style", "song.mid"),
        ("average", "song.mid", "song.mid"),
        ("interpolate", "song.mid", "song.mid", "--steps", "2"),
        ("reconstruct", "song.mid"),
    ],
    ids=lambda verb: verb[0],
)
def test_commands_need_no_workspace_and_name_the_bundled_model(
    verb: tuple[str, ...], vaemusic: Vaemusic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    midi_file(tmp_path / "song.mid", beats=16)
    done = vaemusic(*verb, "-o", "out.mid")
    assert done.status == 0, done.err
    assert "using the bundled model" in done.err
    assert mido.MidiFile("out.mid").length > 0


@pytest.mark.parametrize("seed", [34, 1000070])
def test_a_song_to_a_changed_chart_sounds_the_same_up_to_the_four_bars_around_the_change(
    seed: int, vaemusic: Vaemusic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note that is held into these bars may end there at another time: another bar strikes its pitch at another time.
    Of the second seed an instrument once played in the first bars if it would not play otherwise."""
    monkeypatch.chdir(tmp_path)
    asked = ("generate", "--seed", seed, "--genre", "funk", "--key", "A minor")
    assert vaemusic(*asked, "--bars", 8, "-o", "one.mid", "-o", "one.chart").status == 0
    chart, _ = parse_chart(Path("one.chart").read_text(encoding="utf-8"))
    chords = chart.chords.copy()
    chords[6] = [parse_chord_label(symbol)[0] for symbol in ("Am", "C")]
    Path("changed.chart").write_text(str(replace(chart, chords=chords)), encoding="utf-8")
    assert vaemusic(*asked, "--chart", "changed.chart", "-o", "changed.mid").status == 0
    one, changed = (SourceMidi.read(Path(f"{name}.mid"), LPD5).song for name in ("one", "changed"))
    before = 4 * 4 * one.steps_per_beat
    assert one.notes.between(0, before) == changed.notes.between(0, before)
    assert one.notes != changed.notes


def test_a_density_that_is_asked_for_is_heard(vaemusic: Vaemusic, tmp_path: Path) -> None:
    notes = {}
    for level in ("low", "high"):
        path = tmp_path / f"{level}.mid"
        vaemusic("generate", "--steps", "2", "--seed", "1", "--density", level, "-o", path)
        messages = (message for track in mido.MidiFile(path).tracks for message in track)
        notes[level] = sum(message.type == "note_on" and message.velocity > 0 for message in messages)
    assert notes["high"] > 2 * notes["low"]


REAL_DENSITIES = {
    "low": ((3.1, 8.4), (3.9, 11.7), (2.2, 4.4), (3.1, 7.1), (7.2, 13.9)),
    "high": ((9.8, 26.6), (13.8, 39.3), (5.0, 10.5), (8.4, 22.9), (15.2, 36.4)),
}
"""Notes in a bar in which an instrument plays, in songs of rock and blues: quantiles .05 and .40, and .50 and .95."""


@pytest.mark.parametrize("level", REAL_DENSITIES)
def test_a_density_that_is_asked_for_is_one_of_real_songs(level: str) -> None:
    songs = [vae.generate(vae.load(), bars=16, seed=seed, density=level).song() for seed in range(8)]
    for instrument, (least, most) in enumerate(REAL_DENSITIES[level]):
        starts = [song.notes.start[song.notes.instrument == instrument] for song in songs]
        notes = [len(own) / len(np.unique(own // TWELFTHS_PER_BAR)) for own in starts if len(own)]
        assert least <= np.median(notes) <= most, LPD5.names[instrument]


def test_the_density_of_new_parts_is_that_which_is_asked_for(vaemusic: Vaemusic, tmp_path: Path) -> None:
    notes = {}
    midi_file(tmp_path / "song.mid", instruments=("piano",))
    for level in ("low", "medium", "high"):
        out = tmp_path / f"{level}.mid"
        done = vaemusic("accompany", tmp_path / "song.mid", "--density", level, "--seed", "1", "--json", "-o", out)
        parts = json.loads(done.out)[0]["instruments"]
        assert parts["piano"]["notes"] == parts["piano"]["kept"]
        notes[level] = sum(part["notes"] for name, part in parts.items() if name != "piano")
    assert 1.2 * notes["low"] < notes["medium"] < notes["high"] / 1.2


def test_the_table_of_attributes_is_what_the_command_lists(vaemusic: Vaemusic) -> None:
    listed = json.loads(vaemusic("attributes", "list", "--json").out)
    text = (Path(models.__file__).parent / "README.md").read_text()
    table = text[text.index("| attribute |") :].split("\n\n")[0].splitlines()[2:]
    rows = [
        f"| {row['name']} | {row['moves']:.2f} | {row['others']:.2f} | {', '.join(row['instruments'])} |"
        for row in listed
    ]
    assert [row.replace("| 0.", "| .") for row in rows] == table
