"""What goes wrong in a command of the campaign is found, and costs no other command."""

import os
import signal
import sys
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable
from tests.campaign.command import Command, run, run_each


def works() -> None:
    print("done")


def refuses() -> None:
    raise FileUnreadable("It cannot be read.", "Name another.")


def crashes() -> None:
    raise KeyError("crash")


def dies() -> None:
    os.kill(os.getpid(), signal.SIGUSR1)


def gives_up() -> None:
    sys.exit(1)


def eats() -> None:
    bytearray(2 << 30)


def colours() -> None:
    print("\x1b[31mred")


FAULTS: list[tuple[Command, str]] = [
    (works, ""),
    (refuses, ""),
    (crashes, "traceback: KeyError: 'crash'"),
    (dies, "dies of SIGUSR1"),
    (works, ""),
    (gives_up, "status 1 without a message"),
    (eats, "traceback: MemoryError"),
    (colours, "a raw escape sequence in the output"),
    (works, ""),
]


def test_commands_in_one_process_have_their_own_faults(tmp_path: Path) -> None:
    outcomes = list(run_each([command for command, _ in FAULTS], tmp_path))
    assert [outcome.fault for outcome in outcomes] == [fault for _, fault in FAULTS]
    assert [outcome.out for outcome in outcomes if not outcome.fault] == ["done\n", "", "done\n", "done\n"]


def test_a_command_in_a_process_of_its_own_has_the_same_fault(tmp_path: Path) -> None:
    for command, fault in FAULTS[1:4]:
        assert run(command, tmp_path).fault == fault
