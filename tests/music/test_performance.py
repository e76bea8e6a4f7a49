"""A file's messages are sent in the order and at the times at which an independent player has them."""

from collections import Counter
from pathlib import Path

import mido
import numpy as np
import pytest

from pianoroll_vae.music.midi_messages import NOTE_ON, PROGRAM_CHANGE
from pianoroll_vae.music.performance import LEAD_SECONDS, Performance, performance
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import midi_file


def sent(path: Path, bars: tuple[int, int] | None = None, clock: bool = False) -> Performance:
    return performance(SourceMidi.read(path), bars, clock)


def onsets(song: Performance) -> list[tuple[float, bytes]]:
    pairs = zip(song.seconds.tolist(), song.messages, strict=True)
    return sorted((at, message) for at, message in pairs if message[0] & 0xF0 == NOTE_ON)


def test_notes_and_changes_come_when_mido_plays_them_through_changes_of_tempo(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "a.mid", tempi=(97.0, 60.0, 140.0))
    song = sent(path)
    now, played = 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on":
            played.append((now + LEAD_SECONDS, bytes(message.bytes())))
    assert [note for _, note in onsets(song)] == [note for _, note in sorted(played)]
    np.testing.assert_allclose([at for at, _ in onsets(song)], [at for at, _ in sorted(played)], atol=1e-4)
    kinds = Counter(message[0] & 0xF0 for message in song.messages)
    assert kinds[0x80] == kinds[0x90] == len(played)
    assert kinds[0xB0] == kinds[0xE0] == 5
    assert (np.diff(song.seconds) >= 0).all()


def test_programs_and_controllers_come_before_the_first_note(tmp_path: Path) -> None:
    song = sent(midi_file(tmp_path / "a.mid"))
    first = next(at for at, message in zip(song.seconds, song.messages, strict=True) if message[0] & 0xF0 == NOTE_ON)
    settings = [message[0] & 0xF0 for at, message in zip(song.seconds, song.messages, strict=True) if at == 0]
    assert settings.count(PROGRAM_CHANGE) == 5
    assert first >= LEAD_SECONDS


def test_bars_are_played_with_the_programs_and_bends_that_hold_there(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "a.mid", tempi=(120.0,))
    whole, part = onsets(sent(path)), onsets(sent(path, bars=(3, 4)))
    inside = [(at - 4.0, note) for at, note in whole if 4.0 <= at - LEAD_SECONDS < 8.0]
    assert [note for _, note in part] == [note for _, note in inside]
    np.testing.assert_allclose([at for at, _ in part], [at for at, _ in inside], atol=1e-3)
    song = sent(path, bars=(3, 4))
    beginning = {message for at, message in zip(song.seconds, song.messages, strict=True) if at == 0}
    assert bytes([0xC7, 34]) in beginning
    assert sum(message[0] & 0xF0 == 0xE0 for message in beginning) == 5
    assert song.length_seconds <= LEAD_SECONDS + 4.0 + 1e-9


def test_a_note_of_no_length_and_one_that_is_never_released_both_end(tmp_path: Path) -> None:
    track = mido.MidiTrack(
        [
            mido.Message("note_on", note=60, velocity=80),
            mido.Message("note_off", note=60),
            mido.Message("note_on", note=64, velocity=80),
        ]
    )
    file = mido.MidiFile(tracks=[track])
    file.save(tmp_path / "a.mid")
    song = sent(tmp_path / "a.mid")
    assert [message[:2] for message in song.messages] == [b"\x90\x3c", b"\x90\x40", b"\x80\x3c", b"\x80\x40"]


def test_a_repeated_note_ends_before_it_begins_again(tmp_path: Path) -> None:
    hits = [mido.Message("note_on", note=60, velocity=80), mido.Message("note_off", note=60, time=240)] * 3
    file = mido.MidiFile(tracks=[mido.MidiTrack(hits)])
    file.save(tmp_path / "a.mid")
    assert [message[0] for message in sent(tmp_path / "a.mid").messages] == [0x90, 0x80] * 3


def test_system_exclusive_messages_are_not_sent_and_no_data_byte_is_above_127(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "a.mid")
    data = path.read_bytes().replace(bytes([0xB0, 7]), bytes([0xF0, 3, 1, 2, 0xF7, 0, 0xB0, 7]))
    path.write_bytes(data.replace(bytes([0xC7, 34]), bytes([0xC7, 0xA2])))
    song = performance(SourceMidi.read(path, salvage=True))
    assert all(message[0] < 0xF0 and max(message[1:]) < 128 for message in song.messages)


@pytest.mark.parametrize(("bars", "head"), [(None, [b"\xfa"]), ((3, 4), [b"\xf2\x20\x00", b"\xfb"])])
def test_a_clock_starts_where_the_music_does_and_counts_24_a_beat(
    tmp_path: Path, bars: tuple[int, int] | None, head: list[bytes]
) -> None:
    song = sent(midi_file(tmp_path / "a.mid", tempi=(120.0,)), bars, clock=True)
    system = [(at, message) for at, message in zip(song.seconds, song.messages, strict=True) if message[0] >= 0xF0]
    clocks = np.array([at for at, message in system if message == b"\xf8"])
    assert [message for _, message in system[: len(head)]] == head
    assert system[-1][1] == b"\xfc"
    assert clocks[0] == pytest.approx(LEAD_SECONDS)
    assert system[0][0] < clocks[0] - 0.001
    np.testing.assert_allclose(np.diff(clocks), 0.5 / 24)
    assert 24 * (8 if bars else 47.8) <= len(clocks) <= 24 * (8 if bars else 48)


def test_an_empty_file_sends_nothing(tmp_path: Path) -> None:
    file = mido.MidiFile(tracks=[mido.MidiTrack()])
    file.save(tmp_path / "a.mid")
    assert sent(tmp_path / "a.mid").messages == []
    assert sent(tmp_path / "a.mid").length_seconds == 0
