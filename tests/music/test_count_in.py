"""A count-in moves the music a bar later and leaves the settings of its beginning there."""

from pathlib import Path

import mido
import pytest

from pianoroll_vae.music.count_in import with_count_in
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import messages_of, midi_file, notes_of


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (6, 8)])
def test_the_music_begins_a_bar_later_and_each_beat_before_it_is_a_click(
    tmp_path: Path, meter: tuple[int, int]
) -> None:
    source, out = midi_file(tmp_path / "a.mid", beats=12, meter=meter), tmp_path / "b.mid"
    out.write_bytes(with_count_in(SourceMidi.read(source)))
    over, under = meter
    bar = over * 4 / under
    clicks = [note for note in notes_of(out) if note[3] < bar - 0.2 and note[2] in (76, 77)]
    assert [note[3] for note in sorted(clicks, key=lambda note: note[3])] == [beat * 4 / under for beat in range(over)]
    assert all(note[0] == 9 for note in clicks)
    music = sorted(set(notes_of(out)) - set(clicks))
    moved = sorted(
        (channel, program, pitch, start + bar, end + bar, velocity)
        for channel, program, pitch, start, end, velocity in notes_of(source)
    )
    assert len(music) == len(moved)
    assert all(
        one[:3] == other[:3] and one[3:5] == pytest.approx(other[3:5]) for one, other in zip(music, moved, strict=True)
    )
    assert "numerator" in str(messages_of(out, "time_signature"))
    first = next(message for message in mido.MidiFile(out).tracks[0] if message.type == "set_tempo")
    assert first.time == 0
