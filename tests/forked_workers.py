"""Workers that are forked, for claims about what is made of the files that they read: to begin empty, as those of users
do, takes each a fifth of a second. Tests of each reader have such workers."""

import multiprocessing

import pytest

from pianoroll_vae.sources import worker_pool


@pytest.fixture
def forked_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "SPAWN", multiprocessing.get_context("fork"))
