"""A change of bars is applied to the notes of a file, wherever on a fine grid they were played."""

from pathlib import Path

import mido
import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import NOTE_COLUMNS, Bars
from pianoroll_vae.music.beat_grid import snap_notes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BEAT
from pianoroll_vae.music.source_changes import apply_bar_change
from pianoroll_vae.music.source_midi import SourceMidi

TICKS = 480
DRUMS = LPD5.drums


def played_file(path: Path, late: int, beats: int = 16) -> Path:
    """Eighths of a piano, each `late` ticks after its place."""
    track = mido.MidiTrack()
    clock = 0
    for eighth in range(2 * beats):
        at = max(eighth * TICKS // 2 + late, 0)
        track.append(mido.Message("note_on", note=60 + eighth % 12, velocity=90, time=at - clock))
        track.append(mido.Message("note_off", note=60 + eighth % 12, time=TICKS // 4))
        clock = at + TICKS // 4
    file = mido.MidiFile(ticks_per_beat=TICKS)
    file.tracks.append(track)
    file.save(path)
    return path


def bars_of(source_midi: SourceMidi) -> Bars:
    song = source_midi.song
    notes = song.notes.regrid(song.steps_per_beat, TWELFTHS_PER_BEAT, "nearest")
    steps = -(-song.steps * TWELFTHS_PER_BEAT // song.steps_per_beat)
    return Bars.from_notes(snap_notes(notes, steps), steps, DRUMS)


@pytest.mark.parametrize("late", [0, 20, 40, -30])
def test_notes_beside_the_grid_are_removed_with_their_bars(tmp_path: Path, late: int) -> None:
    source_midi = SourceMidi.read(played_file(tmp_path / "a.mid", late))
    before = bars_of(source_midi)
    silence = Bars.from_cells([np.zeros((0, NOTE_COLUMNS), np.uint8)] * len(before.source), len(LPD5))
    assert len(before.notes) == len(source_midi.score) == 32
    assert not len(apply_bar_change(source_midi, before, silence).song().notes)
    assert apply_bar_change(source_midi, before, before).song().notes == source_midi.song.notes
