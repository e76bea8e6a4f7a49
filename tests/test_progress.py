"""Progress is a live view in a terminal, plain lines in a pipe, and nothing with --quiet."""

import io
import os
import pty
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from pianoroll_vae import progress
from pianoroll_vae.progress import ConsoleWatch
from tests.thesis_dataset import small_recipe_file, thesis_dataset_workspace
from tests.training_process import start_command

BAND = ("piano", "guitar", "bass")


def watched(terminal: bool, width: int = 80, quiet: bool = False, pause: float = 0.0, **figures: float) -> str:
    """What is written while three instruments learn for two of four epochs."""
    stream = io.StringIO()
    errors = Console(file=stream, force_terminal=terminal, width=width, color_system=None, _environ={"TERM": "xterm"})
    watch = ConsoleWatch(quiet, errors)
    with watch.task("Training vae", 100, "rolls") as task:
        for epoch in (1, 2):
            time.sleep(pause)
            task.advance(25)
            for name in BAND:
                record = {"stage": "vae", "instrument": name, "epoch": epoch, "epochs": 4, "loss": -8.0 * epoch}
                watch.epoch({**record, "best_epoch": epoch, "ended": "", **figures})
    return stream.getvalue()


def last_view(text: str) -> list[str]:
    """The lines that stay in the terminal."""
    return [line.rstrip() for line in re.split(r"\x1b\[[0-9;?]*[A-Za-z]|\r", text)[-2].splitlines() if line.strip()]


def test_in_a_terminal_every_instrument_has_one_row_with_its_last_epoch() -> None:
    lines = last_view(watched(True, valid_loss=-7.5, kl=3.25, f1=0.5, rolls_per_second=4000.0))
    assert "\n".join(lines).count("piano") == 1
    rows = {line.split()[0]: line.split()[1:] for line in lines[-3:]}
    assert rows == {name: ["2/4", "-16", "-7.5", "3.25", "0.5", "4,000", "–"] for name in BAND}


def test_time_left_is_shown_while_epochs_are_to_come() -> None:
    assert re.search(r"piano +1/4 .* 0:00:0[12]", watched(True, pause=0.5, f1=0.5))


@pytest.mark.parametrize("width", [50, 60, 80, 200])
def test_names_and_epochs_are_whole_in_every_terminal(width: int) -> None:
    lines = last_view(watched(True, width, valid_loss=-7123.5, kl=3.254, f1=0.501, rolls_per_second=4000.0))
    assert [line.split()[:2] for line in lines[-3:]] == [[name, "2/4"] for name in BAND]
    assert "…" not in "".join(lines)
    assert "0.501" in lines[-1]


def test_a_recipe_with_other_figures_has_no_empty_columns() -> None:
    lines = last_view(watched(True, notes_per_second=7.0))
    assert [line.split() for line in lines[-3:]] == [[name, "2/4", "-16", "–"] for name in BAND]


def test_a_task_without_a_total_shows_what_it_counts_and_the_time() -> None:
    watch, shown = ConsoleWatch(errors=Console(file=io.StringIO(), force_terminal=True)), []
    for unit, count in (("files", 1200), ("loops", 0)):
        with watch.task("Working", None, unit) as task:
            task.advance(count)
            page = Console(file=io.StringIO(), width=80)
            page.print(watch._view)
            shown.append(page.file.getvalue())  # type: ignore[attr-defined]
    assert re.search(r"Working .* 1,200 files 0:00:00", shown[0])
    assert re.search(r"Working .* 0:00:00", shown[1])
    assert not re.search(r"loops|\?", shown[1])


def test_in_a_pipe_each_epoch_is_a_plain_line() -> None:
    lines = watched(False, f1=0.5).splitlines()
    assert len(lines) == 6
    assert lines[-1].startswith("vae bass epoch 2  epochs 4  loss -16")


def test_in_a_pipe_a_long_task_is_a_line_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.02)
    stream = io.StringIO()
    watch = ConsoleWatch(errors=Console(file=stream, width=80, _environ={}))
    with watch.task("Reading", 2000, "songs") as task:
        task.advance(1200)
        time.sleep(0.1)
    assert "· Reading: 1,200 of 2,000 songs, 0:00:00" in stream.getvalue()


def test_quiet_is_quiet() -> None:
    assert watched(True, quiet=True) == watched(False, quiet=True) == ""


def test_the_command_draws_its_live_view_in_a_real_terminal(tmp_path: Path) -> None:
    thesis_dataset_workspace(tmp_path, songs=3, segments=2)
    ours, theirs = pty.openpty()
    wish = ("train", "vae", "--recipe", small_recipe_file(tmp_path), "--epochs", "2", "-i", "bass", "-i", "drums")
    child = start_command(["-w", str(tmp_path), *wish], theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # the other end is closed: the command has ended
            break
    os.close(ours)
    child.join()
    assert child.exitcode == 0, shown.decode()
    rows = re.findall(r"(piano|guitar|bass|strings|drums) +2/2 ", last_part(shown))
    assert rows == ["bass", "drums"]


def last_part(shown: bytes) -> str:
    """What was drawn last, without colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    return text[text.rindex("held-out") :]


def test_a_foreign_word_is_escaped_in_the_live_view() -> None:
    stream = io.StringIO()
    errors = Console(file=stream, force_terminal=True, width=80, color_system=None, _environ={"TERM": "xterm"})
    watch = ConsoleWatch(False, errors)
    with watch.task("Reading [/red]\x1b[31m", 2, "songs"):
        watch.epoch({"stage": "[/vae]", "instrument": "[/a]\x1b[31m", "epoch": 1, "epochs": 2, "loss": 1.0, "f1": 0.5})
    assert "[/a]" in stream.getvalue()
    assert "\x1b[31m" not in stream.getvalue()


def test_a_task_of_minutes_is_announced_in_a_pipe_and_a_short_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("pianoroll_vae.progress.time.monotonic", lambda: now)
    stream = io.StringIO()
    watch = ConsoleWatch(False, Console(file=stream, width=80))
    for total in (100, 1000):
        with watch.task("Accompanying", total, "phrases") as task:
            now += 30  # the first phrase loads and compiles what the others need
            for _ in range(10):
                task.advance()
                now += 0.5
    assert stream.getvalue() == "· This takes about 8 minutes; Ctrl-C stops it.\n"


def test_a_task_of_a_minute_is_announced_in_the_singular(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("pianoroll_vae.progress.time.monotonic", lambda: now)
    stream = io.StringIO()
    with ConsoleWatch(False, Console(file=stream, width=80)).task("Accompanying", 180, "phrases") as task:
        for _ in range(10):
            task.advance()
            now += 0.5
    assert stream.getvalue() == "· This takes about 1 minute; Ctrl-C stops it.\n"
