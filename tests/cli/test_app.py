"""The command line: help with examples, one message for an error, the right exit status."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pianoroll_vae import __version__
from pianoroll_vae.cli.app import app
from pianoroll_vae.cli.song_options import MIDI_BOUND
from pianoroll_vae.music.midi_score import MAX_FILE_BYTES, MAX_SONG_BEATS
from pianoroll_vae.stages.vary import NOISE
from tests.conftest import Vaemusic
from tests.midi_files import midi_file


def commands() -> Iterator[tuple[str, str]]:
    """Every command's words and its help."""
    root = typer.main.get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command.help or ""
        else:
            yield from ((f"{name} {sub}", child.help or "") for sub, child in inner.items())


@pytest.mark.parametrize(("words", "text"), list(commands()), ids=[words for words, _ in commands()])
def test_every_command_has_help_with_an_example(words: str, text: str) -> None:
    assert f"vaemusic {words}" in text, f"the help of '{words}' shows no example"


def test_the_version_is_shown(vaemusic: Vaemusic) -> None:
    done = vaemusic("--version")
    assert (done.status, done.out.strip()) == (0, f"vaemusic {__version__}")


@pytest.mark.parametrize(("command", "default"), [("generate", 1.0), ("accompany", 1.0), ("vary", NOISE)])
def test_help_shows_the_default_noise_of_each_command(
    vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch, command: str, default: float
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    [line] = [line for line in vaemusic(command, "--help").out.splitlines() if "Randomness of the latents" in line]
    assert f"Default: {default}." in line


@pytest.mark.parametrize(
    "arguments",
    [
        ("--frob",),
        ("frob",),
        ("generate", "--frob"),
        ("generate", "--steps", "0"),
        ("generate", "--steps", "-3"),
        ("generate", "--count", "1000000000"),
        ("sample", "corpus", "--songs", "1000000000"),
    ],
)
def test_wrong_usage_ends_with_status_2(vaemusic: Vaemusic, arguments: tuple[str, ...]) -> None:
    done = vaemusic(*arguments)
    assert done.status == 2
    assert "Error" in done.err


def test_noise_that_is_no_number_is_wrong_usage(vaemusic: Vaemusic) -> None:
    done = vaemusic("generate", "--noise", "loud")
    assert done.status == 2
    assert "--noise" in done.err
    assert "number" in done.err


@pytest.mark.parametrize("command", ["status", "filter", "preprocess", "train vae"])
def test_outside_of_a_workspace_the_next_command_is_named(
    vaemusic: Vaemusic, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = vaemusic(*command.split())
    assert done.status == 1
    assert "no workspace" in done.err
    assert "vaemusic init" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("command", "needed"), [("preprocess", "vaemusic filter"), ("dataset", "vaemusic preprocess")])
def test_a_missing_stage_is_named(vaemusic: Vaemusic, tmp_path: Path, command: str, needed: str) -> None:
    assert vaemusic("init", tmp_path).status == 0
    done = vaemusic("-w", tmp_path, command)
    assert done.status == 1
    assert needed in done.err


def test_init_leaves_a_workspace_that_is_there_alone(vaemusic: Vaemusic, tmp_path: Path) -> None:
    vaemusic("init", tmp_path)
    (tmp_path / "vaemusic.toml").write_text("[train]\nepochs = 2\n")
    assert "already" in vaemusic("init", tmp_path).out
    assert (tmp_path / "vaemusic.toml").read_text() == "[train]\nepochs = 2\n"


def test_an_unknown_setting_in_the_workspace_is_named(vaemusic: Vaemusic, tmp_path: Path) -> None:
    (tmp_path / "vaemusic.toml").write_text("[generate]\nstep = 3\n")
    done = vaemusic("-w", tmp_path, "generate")
    assert done.status == 1
    assert "generate.step" in done.err
    assert "steps" in done.err


def test_status_names_the_next_command(vaemusic: Vaemusic, tmp_path: Path) -> None:
    vaemusic("init", tmp_path)
    assert "Next: vaemusic filter" in vaemusic("-w", tmp_path, "status").out


def test_info_prints_versions_and_device(vaemusic: Vaemusic) -> None:
    out = vaemusic("info", "--json").out
    assert '"torch"' in out
    assert '"device"' in out


def alone(*arguments: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "pianoroll_vae", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, check=False, **how)


def test_a_terminal_of_few_characters_is_no_error(tmp_path: Path) -> None:
    song = midi_file(tmp_path / "song.mid")
    done = alone("show", str(song), stdout=subprocess.PIPE, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"C?" in done.stdout or b"|" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("words", [("--version",), ("recipe", "show", "thesis")])
def test_an_output_that_is_full_is_one_message(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = alone(*words, stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "Error: Cannot write the output: No space left on device.",
        "Hint: Make room on the disk and run the command again.",
    ]


def test_a_closed_pipe_ends_without_a_message() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = alone("--version", stdout=writing)
    os.close(writing)
    assert (done.returncode in (1, 141), done.stderr) == (True, b"")


def test_quiet_prints_nothing_but_errors_before_and_after_the_command(
    vaemusic: Vaemusic, midi: Path, tmp_path: Path
) -> None:
    for words in (("-q", "plot", midi, "-o", tmp_path / "a.png"), ("plot", midi, "-o", tmp_path / "a.png", "-q")):
        done = vaemusic(*words)
        assert (done.status, done.out, done.err) == (0, "", "")
    assert "Wrote" in vaemusic("plot", midi, "-o", tmp_path / "a.png").out
    assert "[" in vaemusic("chart", midi, "-q").out
    assert "Error" in vaemusic("plot", tmp_path / "none.mid", "-q").err


def test_every_midi_file_that_a_command_takes_has_a_stated_bound() -> None:
    for command in typer.main.get_command(app).commands.values():  # type: ignore[attr-defined]
        for parameter in command.params if hasattr(command, "params") else ():
            text = getattr(parameter, "help", "") or ""
            if parameter.param_type_name == "argument" and "MIDI file" in text.replace("folders of MIDI files", ""):
                assert MIDI_BOUND in text, f"{command.name} {parameter.name}"
    assert f", up to {MAX_FILE_BYTES >> 20} MB and {MAX_SONG_BEATS:,} beats" == MIDI_BOUND
