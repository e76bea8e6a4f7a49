"""Ctrl-C in a real terminal: one word, exit status 130, and a workspace as it was before."""

import os
import pty
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pianoroll_vae.music.selection import SelectedSong, write_selection
from pianoroll_vae.stages import init
from pianoroll_vae.workspace import DATASET, SELECTION, Workspace
from tests.midi_files import midi_file
from tests.small_thesis import small_thesis_workspace
from tests.sources import lakh_files, msd_files
from tests.thesis_dataset import thesis_dataset_workspace
from tests.training_process import start_command

MANY = 4000
"""Songs, so that there is time to stop."""


@dataclass(frozen=True)
class Stopped:
    status: int
    shown: str
    """What the terminal showed of errors, notices and progress, without colours."""


def stopped(root: Path, *arguments: str | Path, when: str) -> Stopped:
    """Run a command in a terminal of its own and press Ctrl-C as soon as `when` is seen there.

    The whole group of processes hears it, as from a keyboard; the terminal is also where the workers write.
    """
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pianoroll_vae", "-w", str(root), *map(str, arguments)]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a parent process may ignore it
    ) as child:
        os.close(theirs)
        shown = press_ctrl_c(ours, child.pid, when)
    return Stopped(child.returncode, shown)


def stopped_with_pytorch(root: Path, *arguments: str | Path, when: str) -> Stopped:
    """The same of a command that needs PyTorch and starts no processes."""
    ours, theirs = pty.openpty()
    child = start_command(["-w", str(root), *map(str, arguments)], theirs)
    os.close(theirs)
    assert child.pid is not None
    shown = press_ctrl_c(ours, child.pid, when)
    child.join()
    assert child.exitcode is not None
    return Stopped(child.exitcode, shown)


def press_ctrl_c(terminal: int, pid: int, when: str) -> str:
    """Once `when` is seen in the terminal; returns all that is shown there, without colours."""
    shown, pressed = b"", False
    while True:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the other end is closed: everybody has ended
            break
        if not pressed and re.search(when, shown.decode(errors="replace")):
            os.killpg(pid, signal.SIGINT)
            pressed = True
    os.close(terminal)
    assert pressed, f"it never said {when}: {shown!r}"
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def assert_stopped_well(done: Stopped, root: Path) -> None:
    assert done.status == 130, done.shown
    assert done.shown.rstrip().endswith("· Stopped.")
    assert "Traceback" not in done.shown
    assert "Error" not in done.shown
    assert not list(root.rglob("*.part*")), "something half-written was left"


def a_song(root: Path) -> Path:
    return lakh_files.song_file(root / "lpd", "TRAAAAA128F4200000", "0" * 32, lakh_files.random_rolls(0))


def test_an_interrupted_filter_keeps_the_old_selection(tmp_path: Path) -> None:
    song = a_song(tmp_path)
    facts = msd_files.song_file(tmp_path / "msd", "TRAAAAA128F4200000", [("rock", 1.0)])
    for number in range(MANY):  # as many tracks as there are, each with its own music, in next to no space
        track = f"TRAAA{chr(65 + number % 26)}X128F4{number:06d}"
        there = tmp_path / "lpd" / "A" / "A" / "A" / track / f"{number:032x}.npz"
        there.parent.mkdir(parents=True)
        there.hardlink_to(song)
        (tmp_path / "msd" / "A" / "A" / "A" / f"{track}.h5").hardlink_to(facts)
    home = tmp_path / "home"
    init.run(home)
    (home / SELECTION.path).write_text("an earlier selection")
    arguments = ("filter", "--genre", "rock", "--lpd", tmp_path / "lpd", "--msd", tmp_path / "msd")
    done = stopped(home, *arguments, when="Genres from")
    assert_stopped_well(done, home)
    assert (home / SELECTION.path).read_text() == "an earlier selection"


def test_an_interrupted_preprocess_keeps_the_old_dataset_also_while_workers_start(tmp_path: Path) -> None:
    song = a_song(tmp_path)
    home = tmp_path / "home"
    init.run(home)
    songs = (SelectedSong(md5=f"{number:032x}", path=str(song)) for number in range(MANY))
    write_selection(home / SELECTION.path, songs)
    (home / DATASET.path).write_text("an earlier dataset")
    for when in ("Reading songs", r"Reading songs .* [1-9]\d*/"):  # at once, and when some have been read
        done = stopped(home, "preprocess", "--workers", "2", when=when)
        assert_stopped_well(done, home)
        assert (home / DATASET.path).read_text() == "an earlier dataset"


def test_train_prints_how_many_epochs_are_kept(tmp_path: Path) -> None:
    later = r"drums +([2-9]|[1-9]\d+)/500"
    workspace = thesis_dataset_workspace(tmp_path, songs=3, segments=2)
    band = ("-i", "bass", "-i", "drums")
    done = stopped_with_pytorch(tmp_path, "train", "vae", "--recipe", "thesis", *band, "--epochs", "500", when=later)
    assert_stopped_well(done, tmp_path)
    kept = re.search(r"(\d+) epochs are kept, the same command continues from there", done.shown)
    assert kept
    lines = len(Workspace(tmp_path).metrics.read_text().splitlines())
    assert lines in (2 * int(kept[1]), 2 * int(kept[1]) - 2), "an epoch stopped while it was written is trained again"
    assert workspace.path(DATASET).is_file()


def test_an_interrupted_generate_writes_no_song(tmp_path: Path) -> None:
    home = tmp_path / "home"
    small_thesis_workspace(home)
    primer = midi_file(tmp_path / "sketch.mid")
    done = stopped_with_pytorch(
        home, "generate", "--primer", primer, "--steps", "2000", "-o", tmp_path / "song.mid", when="Generating"
    )
    assert_stopped_well(done, tmp_path)
    assert not (tmp_path / "song.mid").exists()
