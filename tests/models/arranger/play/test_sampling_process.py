"""The second process that compiles begins before numba is imported, but only where no loop was compiled yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pianoroll_vae.models.arranger.play import sampling_process
from pianoroll_vae.models.arranger.play.sampling_process import SamplingProcess
from tests.first_song import FirstSong


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[SamplingProcess]:
    monkeypatch.setattr(sampling_process, "cores", lambda: 2)
    process = SamplingProcess()
    yield process
    process.kill()


def test_on_a_new_machine_it_starts_and_ends_when_killed(
    process: SamplingProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not process.is_running
    process.start_on_new_machine()
    assert process.is_running
    process.kill()
    assert not process.is_running


def test_where_loops_were_compiled_it_does_not_start(
    process: SamplingProcess, first_song: FirstSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(first_song.loops))
    process.start_on_new_machine()
    assert not process.is_running


def test_on_one_core_it_never_starts(process: SamplingProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling_process, "cores", lambda: 1)
    process.start()
    assert not process.is_running
