"""What a run of tests reports whose workers are forked, on small tests of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent

CONFTEST = """
import itertools, os, pathlib, pytest, signal
from tests.forked_runner import run_in_workers

LOG = pathlib.Path(__file__).with_name("log")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent process may ignore it

def log(word):
    with LOG.open("a") as file:
        file.write(f"{word} {os.getpid()}\\n")

@pytest.fixture(scope="session", autouse=True)
def server():
    log("start")
    yield
    log("stop")

@pytest.fixture(scope="module")
def model():
    log("model")

def pytest_runtestloop(session):
    files = itertools.groupby(range(len(session.items)), lambda place: session.items[place].path)
    run_in_workers(session, [tuple(places) for _, places in files], 2)
    return True
"""

ENDING = {
    "test_a.py": """
import os, signal
def test_passes(model, tmp_path): (tmp_path / "mine").write_text("a")
def test_fails(model):
    print("said by a test")
    assert 1 + 1 == 3
def test_dies(model):
    os.kill(os.getpid(), signal.SIGKILL)
def test_comes_after_it(model, tmp_path): assert tmp_path.is_dir()
""",
    "test_b.py": """
import pytest
@pytest.mark.parametrize("number", range(20))
def test_passes(model, tmp_path, number): (tmp_path / "mine").open("x").close()
@pytest.mark.skip
def test_skipped(): pass
""",
}

WAITING = {
    "test_a.py": """
import conftest, time
def test_waits():
    conftest.log("wait")
    time.sleep(100)
def test_does_not_begin(): conftest.log("begin")
""",
    "test_b.py": """
import conftest, time
def test_fails():
    while "wait" not in conftest.LOG.read_text(): time.sleep(.01)
    assert False
def test_waits():
    conftest.log("wait")
    time.sleep(100)
""",
}


def start(folder: Path, tests: dict[str, str], *options: str) -> subprocess.Popen[str]:
    for name, text in ({"conftest.py": CONFTEST, "pytest.ini": "[pytest]"} | tests).items():
        (folder / name).write_text(text)
    paths = os.pathsep.join([str(HOUSE), str(HOUSE / "src")])
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes(folder: Path, word: str) -> list[str]:
    """Those that have logged a word."""
    log = folder / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return sorted(line.split()[1] for line in lines if line.startswith(word))


def test_each_test_is_run_and_one_that_ends_its_worker_fails_alone(tmp_path: Path) -> None:
    run = start(tmp_path, ENDING)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert out.splitlines()[-1].startswith("2 failed, 22 passed, 1 skipped in"), out
    assert "said by a test" in out and "assert (1 + 1) == 3" in out
    assert "The worker ended with exit status -9 while it ran test_a.py::test_dies." in out
    assert all(f"PASSED {name}" in out for name in ("test_a.py::test_comes_after_it", "test_b.py::test_passes[19]"))
    started, stopped = processes(tmp_path, "start"), processes(tmp_path, "stop")
    assert len(started) == 3 and set(stopped) < set(started) and len(stopped) == 2, "all but that which was killed"
    assert processes(tmp_path, "model") == started, "once for the tests of a file in a worker"


@pytest.mark.parametrize("reason", ["a failure", "Ctrl-C"])
def test_workers_are_ended_and_what_they_set_up_is_torn_down(tmp_path: Path, reason: str) -> None:
    run = start(tmp_path, WAITING, *["-x"] * (reason == "a failure"))
    if reason == "Ctrl-C":
        while len(processes(tmp_path, "wait")) < 2:
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == (pytest.ExitCode.INTERRUPTED if reason == "Ctrl-C" else pytest.ExitCode.TESTS_FAILED)
    assert ("KeyboardInterrupt" if reason == "Ctrl-C" else "stopping after 1 failures") in out
    assert processes(tmp_path, "start") == processes(tmp_path, "stop")
    assert len(processes(tmp_path, "start")) == 2 and not processes(tmp_path, "begin")
