"""A difference from another reader has a reason, or is a fault."""

from pathlib import Path

import mido
import pytest

from tests.bench.midi_agreement import symusic_notes
from tests.bench.midi_reasons import reasons


def written(path: Path, *tracks: list[mido.Message]) -> Path:
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def on(tick: int, velocity: int = 90) -> mido.Message:
    return mido.Message("note_on", note=60, velocity=velocity, time=tick)


def off(tick: int) -> mido.Message:
    return mido.Message("note_off", note=60, time=tick)


ORDINARY = [on(0), off(240), on(240), off(240)]
OVERLAP = [on(0), on(240), off(120), off(120)]
HELD = [on(0), off(240), on(240)]
PROGRAM = [mido.Message("program_change", program=30)]


@pytest.mark.parametrize(
    ("tracks", "why"),
    [
        ([ORDINARY], ()),
        ([OVERLAP], ("overlap",)),
        ([HELD], ("held",)),
        ([PROGRAM, ORDINARY], ("setup",)),
        ([PROGRAM, OVERLAP], ("overlap", "setup")),
    ],
)
def test_a_difference_has_the_rules_that_explain_it(
    tmp_path: Path, tracks: list[list[mido.Message]], why: tuple[str, ...]
) -> None:
    path = written(tmp_path / "song.mid", *tracks)
    assert reasons(path, symusic_notes(path)) == why


def test_other_notes_have_no_reason(tmp_path: Path) -> None:
    path = written(tmp_path / "song.mid", ORDINARY)
    with pytest.raises(ValueError, match="no rule explains"):
        reasons(path, [[(0, False, 61, 0, 240, 90)]])
