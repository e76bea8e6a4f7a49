"""The meter of music whose file names none."""

from pathlib import Path

import mido
import numpy as np
import pytest
from numpy.typing import NDArray

from pianoroll_vae.desk.midi_input import open_source
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.meter_estimate import MIN_NOTES, estimate_meter
from pianoroll_vae.music.midi_score import parse_score
from pianoroll_vae.progress import SilentWatch

Notes = tuple[NDArray[np.float64], NDArray[np.int64]]


def music(bar: int, notes: int = 2 * MIN_NOTES, seed: int = 0) -> Notes:
    """Beats and pitches: two notes a beat; most bars are as the one before, but for a pitch that moves."""
    rng = np.random.default_rng(seed)
    pitch = np.tile(rng.integers(40, 80, 2 * bar), -(-notes // (2 * bar)))[:notes]
    return np.arange(notes) / 2, np.where(rng.random(notes) < 0.4, rng.integers(40, 80, notes), pitch)


@pytest.mark.parametrize("bar", [3, 4])
def test_music_is_in_the_bars_after_which_its_notes_come_back(bar: int) -> None:
    assert estimate_meter(*music(bar)) == (bar, 4)


def test_music_without_repetition_or_with_few_notes_is_in_four() -> None:
    rng = np.random.default_rng(0)
    assert estimate_meter(np.arange(400) / 2, rng.integers(0, 128, 400)) == (4, 4)
    assert estimate_meter(*music(3, MIN_NOTES - 1)) == (4, 4)
    assert estimate_meter(np.zeros(0), np.zeros(0, np.int64)) == (4, 4)


def played_file(path: Path, named: tuple[int, int] | None) -> Path:
    """Music in three whose file names a meter, or none."""
    track = mido.MidiTrack()
    if named:
        track.append(mido.MetaMessage("time_signature", numerator=named[0], denominator=named[1]))
    for pitch in music(3)[1].tolist():
        track.append(mido.Message("note_on", note=pitch, velocity=80))
        track.append(mido.Message("note_off", note=pitch, time=240))
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    return path


def test_a_file_that_names_no_meter_is_read_and_written_in_the_one_it_is_in(tmp_path: Path) -> None:
    watch = SilentWatch()
    source_midi = open_source(played_file(tmp_path / "a.mid", None), watch=watch)
    assert source_midi.song.meters == ((0, 3, 4),)
    assert watch.notices == [f"{tmp_path / 'a.mid'} names no meter; its notes come back after bars of 3/4."]
    written = Arrangement(source_midi.song, source_midi, np.ones(len(source_midi.score), np.bool_)).midi()
    assert parse_score(written, "it", False).meters == ((0, 3, 4),)
    assert source_midi.before(24 * 3 * 4).song.meters == ((0, 3, 4),)


def test_a_meter_that_the_file_names_holds(tmp_path: Path) -> None:
    watch = SilentWatch()
    source_midi = open_source(played_file(tmp_path / "a.mid", (4, 4)), watch=watch)
    assert (source_midi.song.meters, watch.notices) == (((0, 4, 4),), [])
