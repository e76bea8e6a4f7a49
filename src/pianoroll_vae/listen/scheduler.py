"""Sends messages at their times to a MIDI port, or to anything else with `send`.

Each message has a deadline on the monotonic clock, counted from one start, so that delays do not add up. The thread
sleeps until shortly before it and then spins, as a sleep ends late by up to a tenth of a millisecond and more.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.music.midi_messages import CONTROL_CHANGE, NOTE_OFF, NOTE_ON, SUSTAIN, SYSEX

SPIN_SECONDS = 0.001
ALL_NOTES_OFF = 123
CHECK_SECONDS = 1.0
PRIORITY = 10
"""Among real-time threads, from 1 to 99; that of an audio server is higher."""

IDLE_SECONDS = 0.02
"""A check is made in gaps of at least this length, once in `CHECK_SECONDS`."""


class Port(Protocol):
    def send(self, message: bytes) -> None: ...


def send_on_time(
    port: Port, seconds: NDArray[np.float64], messages: Sequence[bytes], check: Callable[[], None] | None = None
) -> NDArray[np.float64]:
    """(messages,): how many seconds after its time each message was sent. All notes end, also at Ctrl-C.

    seconds: (messages,) ascending. check: raises where the port is gone; called about once a second, between notes.
    """
    late = np.zeros(len(messages))
    sounding: set[bytes] = set()  # status and pitch of the note offs that are still to come
    channels: set[int] = set()
    clock = time.perf_counter
    with _without_garbage_collection(), real_time_priority():
        try:
            start = checked = clock()
            for number, (at, message) in enumerate(zip((seconds + start).tolist(), messages, strict=True)):
                if check is not None and (now := clock()) - checked > CHECK_SECONDS and at - now > IDLE_SECONDS:
                    check()
                    checked = now
                wait_until(at)
                port.send(message)
                late[number] = clock() - at
                _count(message, sounding, channels)
        finally:
            _silence(port, sounding, channels)
    return late


def wait_until(deadline: float) -> None:
    """Return at a time of `time.perf_counter`, or at once where it has passed."""
    clock = time.perf_counter
    left = deadline - clock()
    if left > SPIN_SECONDS:
        time.sleep(left - SPIN_SECONDS)
    while clock() < deadline:
        pass


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Without Python's garbage collections, which take milliseconds."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def real_time_priority() -> Iterator[None]:
    """Let this thread run before others whenever it wakes, where Linux permits that to the user."""
    if sys.platform != "linux":
        yield
        return
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, before, parameters)


def _count(message: bytes, sounding: set[bytes], channels: set[int]) -> None:
    status = message[0]
    if status >= SYSEX:
        return
    channel = status & 0x0F
    channels.add(channel)
    if status < NOTE_ON + 16:
        note = bytes([NOTE_OFF | channel, message[1]])
        if status >= NOTE_ON and message[2]:
            sounding.add(note)
        else:
            sounding.discard(note)


def _silence(port: Port, sounding: set[bytes], channels: set[int]) -> None:
    """End all notes: one by one, as not all synthesizers have a message for all, and then with that message."""
    try:
        for note in sorted(sounding):
            port.send(note + b"\x40")
        for channel in sorted(channels):
            port.send(bytes([CONTROL_CHANGE | channel, SUSTAIN, 0]))
            port.send(bytes([CONTROL_CHANGE | channel, ALL_NOTES_OFF, 0]))
    except VaemusicError:  # the port is gone, which is why this is the end
        pass
