"""What all tests share: the command line, run in this process as a user would run it.

`pytest --workers=auto` runs a worker on each core, and one more. So PyTorch has one thread: workers whose threads wait
for each other on the same cores take several times as long. The workers, and the processes that tests start, share a
cache of compiled loops, as compiling takes 15 s: it is filled while the tests are collected, and kept until the code of
the arranger changes.
"""

import ctypes
import fcntl
import functools
import gc
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import hypothesis
import pytest
import typer

from pianoroll_vae.cli.app import main
from tests.first_song import FirstSong, source_digest, start_writing, write_song
from tests.forked_runner import number_of_workers, run_in_workers

# Read when PyTorch is imported, also in processes that tests start. Asking whether there is a GPU, as tests do when
# they are collected, must not start CUDA: a forked worker could not use it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")

hypothesis.settings.register_profile("any machine", deadline=None)  # an example takes longer where others work, too
hypothesis.settings.load_profile("any machine")

pytest_plugins = [
    "tests.bands",
    "tests.forked_workers",
    "tests.studio_server",
    "tests.studio_browser",
    "tests.two_sample_tests",
]

TESTS = Path(__file__).parent
CACHES = TESTS.parent / ".pytest_cache" / "loops"

EVALUATING = (
    "stages/test_evaluate.py",
    "stages/test_compare_models.py",
    "listen/test_evaluation.py",
    "listen/test_two_",
)
"""Tests of evaluations, each of which takes long."""

STUDIO = (
    *("test_studio_pictures.py", "test_studio_learning.py", "test_studio_page.py", "test_studio_c"),
    *("test_studio_", "studio/test_app.py"),
)
"""Tests of the studio: first those that want it without songs, then those in which a process learns that leaves the
processor to all others, then those that wait for browsers and for sound, which takes its time: those that share a page
follow each other."""

TRAINING_PROCESSES = (
    *("test_interrupt.py", "test_progress.py", "campaign/test_campaign.py", "desk/test_training_run.py"),
    *("models/training/test_ranks.py", "stages/test_train.py"),
)
"""Tests that start processes which a server forks that has imported PyTorch: see `tests.training_process`."""

FIRST = ("fuzz", *STUDIO, *EVALUATING, *TRAINING_PROCESSES, "test_")
"""How the paths of tests that come first begin. Those of damaged files need no loops, which may still be compiled."""

TOGETHER = (STUDIO, TRAINING_PROCESSES, ("models/groove",))
"""Tests that share a studio, a browser, a server of processes, or a model."""

IMPORTED_ONCE = ("pypianoroll", "sklearn.ensemble", "torch._dynamo")
"""Libraries that the program imports where it uses them. Each takes about a second, once for all workers."""

WITHOUT_LOOPS = ("fuzz", "models/groove", "models/thesis", "models/training", "music", "sources")
"""Folders of tests that need no compiled loops."""

KEPT_BYTES = 2**29
"""Workers, and the processes that tests start, keep the memory that they free: to ask for it anew, page by page, takes
a third of the system's time."""

KEEPING_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES), "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES)}
"""Read by glibc where a process starts; other libraries ignore it."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""What `mallopt` of glibc calls the same in a process that runs already."""

_waited = False
"""Whether this worker has waited until the loops are compiled."""


def pytest_addoption(parser: pytest.Parser) -> None:
    help = "run the tests in N forked processes; auto: in one more than there are cores"
    parser.addoption("--workers", metavar="N", type=number_of_workers, default=0, help=help)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Workers run the tests, where there shall be some; a debugger needs the terminal's own process."""
    count, option = session.config.getoption("workers"), session.config.option
    if not count or session.testsfailed or option.collectonly or option.usepdb:
        return None
    places = groupby(range(len(session.items)), lambda place: _together(session.items[place].path))
    run_in_workers(session, (tuple(chunk) for _, chunk in places), count)
    return True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the whole program come first: they take longest, and the workers end together where the last tests are
    short."""
    turns = {path: _turn(path) for path in {item.path for item in items}}
    items.sort(key=lambda item: turns[item.path])


def _turn(path: Path) -> int:
    place = path.relative_to(TESTS).as_posix()
    return next((turn for turn, beginning in enumerate(FIRST) if place.startswith(beginning)), len(FIRST))


def _together(path: Path) -> object:
    """One worker runs the tests that follow each other and for which this is the same."""
    place = path.relative_to(TESTS).as_posix()
    return next((group for group in TOGETHER if place.startswith(group)), path)


gc.disable()  # until all is imported: there is much to look through, and next to nothing to free


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported stays, and is not searched for garbage again and again; new objects are searched more seldom
    than by default, which saves a twentieth of the time."""
    if session.config.getoption("workers"):
        for module in IMPORTED_ONCE:
            importlib.import_module(module)
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before there are workers: what is set here is in their environment."""
    state = tempfile.TemporaryDirectory(prefix="vaemusic-state-")
    config.add_cleanup(state.cleanup)
    os.environ["XDG_STATE_HOME"] = state.name
    os.environ |= KEEPING_MEMORY
    if config.getoption("workers"):
        cache = CACHES / source_digest("models/arranger")  # numba itself sees no change in another file
        cache.mkdir(parents=True, exist_ok=True)
        os.environ["NUMBA_CACHE_DIR"] = str(cache)
        start_compiling(cache, config)
        keep_memory()


def keep_memory() -> None:
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # other libraries have none
    for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD):
        if set_option is not None:
            set_option(option, KEPT_BYTES)


def start_compiling(cache: Path, config: pytest.Config) -> None:
    """Fill the cache in a process that holds its lock, unless it is full or being filled; remove older caches."""
    if FirstSong(cache, cache).is_written:
        return
    for other in CACHES.iterdir():
        if other != cache:
            shutil.rmtree(other, ignore_errors=True)
    with (cache / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        process = start_writing(cache, cache, (lock.fileno(),))

    def wait() -> None:
        process.communicate()

    config.add_cleanup(wait)


@pytest.fixture(autouse=True)
def compiled_loops(request: pytest.FixtureRequest) -> None:
    """Wait until the loops that the workers share are compiled: a worker that does not would compile them too."""
    global _waited
    if _waited or not request.config.getoption("workers"):
        return
    if not any(request.path.is_relative_to(TESTS / folder) for folder in WITHOUT_LOOPS):
        with Path(os.environ["NUMBA_CACHE_DIR"], "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
        _waited = True


@pytest.fixture(scope="session")
def first_song(tmp_path_factory: pytest.TempPathFactory) -> FirstSong:
    """The song for which the loops were compiled, or where other code has changed since, one that finds them; without
    workers, both the loops and the song are made here."""
    loops = Path(os.environ.get("NUMBA_CACHE_DIR", "nowhere"))
    song, folder = FirstSong(loops, loops), tmp_path_factory.mktemp("first_song")
    if song.is_of_this_source:
        return song
    return write_song(folder, loops if song.is_written else folder)


@pytest.fixture(scope="session", autouse=True)
def commands_are_built_once() -> Iterator[None]:
    """Typer otherwise builds all commands whenever it runs one of them, which takes longer than most of these runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit status and what it wrote."""

    status: int
    out: str
    err: str


Vaemusic = Callable[..., Done]


@pytest.fixture
def vaemusic(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Vaemusic:
    """`vaemusic("filter", "--genre", "blues")` runs that command."""

    def run(*arguments: str | Path) -> Done:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["vaemusic", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        out, err = capsys.readouterr()
        return Done(status, out, err)

    return run


UNPRIVILEGED_UID = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for inside in folder.rglob("*"):
        if inside.is_dir() and not inside.is_symlink():
            inside.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def as_unprivileged_user() -> Iterator[None]:
    """Run as a user with no more rights than the permissions give, also where root, who needs none, runs the tests."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(UNPRIVILEGED_UID)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture(autouse=True)
def ordinary_floats() -> Iterator[None]:
    """Training lets the processor flush denormal numbers; the next test wants the processor as it was."""
    yield
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_flush_denormal(False)
