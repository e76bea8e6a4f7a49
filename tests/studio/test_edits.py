"""An edit changes the notes it names, by an independent reader, and nothing else."""

from pathlib import Path

import mido
import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.edits import Edit, NewNote, edited
from tests.midi_files import Note, midi_file, notes_of


def source(tmp_path: Path, **song: object) -> SourceMidi:
    return SourceMidi.read(midi_file(tmp_path / "song.mid", **song))  # type: ignore[arg-type]


def read(data: bytes, tmp_path: Path) -> list[Note]:
    path = tmp_path / "read.mid"
    path.write_bytes(data)
    return notes_of(path)


def test_a_note_that_is_removed_is_gone_and_the_others_stay(tmp_path: Path) -> None:
    song = source(tmp_path)
    before, after = read(song.events.data, tmp_path), read(edited(song, Edit(remove=[5])), tmp_path)
    assert len(set(before) - set(after)) == 1 and not set(after) - set(before)


def test_a_new_note_goes_into_its_instruments_own_channel_and_track(tmp_path: Path) -> None:
    song = source(tmp_path)
    data = edited(song, Edit(add=[NewNote("bass", 40, 100, 50, 77)]))
    before, after = read(song.events.data, tmp_path), read(data, tmp_path)
    [new] = set(after) - set(before)
    assert new[0] == 7 and new[2] == 40 and new[5] == 77
    assert len(mido.MidiFile(tmp_path / "read.mid").tracks) == len(mido.MidiFile(tmp_path / "song.mid").tracks)


def test_a_new_note_of_a_silent_instrument_gets_a_track_of_its_own(tmp_path: Path) -> None:
    song = source(tmp_path, instruments=("piano",))
    again = SourceMidi.from_bytes(edited(song, Edit(add=[NewNote("strings", 60, 0, 192, 90)])))
    assert again.playing == ("piano", "strings")


def test_a_hundred_edits_add_no_track(tmp_path: Path) -> None:
    song = source(tmp_path)
    tracks = len(song.tracks)
    for number in range(100):
        song = SourceMidi.from_bytes(edited(song, Edit([number], [NewNote("piano", 60, 192 * number, 96, 90)])))
    assert len(song.tracks) == tracks


def test_a_program_changes_for_one_instrument_alone(tmp_path: Path) -> None:
    song = source(tmp_path, instruments=("piano", "guitar", "bass"))
    again = SourceMidi.from_bytes(edited(song, Edit(programs={"guitar": 30})))
    assert again.programs == {"piano": 4, "guitar": 30, "bass": 34}


def test_a_velocity_changes_one_byte_of_the_file(tmp_path: Path) -> None:
    song = source(tmp_path)
    data = edited(song, Edit(velocities={3: 101}))
    assert SourceMidi.from_bytes(data).score.velocity[3] == 101
    assert sum(one != other for one, other in zip(song.events.data, data, strict=True)) == 1


def test_a_note_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="no such note") as error:
        edited(source(tmp_path), Edit(remove=[9999]))
    assert "numbers 0 to" in error.value.hint
