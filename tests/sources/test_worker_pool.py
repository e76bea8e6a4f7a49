"""The worker pool returns results in order, even if workers crash or hang."""

import multiprocessing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pianoroll_vae.sources import worker_pool
from pianoroll_vae.sources.worker_pool import ReadFailure, map_in_workers
from tests.sources.squares import Square


def batches(items: Sequence[Any], size: int = 3) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_order_whatever_the_number_of_workers(workers: int) -> None:
    results = list(map_in_workers(Square(), batches(range(50)), workers))
    assert [value for result in results for value in result] == [number**2 for number in range(50)]
    assert list(map_in_workers(Square(), [], workers)) == []


def test_no_more_workers_are_started_than_there_are_batches() -> None:
    before = set(multiprocessing.active_children())
    results = map_in_workers(Square(), batches([1, 2, 3, 4]), 3)
    assert next(results) == [1, 4, 9]
    assert len(set(multiprocessing.active_children()) - before) == 2
    assert list(results) == [[16]]
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.parametrize("workers", [0, 1])
def test_unreadable_files_are_failures_with_reasons(workers: int) -> None:
    (result,) = map_in_workers(Square(), [[2, "broken", "bug", 3]], workers)
    assert result[0] == 4
    assert result[1] == ReadFailure("it is broken")
    assert "ZeroDivisionError" in result[2].reason
    assert result[3] == 9


def test_a_file_that_crashes_its_worker_fails_alone() -> None:
    results = list(map_in_workers(Square(), batches([1, "crash", 2, 3, 4, 5, "crash", 6]), 2))
    assert results == [
        [1, ReadFailure("crashes its worker process"), 4],
        [9, 16, 25],
        [ReadFailure("crashes its worker process"), 36],
    ]


def test_a_file_that_takes_too_long_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "FILE_TIMEOUT_SECONDS", 0.5)
    (result,) = map_in_workers(Square(), [[1, "hang", 2]], 1)
    assert result[0] == 1
    assert "more than" in result[1].reason
    assert result[2] == 4


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    (result,) = map_in_workers(Square(), [[1, tmp_path / "died", 2]], 1)
    assert result == [1, "second time", 4]


def test_memory_is_bounded_by_taking_batches_as_they_are_needed() -> None:
    taken = 0

    def coming() -> Any:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield [number]

    results = map_in_workers(Square(), coming(), 1)
    next(results)
    assert taken < 20
    results.close()  # type: ignore[attr-defined]
