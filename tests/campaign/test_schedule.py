"""Processes share the batches of a campaign; each batch is the same in every campaign."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.campaign import schedule
from tests.campaign.material import Material
from tests.campaign.parts import Part

Campaign = Callable[..., tuple[dict[str, Any], list[str]]]


def draws(material: Material, rng: random.Random, number: int, midi: Path | None) -> Iterator[tuple[str, str]]:
    yield f"draw {number}", f"drew {rng.random()}"
    yield f"draw {number}", ""


def fails(material: Material, rng: random.Random, number: int, midi: Path | None) -> Iterator[tuple[str, str]]:
    raise KeyError(number)
    yield


def sleeps(material: Material, rng: random.Random, number: int, midi: Path | None) -> Iterator[tuple[str, str]]:
    time.sleep(60)
    yield "slept", ""


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """Runs a campaign of one part: its report, and the remarks."""

    def run(part: Part, jobs: int, seconds: float = 60.0) -> tuple[dict[str, Any], list[str]]:
        saved: list[tuple[dict[str, Any], list[str]]] = []
        monkeypatch.setattr(schedule, "PARTS", {"part": part})
        limits = schedule.Limits(1, time.monotonic() + seconds)
        schedule.run_parts(Material(tmp_path), ["part"], jobs, limits, lambda *report: saved.append(report))
        parts, remarks = saved[-1]
        return parts["part"], remarks

    return run


def test_every_batch_is_run_once_and_finds_the_same_with_any_number_of_processes(campaign: Campaign) -> None:
    alone, shared = (campaign(Part(draws, 6), jobs)[0] for jobs in (1, 3))
    assert alone["batches"] == 6
    assert alone["trials"] == 12
    assert alone["faults"] == 6
    assert sorted(alone["found"].items()) == sorted(shared["found"].items())


def test_a_batch_that_fails_is_a_remark(campaign: Campaign) -> None:
    part, remarks = campaign(Part(fails, 1), 1)
    assert part["batches"] == 0
    assert remarks == ["batch 0 of part failed: KeyError: 0"]


def test_a_batch_that_outlasts_the_time_is_a_remark(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "PATIENCE", 0.1)
    assert campaign(Part(sleeps, 1), 1, 0.1)[1] == ["when the time was over there ran on: batch 0 of part"]
