"""Messages leave at their times, and whatever happens, all notes end."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from pianoroll_vae.errors import DeviceUnavailable
from pianoroll_vae.listen.scheduler import send_on_time

ON, OFF, PEDAL, ALL_OFF = b"\x90\x3c\x50", b"\x80\x3c\x40", b"\xb0\x40\x00", b"\xb0\x7b\x00"


class Recorder:
    """A port that keeps what it is sent, and when; `gone_after` so many messages it is gone."""

    def __init__(self, gone_after: int | None = None) -> None:
        self.messages: list[bytes] = []
        self.times: list[float] = []
        self.gone_after = gone_after

    def send(self, message: bytes) -> None:
        if self.gone_after is not None and len(self.messages) >= self.gone_after:
            raise DeviceUnavailable("The port is gone.")
        self.messages.append(message)
        self.times.append(time.perf_counter())


def test_no_message_is_early_and_delays_do_not_add_up() -> None:
    port = Recorder()
    seconds = np.arange(40, dtype=np.float64) * 0.005
    begin = time.perf_counter()
    late = send_on_time(port, seconds, [ON, OFF] * 20)
    times = np.array(port.times[:40]) - begin
    assert (late >= 0).all()
    assert (times >= seconds).all()
    assert np.median(late) < 0.005
    assert port.messages[:40] == [ON, OFF] * 20


def test_at_the_end_no_note_sounds() -> None:
    port = Recorder()
    send_on_time(port, np.zeros(3), [ON, b"\x99\x24\x50", b"\x99\x24\x00"])
    assert port.messages[3:] == [OFF, PEDAL, ALL_OFF, b"\xb9\x40\x00", b"\xb9\x7b\x00"]


def test_ctrl_c_ends_all_notes() -> None:
    port = Recorder()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the shell may have set it to be ignored
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        send_on_time(port, np.array([0.0, 30.0]), [ON, OFF])
    signal.signal(signal.SIGINT, before)
    assert time.perf_counter() - begin < 5
    assert port.messages == [ON, OFF, PEDAL, ALL_OFF]


def test_where_the_port_is_gone_that_is_the_error() -> None:
    with pytest.raises(DeviceUnavailable, match="is gone"):
        send_on_time(Recorder(gone_after=1), np.zeros(2), [ON, OFF])


def test_a_check_is_made_in_gaps_between_messages() -> None:
    def check() -> None:
        raise DeviceUnavailable("The port is not listed.")

    port = Recorder()
    with pytest.raises(DeviceUnavailable, match="not listed"):
        send_on_time(port, np.array([0.0, 1.1, 9.0]), [ON, OFF, ON], check)
    assert port.messages[:2] == [ON, OFF]
