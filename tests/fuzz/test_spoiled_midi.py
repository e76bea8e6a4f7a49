"""MIDI files that went bad: thousands of them end in music or in one message, in bounded time and memory."""

import io
import random
import time
import tracemalloc

import mido
import numpy as np

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.midi import assign_to_band
from pianoroll_vae.music.midi_score import MAX_SONG_BEATS, parse_score


def specimens() -> list[bytes]:
    """Small valid files that between them hold everything the format has."""
    rng = random.Random(0)
    files = []
    for kind in (0, 1, 1, 2):
        file = mido.MidiFile(type=kind, ticks_per_beat=rng.choice([96, 120, 480]))
        for index in range(1 if kind == 0 else 4):
            track = mido.MidiTrack([mido.MetaMessage("track_name", name=f"Track {index}")])
            track.append(mido.MetaMessage("set_tempo", tempo=400_000 + index))
            track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4, time=240))
            track.append(mido.Message("sysex", data=[1, 2, 3]))
            track.append(mido.Message("program_change", channel=index, program=rng.randrange(128)))
            for _ in range(40):
                channel = rng.choice([index, 9])
                kind_of_event = rng.choice(["note_on", "note_on", "note_off", "control_change", "pitchwheel"])
                values = {"note": rng.randrange(128), "velocity": rng.randrange(128)}
                track.append(
                    mido.Message(
                        kind_of_event,
                        channel=channel,
                        time=rng.choice([0, 1, 60, 300]),
                        **(values if "note" in kind_of_event else {}),
                    )
                )
            file.tracks.append(track)
        buffer = io.BytesIO()
        file.save(file=buffer)
        files.append(buffer.getvalue())
    return files


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """The file with a few bytes changed, lost, doubled, or replaced by the values that hurt most."""
    spoilt = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(spoilt))
        match rng.randrange(6):
            case 0:
                spoilt[at] = rng.randrange(256)
            case 1:
                spoilt[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4), b"\x80" * 4])
            case 2:
                del spoilt[at : at + rng.randrange(1, 40)]
            case 3:
                spoilt[at:at] = rng.randbytes(rng.randrange(1, 20))
            case 4:
                spoilt[at:at] = spoilt[at : at + rng.randrange(1, 200)]
            case 5:
                del spoilt[at:]
        if not spoilt:
            return b""
    return bytes(spoilt)


def test_thousands_of_spoiled_files_end_in_music_or_in_one_message() -> None:
    rng = random.Random(20)
    whole = specimens()
    until = time.monotonic() + 10
    read = refused = 0
    while read + refused < 2000 and time.monotonic() < until:
        try:
            data, salvage = spoiled(rng.choice(whole), rng), rng.random() < 0.5
            song = assign_to_band(parse_score(data, salvage=salvage), LPD5, rng.choice([2, 4, 24]))
            assert song.notes.end.max(initial=0) <= song.steps <= MAX_SONG_BEATS * 24 + 1
            read += 1
        except VaemusicError as error:
            assert error.message and error.hint
            refused += 1
    assert read > 200 and refused > 200


def test_files_made_to_be_slow_or_large_are_neither() -> None:
    dense = (
        b"\x00\x90\x3c\x40" + b"\x00\x3c\x40" * 15_000 + b"\x00\xff\x2f\x00"
    )  # one key, struck again and again at one tick
    sparse = b"\xff\xff\xff\x7f\xb0\x07\x64" * 10_000 + b"\x00\xff\x2f\x00"  # 13 million million ticks of silence
    tempi = b"\x01\xff\x51\x03\x07\xa1\x20" * 10_000 + b"\x00\xff\x2f\x00"
    head = b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1, 1, 0xE0]) + b"MTrk"
    tracemalloc.start()
    began = time.process_time()
    for track in (dense, sparse, tempi):
        try:
            song = assign_to_band(parse_score(head + len(track).to_bytes(4) + track), LPD5, 24)
            assert np.all(song.notes.length > 0)
        except VaemusicError:
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25 * 2**20
    assert time.process_time() - began < 5
