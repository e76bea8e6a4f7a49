"""A soundfont is copied with loops that can be played without reading beyond a sample."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.listen.audio import default_soundfont
from pianoroll_vae.listen.soundfont import check_soundfont, read_tables
from pianoroll_vae.listen.soundfont_copy import ROOM, playable_copy
from tests.listen.test_soundfont import sample, soundfont

RENDER = """
import hashlib
from dataclasses import replace
import numpy as np
from pianoroll_vae.listen.audio import default_soundfont, synthesise_raw
from pianoroll_vae.music.notes import Notes
from tests.listen.songs import silence
song = silence()
for program, pitch in ((48, 90), (78, 30), (78, 76)):
    notes = Notes.tidy([1], [pitch], [0], [20], [100])
    samples = synthesise_raw(replace(song, notes=notes), default_soundfont(), {"guitar": program})
    print(hashlib.sha256(np.ascontiguousarray(samples)).hexdigest())
"""
"""Prints a digest of notes whose loops the bundled soundfont has at the end of a sample, and moved back as a whole."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="The memory of another C library cannot be filled.")
def test_the_sound_does_not_depend_on_what_lies_in_memory() -> None:
    root = Path(__file__).parents[2]
    printed = [
        subprocess.run(
            [sys.executable, "-c", RENDER],
            env={**os.environ, "PYTHONPATH": str(root), "MALLOC_PERTURB_": filling},
            capture_output=True,
            check=True,
        ).stdout
        for filling in ("1", "170")
    ]
    assert printed[0] == printed[1]
    assert len(printed[0].split()) == 3


def test_a_sample_ends_behind_its_loop_but_not_in_the_next_one(tmp_path: Path) -> None:
    headers = sample(0, 100, 8, 99) + sample(110, 200, 120, 199) + sample(250, 300, 260, 261) + bytes(46)
    path = soundfont(tmp_path / "a.sf2", {"shdr": headers}, samples=320)
    copy = playable_copy(path)
    assert copy != path
    check_soundfont(copy)
    with copy.open("rb") as file:
        tables, _ = read_tables(file)
    assert tables["shdr"]["end"][:-1].tolist() == [110, 199 + ROOM, 261 + ROOM]


def test_a_loop_that_would_be_emptied_stays_in_its_place(tmp_path: Path) -> None:
    moved_back = struct.pack("<HHHhHhHHHH", 43, 0x7F00, 2, -70, 3, -50, 53, 0, 0, 0)
    tables = {"igen": moved_back, "ibag": struct.pack("<4H", 0, 0, 4, 0), "shdr": sample(0, 200, 80, 120) + bytes(46)}
    copy = playable_copy(soundfont(tmp_path / "a.sf2", tables, samples=250))
    with copy.open("rb") as file:
        generators = read_tables(file)[0]["igen"]
    assert generators["kind"].tolist() == [43, 2, 3, 53, 0]
    assert generators["amount"].tolist() == [0x7F00, 0, 0, 0, 0]


def test_a_soundfont_whose_loops_end_early_is_played_as_it_is(tmp_path: Path) -> None:
    path = soundfont(tmp_path / "a.sf2", {"shdr": sample(0, 200, 80, 120) + bytes(46)}, samples=250)
    assert playable_copy(path) == path


def test_the_sound_itself_is_copied_unchanged() -> None:
    whole = np.fromfile(default_soundfont(), np.uint8)
    copy = np.fromfile(playable_copy(default_soundfont()), np.uint8)
    assert whole.shape == copy.shape
    assert 0 < np.count_nonzero(whole != copy) < 4000
