"""What plays, draws, reads, filters or preprocesses works without PyTorch and other extras; training names the remedy.

A finder that refuses to import it and the other extras stands for an environment without them, which would take minutes
to make.
"""

import subprocess
import sys
from pathlib import Path

from pianoroll_vae.music.midi import midi_bytes
from tests.listen.songs import band_song

PROGRAM = """
import contextlib, functools, importlib.abc, io, shlex, sys

EXTRAS = {"torch", "pypianoroll", "scipy", "sklearn", "rtmidi", "tensorboard"}

class WithoutExtras(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package in EXTRAS:
            raise ModuleNotFoundError(f"No module named '{package}'", name=package)

sys.meta_path.insert(0, WithoutExtras())
import typer
typer.main.get_command = functools.cache(typer.main.get_command)
from pianoroll_vae.cli.app import main

for line in sys.stdin.read().splitlines():
    sys.argv, status, shown = ["vaemusic", *shlex.split(line)], 0, io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        try: main()
        except SystemExit as end: status = end.code or 0
    print(f"{status} {line}: {shown.getvalue() if status else ''}")
"""
"""All commands of standard input, which are built once."""

PLAYING = """\
generate --steps 1 --seed 1 -o song.mid -o song.wav -o song.png -o song.chart
continue song.mid --steps 1 --seed 1 -o longer.mid
accompany tune.mid --keep piano --seed 1 -o accompanied.mid
vary song.mid --noise 0.4 --seed 1 -o varied.mid
interpolate song.mid tune.mid --steps 2 -o between.mid
average song.mid tune.mid -o average.mid
blend song.mid --style tune.mid -o blended.mid
reconstruct song.mid -o reconstructed.mid
groove tune.mid -o grooved.mid
"""

LOOKING = """\
show tune.mid
chart tune.mid
plot tune.mid -o tune.png
render tune.mid -o tune.wav
compare tune.mid other.mid
info
"""

COLLECTING = """
init .
sample corpus --songs 6
filter --genre blues,rock --lpd corpus/lpd --msd corpus/msd
preprocess --workers 0
dataset
status
"""


def run(lines: str, folder: Path) -> list[str]:
    """The exit status, line and, where it failed, the output of each command."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=lines.strip(), cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_songs_are_made_and_looked_at_without_pytorch(tmp_path: Path) -> None:
    for name in ("other.mid", "tune.mid"):
        (tmp_path / name).write_bytes(midi_bytes(band_song(bars=4)))
    assert [line for line in run(PLAYING + LOOKING, tmp_path) if not line.startswith("0 ")] == []


def test_a_dataset_is_made_without_pytorch_and_training_names_the_remedy(tmp_path: Path) -> None:
    *made, training = run(COLLECTING + "train vae", tmp_path)[: len(COLLECTING.split("\n")) - 1] or [""]
    assert [line for line in made if not line.startswith("0 ")] == []
    assert training.startswith("1 train vae: Error: This needs PyTorch")
