"""Runs tests in workers that are forked once all tests are collected: `pytest --workers=auto`.

What tests import is imported once, and tests are found once: a worker that begins empty takes a dozen seconds for both.
A worker has one chunk of tests after the other, and asks for the next one before the last test of a chunk, as pytest
tears down only the fixtures that the following test does not use. Where a worker dies, the test that it ran has failed,
and a new one goes on with the next.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from _pytest import runner

from pianoroll_vae.sources.worker_pool import cores

SECONDS_TO_END = 60
"""How long a worker may take to tear down what its tests have set up, and to end."""

_context = multiprocessing.get_context("fork")


def number_of_workers(text: str) -> int:
    """`auto` is one more than there are cores: while a worker waits for a browser or a process that it started, all
    cores have something to do. On two cores the tests took 3 and 15 % less."""
    return cores() + 1 if text == "auto" else int(text)


def run_in_workers(session: pytest.Session, chunks: Iterable[Sequence[int]], count: int) -> None:
    """Run the tests that have these places among all that were collected, a chunk of them in one worker."""
    Runner(session, deque(chunks)).run(count)


@dataclass
class Worker:
    process: BaseProcess
    channel: Connection
    """Sends the reports of each test, or None to ask for a chunk."""

    tests: deque[int]
    """The places of the tests that it has still to run, in all that were collected; it is running the first one."""


@dataclass
class Runner:
    """The process that collected the tests: it hands them to workers, and reports what they say."""

    session: pytest.Session
    chunks: deque[Sequence[int]]
    workers: list[Worker] = field(default_factory=list)

    def run(self, count: int) -> None:
        try:
            for _ in range(min(count, len(self.chunks))):
                self._start(self.chunks.popleft())
            while self.workers:
                wait([worker.channel for worker in self.workers], timeout=1)
                for worker in list(self.workers):
                    self._attend(worker)
        finally:
            self._end()

    def _start(self, tests: Sequence[int]) -> None:
        channel, other_end = _context.Pipe()
        folder = _folders(self.session).mktemp("worker")
        ends_of_this_process = [channel, *(worker.channel for worker in self.workers)]
        process = _context.Process(target=_work, args=(self.session, tests, other_end, folder, ends_of_this_process))
        process.start()
        other_end.close()
        self.workers.append(Worker(process, channel, deque(tests)))

    def _attend(self, worker: Worker) -> None:
        is_alive = worker.process.is_alive()  # processes that a dead one has started may keep its channel open
        try:
            while worker.channel.poll():
                reports = worker.channel.recv()
                if reports is None:
                    chunk = self.chunks.popleft() if self.chunks else ()
                    worker.tests.extend(chunk)
                    worker.channel.send(chunk)
                else:
                    self._show(worker.tests.popleft(), map(self._report, reports))
        except (EOFError, ConnectionError):
            is_alive = False
        if not is_alive:
            self._replace(worker)

    def _report(self, content: dict[str, Any]) -> pytest.TestReport:
        config = self.session.config
        report: pytest.TestReport = config.hook.pytest_report_from_serializable(config=config, data=content)
        return report

    def _show(self, place: int, reports: Iterable[pytest.TestReport]) -> None:
        test = self.session.items[place]
        test.ihook.pytest_runtest_logstart(nodeid=test.nodeid, location=test.location)
        for report in reports:
            test.ihook.pytest_runtest_logreport(report=report)
        test.ihook.pytest_runtest_logfinish(nodeid=test.nodeid, location=test.location)
        if self.session.shouldfail:
            raise self.session.Failed(self.session.shouldfail)
        if self.session.shouldstop:
            raise self.session.Interrupted(self.session.shouldstop)

    def _replace(self, worker: Worker) -> None:
        """Go on without a worker that ended: with another one, where it has left tests."""
        _join(worker.process)
        self.workers.remove(worker)
        if worker.tests:
            place, *following = worker.tests
            if following:
                self._start(following)
            test = self.session.items[place]
            message = f"The worker ended with exit status {worker.process.exitcode} while it ran {test.nodeid}."
            self._show(place, [pytest.TestReport(test.nodeid, test.location, {}, "failed", message, "call")])

    def _end(self) -> None:
        """End the workers that still run, after Ctrl-C or where a test failed and no more are wanted."""
        for worker in self.workers:
            if worker.process.pid is not None and worker.process.is_alive():
                os.kill(worker.process.pid, signal.SIGINT)
            worker.channel.close()
        for worker in self.workers:
            _join(worker.process)


def _work(
    session: pytest.Session, tests: Sequence[int], channel: Connection, folder: Path, other_ends: Sequence[Connection]
) -> None:
    for end in other_ends:
        end.close()  # so that each worker notices when the process ends that has the other end of its channel
    _begin_anew(session, folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent process may ignore it
    coming = deque(session.items[place] for place in tests)
    config = session.config
    try:
        while coming:
            if len(coming) == 1:
                channel.send(None)
                coming.extend(session.items[place] for place in channel.recv())
            test = coming.popleft()
            reports = runner.runtestprotocol(test, log=False, nextitem=coming[0] if coming else None)
            channel.send([config.hook.pytest_report_to_serializable(config=config, report=each) for each in reports])
    except (KeyboardInterrupt, EOFError, ConnectionError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes, and then `_end` does
        runner.pytest_sessionfinish(session)


def _join(process: BaseProcess) -> None:
    process.join(SECONDS_TO_END)
    process.kill()


def _begin_anew(session: pytest.Session, folder: Path) -> None:
    """A worker keeps what its tests print in files of its own, and has a folder of its own for their folders."""
    capture = session.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    _folders(session)._basetemp = folder


def _folders(session: pytest.Session) -> pytest.TempPathFactory:
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    return factory
