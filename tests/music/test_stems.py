"""The stems of a file have all of its notes, each part its own."""

from pathlib import Path

import mido
import numpy as np

from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.stems import split_parts, split_stems
from tests.midi_files import messages_of, midi_file, notes_of, unusual_file


def test_each_track_is_a_stem_with_its_own_notes_tempo_and_controllers(tmp_path: Path) -> None:
    source = midi_file(tmp_path / "a.mid")
    stems = split_stems(SourceMidi.read(source))
    assert [stem.name for stem in stems] == ["Piano", "guitar", "lead guitar", "Bass", "Drums"]
    found = []
    for stem in stems:
        path = tmp_path / f"{stem.name}.mid"
        path.write_bytes(stem.midi)
        assert len({note[0] for note in notes_of(path)}) == 1
        assert messages_of(path, "set_tempo", "time_signature") == messages_of(source, "set_tempo", "time_signature")
        assert len(messages_of(path, "control_change", "pitchwheel")) == 2
        assert len(mido.MidiFile(path).tracks) == 2
        found += notes_of(path)
    assert sorted(found) == sorted(notes_of(source))


def test_channels_of_one_track_are_stems_named_by_their_instruments(tmp_path: Path) -> None:
    stems = split_stems(SourceMidi.read(unusual_file(tmp_path / "a.mid", "beyond the grid")))
    assert [stem.name for stem in stems] == ["Piano", "Drums"]


def test_channels_of_one_track_with_one_kind_of_instrument_are_named_by_their_programs(tmp_path: Path) -> None:
    track = mido.MidiTrack()
    programs = {0: 25, 1: 30, 2: 34, 3: 4, 4: 30, 5: 4, 9: 0}
    for channel, program in programs.items():
        track.append(mido.Message("program_change", channel=channel, program=program))
        track.append(mido.Message("note_on", channel=channel, note=60))
        track.append(mido.Message("note_off", channel=channel, note=60, time=96))
    path = tmp_path / "a.mid"
    mido.MidiFile(type=0, ticks_per_beat=96, tracks=[track]).save(path)
    names = [stem.name for stem in split_stems(SourceMidi.read(path))]
    guitars, pianos = ["Acoustic Guitar (steel)", "Distortion Guitar"], ["Electric Piano 1", "Electric Piano 1 (2)"]
    assert names == [*guitars, "Bass", pianos[0], "Distortion Guitar 2", pianos[1], "Drums"]


def test_equal_names_are_numbered(tmp_path: Path) -> None:
    stems = split_stems(SourceMidi.read(unusual_file(tmp_path / "a.mid", "20 tracks")))
    names = [stem.name for stem in stems]
    assert len(names) == len(np.unique(names)) == 20


def test_names_are_read_as_programs_write_them_today_and_as_they_did(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    for charset, names in (("utf-8", ["ピアノ", "Baß", "弦" * 60]), ("latin-1", ["Klavier", "Baß", "Flöte"])):
        file = mido.MidiFile(midi_file(path, instruments=("piano", "bass", "strings")), charset=charset)
        for track, name in zip(file.tracks[1:], names, strict=True):
            track[0] = mido.MetaMessage("track_name", name=name)
        file.save(path)
        source_midi = SourceMidi.read(path)
        assert [part.name for part in split_parts(source_midi)] == names
        stems = split_stems(source_midi)
        assert [stem.name for stem in stems] == ["Piano", "Bass", "Strings"], (
            "the instruments, whatever their tracks say"
        )
        again = tmp_path / "stem.mid"
        again.write_bytes(stems[-1].midi)
        assert [part.name for part in split_parts(SourceMidi.read(again))] == names[-1:]
