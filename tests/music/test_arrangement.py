"""What a musician brought stays as it was: read again by an independent reader."""

from pathlib import Path

import mido
import numpy as np
import symusic

from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import messages_of, midi_file, notes_of, on_channels


def new_notes(source_midi: SourceMidi, *notes: tuple[int, int, int, int, int]) -> Song:
    """(instrument, pitch, start, length, velocity) on the sketch's grid."""
    song = source_midi.song
    return Song(LPD5, Notes.tidy(*np.array(notes).reshape(-1, 5).T), song.steps, FINE_STEPS_PER_BEAT, song.tempo)


def test_everything_kept_is_the_file_as_it_was(tmp_path: Path) -> None:
    source = midi_file(tmp_path / "a.mid")
    source_midi = SourceMidi.read(source)
    copy = tmp_path / "b.mid"
    copy.write_bytes(Arrangement(new_notes(source_midi), source_midi, np.ones(len(source_midi.score), bool)).midi())
    assert notes_of(copy) == notes_of(source)
    spoken = "set_tempo", "time_signature", "lyrics", "pitchwheel", "control_change", "program_change", "track_name"
    assert messages_of(copy, *spoken) == messages_of(source, *spoken)
    ours, theirs = symusic.Score(str(copy)), symusic.Score(str(source))
    assert isinstance(ours, symusic.core.ScoreTick)
    assert isinstance(theirs, symusic.core.ScoreTick)
    assert [t.notes.copy() for t in ours.tracks] == [t.notes.copy() for t in theirs.tracks]


def test_only_the_removed_notes_are_removed(tmp_path: Path) -> None:
    source = midi_file(tmp_path / "a.mid")
    source_midi = SourceMidi.read(source)
    keep = source_midi.instrument != LPD5.index("guitar")
    (tmp_path / "b.mid").write_bytes(Arrangement(new_notes(source_midi), source_midi, keep).midi())
    assert notes_of(tmp_path / "b.mid") == on_channels(notes_of(source), 0, 7, 9)
    assert "channel=3" not in str(messages_of(tmp_path / "b.mid", "pitchwheel", "control_change"))


def test_a_new_part_takes_the_channel_and_sound_of_the_part_it_replaces(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", instruments=("piano", "lead guitar", "drums")))
    keep = source_midi.instrument != LPD5.index("guitar")
    arrangement = Arrangement(new_notes(source_midi, (1, 60, 24, 12, 99)), source_midi, keep)
    (tmp_path / "b.mid").write_bytes(arrangement.midi())
    assert on_channels(notes_of(tmp_path / "b.mid"), 5) == [(5, 30, 60, 1.0, 1.5, 99)]
    volume = messages_of(tmp_path / "b.mid", "control_change")
    assert (0.0, "control_change channel=5 control=7 value=65 time=0") in volume


def test_new_notes_join_the_track_and_channel_of_their_instrument(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", instruments=("piano", "guitar", "drums")))
    arrangement = Arrangement(
        new_notes(source_midi, (1, 90, 24, 12, 99)), source_midi, np.ones(len(source_midi.score), bool)
    )
    (tmp_path / "b.mid").write_bytes(arrangement.midi())
    assert set(notes_of(tmp_path / "b.mid")) - set(notes_of(tmp_path / "a.mid")) == {(3, 27, 90, 1.0, 1.5, 99)}
    before, after = mido.MidiFile(tmp_path / "a.mid"), mido.MidiFile(tmp_path / "b.mid")
    assert [track.name for track in after.tracks] == [track.name for track in before.tracks]


def test_a_new_track_takes_no_channel_of_a_track_that_is_written_anew(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=96)
    for channel, program in enumerate((0, 48)):
        part = [mido.Message("program_change", channel=channel, program=program)]
        part += [mido.Message("note_on", channel=channel, note=60)]
        part += [mido.Message("note_off", channel=channel, note=60, time=96)]
        file.tracks.append(mido.MidiTrack(part))
    file.save(tmp_path / "a.mid")
    source_midi = SourceMidi.read(tmp_path / "a.mid")
    keep = source_midi.instrument == LPD5.index("piano")
    notes = (LPD5.index("guitar"), 50, 0, 12, 80), (LPD5.index("strings"), 70, 0, 12, 80)
    (tmp_path / "b.mid").write_bytes(Arrangement(new_notes(source_midi, *notes), source_midi, keep).midi())
    assert [note[:3] for note in sorted(notes_of(tmp_path / "b.mid"))] == [(0, 0, 60), (1, 48, 70), (2, 24, 50)]


def test_edits_of_edits_do_not_add_tracks(tmp_path: Path) -> None:
    source = midi_file(tmp_path / "a.mid", instruments=("piano", "bass", "drums"))
    for _ in range(3):
        source_midi = SourceMidi.read(source)
        rng = np.random.default_rng(3)
        keep = rng.random(len(source_midi.score)) < 0.7
        notes = [(int(i), 40 + n, 24 * n, 12, 80) for n, i in enumerate((0, 2, 4))]
        source = tmp_path / "b.mid"
        source.write_bytes(Arrangement(new_notes(source_midi, *notes), source_midi, keep).midi())
    assert [track.name for track in mido.MidiFile(source).tracks] == ["A Sketch", "piano", "bass", "drums"]


def test_the_first_notes_of_an_instrument_join_the_track_that_has_its_name(tmp_path: Path) -> None:
    source, out = tmp_path / "a.mid", tmp_path / "b.mid"
    source.write_bytes(midi_bytes(Song(LPD5, Notes.tidy(*np.array([(0, 60, 0, 4, 80)]).T), 16, 4)))
    source_midi = SourceMidi.read(source)
    notes = (2, 40, 0, 24, 80), (4, 36, 0, 24, 80)
    out.write_bytes(Arrangement(new_notes(source_midi, *notes), source_midi, np.ones(1, bool)).midi())
    assert [track.name for track in mido.MidiFile(out).tracks] == [t.name for t in mido.MidiFile(source).tracks]
    assert [note[:3] for note in sorted(notes_of(out))] == [(0, 0, 60), (2, 32, 40), (9, 0, 36)]


def test_new_notes_join_the_empty_track_of_their_kind_and_other_empty_tracks_stay(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=96)
    for channel, (name, program) in enumerate((("Keys", 4), ("Jazz guitar", 26), ("Flute", 73))):
        file.tracks.append(mido.MidiTrack([mido.MetaMessage("track_name", name=name)]))
        file.tracks[-1].append(mido.Message("program_change", channel=channel, program=program))
        file.tracks[-1].append(mido.Message("control_change", channel=channel, control=7, value=77))
    file.tracks[0] += [mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=96)]
    file.save(tmp_path / "a.mid")
    source_midi, out = SourceMidi.read(tmp_path / "a.mid"), tmp_path / "b.mid"
    new = new_notes(source_midi, (1, 50, 0, 12, 80), (3, 70, 0, 12, 80))
    for programs, guitar in (({}, 26), ({"guitar": 30}, 30)):
        out.write_bytes(Arrangement(new, source_midi, np.ones(1, bool), programs).midi())
        assert [track.name for track in mido.MidiFile(out).tracks] == ["Keys", "Jazz guitar", "Flute", "Strings"]
        assert [note[:3] for note in sorted(notes_of(out))] == [(0, 4, 60), (1, guitar, 50), (3, 48, 70)]
        old = messages_of(tmp_path / "a.mid", "program_change", "control_change")
        assert set(old) <= set(messages_of(out, "program_change", "control_change"))


def test_separate_notes_have_a_track_and_a_channel_of_their_own(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    keep = np.ones(len(source_midi.score), bool)
    new = new_notes(source_midi, (1, 60, 24, 12, 99), (3, 60, 24, 12, 99))
    (tmp_path / "b.mid").write_bytes(Arrangement(new, source_midi, keep, separate=True).midi())
    added = set(notes_of(tmp_path / "b.mid")) - set(notes_of(tmp_path / "a.mid"))
    assert not {note[0] for note in added} & {0, 3, 5, 7, 9}
    assert [track.name for track in mido.MidiFile(tmp_path / "b.mid").tracks][-2:] == ["Guitar (new)", "Strings"]


def test_a_continuation_on_a_channel_that_faded_out_is_heard(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=96)
    track = [mido.Message("control_change", control=7, value=90)]
    for _ in range(4):
        track += [mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=96)]
    track += [mido.Message("control_change", control=7, value=0), mido.Message("pitchwheel", pitch=99)]
    file.tracks.append(mido.MidiTrack(track))
    file.save(tmp_path / "a.mid")
    source_midi = SourceMidi.read(tmp_path / "a.mid")
    arrangement = Arrangement(new_notes(source_midi, (0, 60, 96, 24, 64)), source_midi, np.ones(4, bool))
    (tmp_path / "b.mid").write_bytes(arrangement.midi())
    assert messages_of(tmp_path / "b.mid", "control_change", "pitchwheel") == [
        (0.0, "control_change channel=0 control=7 value=90 time=0"),
        (4.0, "control_change channel=0 control=7 value=0 time=0"),
        (4.0, "control_change channel=0 control=7 value=90 time=0"),
        (4.0, "pitchwheel channel=0 pitch=0 time=0"),
        (4.0, "pitchwheel channel=0 pitch=99 time=0"),
    ]
    assert [note[3:5] for note in notes_of(tmp_path / "b.mid")][-1] == (4.0, 5.0)


def test_with_all_channels_in_use_the_file_still_stays_as_it_was(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=96)
    for channel in range(16):
        notes = [
            mido.Message("note_on", channel=channel, note=60),
            mido.Message("note_off", channel=channel, note=60, time=96),
        ]
        file.tracks.append(mido.MidiTrack([mido.Message("program_change", channel=channel, program=channel), *notes]))
    file.save(tmp_path / "a.mid")
    source_midi = SourceMidi.read(tmp_path / "a.mid")
    arrangement = Arrangement(
        new_notes(source_midi, (1, 40, 24, 12, 99)), source_midi, np.ones(len(source_midi.score), bool)
    )
    (tmp_path / "b.mid").write_bytes(arrangement.midi())
    assert set(notes_of(tmp_path / "a.mid")) < set(notes_of(tmp_path / "b.mid"))


def test_a_removed_note_still_ends_the_note_it_struck_again(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=96)
    on, off = mido.Message("note_on", note=60), mido.Message("note_off", note=60)
    file.tracks.append(mido.MidiTrack([on, on.copy(time=96, velocity=99), off.copy(time=96)]))
    file.save(tmp_path / "a.mid")
    source_midi = SourceMidi.read(tmp_path / "a.mid")
    (tmp_path / "b.mid").write_bytes(Arrangement(new_notes(source_midi), source_midi, np.array([True, False])).midi())
    assert notes_of(tmp_path / "b.mid") == [(0, 0, 60, 0.0, 1.0, 64)]


def test_another_tempo_replaces_all_tempo_changes(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    arrangement = Arrangement(new_notes(source_midi), source_midi, np.ones(len(source_midi.score), bool), tempo=60.0)
    (tmp_path / "b.mid").write_bytes(arrangement.midi())
    assert messages_of(tmp_path / "b.mid", "set_tempo") == [(0.0, "MetaMessage('set_tempo', tempo=1000000, time=0)")]
    assert arrangement.song().tempo == ((0, 60.0),)


def test_another_program_sounds_from_the_first_note_on(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", instruments=("piano", "bass")))
    arrangement = Arrangement(
        new_notes(source_midi), source_midi, np.ones(len(source_midi.score), bool), programs={"bass": 39}
    )
    (tmp_path / "b.mid").write_bytes(arrangement.midi())
    programs = messages_of(tmp_path / "b.mid", "program_change")
    assert programs == [
        (0.0, "program_change channel=0 program=4 time=0"),
        (0.0, "program_change channel=7 program=39 time=0"),
    ]


def test_the_song_to_look_at_holds_kept_and_new_notes(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", instruments=("piano",)))
    song = Arrangement(
        new_notes(source_midi, (3, 60, 24, 12, 99)), source_midi, np.ones(len(source_midi.score), bool)
    ).song()
    assert np.bincount(song.notes.instrument, minlength=5).tolist() == [len(source_midi.score), 0, 0, 1, 0]
    assert Arrangement(song).mute({"piano"}).song().notes.instrument.tolist() == [3]
