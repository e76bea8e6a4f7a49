"""MIDI files of many kinds, and what an independent reader finds in a file."""

import io
import tempfile
from collections import defaultdict
from functools import cache
from pathlib import Path

import mido
import numpy as np

Note = tuple[int, int, int, float, float, int]
"""channel, program, pitch, beat of its start, beat of its end, velocity"""


def midi_file(
    path: Path,
    beats: int = 48,
    ticks: int = 192,
    instruments: tuple[str, ...] = ("piano", "guitar", "lead guitar", "bass", "drums"),
    meter: tuple[int, int] = (4, 4),
    tempi: tuple[float, ...] = (97.0, 103.5),
    seed: int = 3,
) -> Path:
    """A played file, in A minor: its notes lie beside the grid; it has controllers, lyrics, bends and tempo changes."""
    path.write_bytes(_played(beats, ticks, instruments, meter, tempi, seed))
    return path


@cache
def _played(
    beats: int, ticks: int, instruments: tuple[str, ...], meter: tuple[int, int], tempi: tuple[float, ...], seed: int
) -> bytes:
    """What is in such a file. It is made once, as many tests begin with the same one, and mido is slow."""
    sounds = {"piano": (0, 4), "guitar": (3, 27), "lead guitar": (5, 30), "bass": (7, 34), "drums": (9, 0)}
    sounds |= {"strings": (8, 50), "flute": (11, 73)}
    rng = np.random.default_rng(seed)
    file = mido.MidiFile(type=1, ticks_per_beat=ticks)
    head = mido.MidiTrack([mido.MetaMessage("track_name", name="A Sketch")])
    head.append(mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]))
    for index, tempo in enumerate(tempi):
        wait = 0 if index == 0 else ticks * beats // len(tempi)
        head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo), time=wait))
    file.tracks.append(head)
    for name in instruments:
        channel, program = sounds[name]
        events = [(0, 0, mido.MetaMessage("track_name", name=name))]
        events += [(0, 1, mido.Message("program_change", channel=channel, program=program))]
        events += [(0, 2, mido.Message("control_change", channel=channel, control=7, value=60 + channel))]
        events += [(ticks, 2, mido.Message("pitchwheel", channel=channel, pitch=300))]
        events += [(2 * ticks, 2, mido.MetaMessage("lyrics", text="la"))]
        centre = {"bass": 33, "drums": 36}.get(name, 57)
        for beat in np.arange(0, beats, 0.5 if name == "drums" else 1):
            degree = int(rng.choice([0, 3, 7, 12, 10]))
            pitch = int(rng.choice([36, 38, 42])) if name == "drums" else centre + degree
            start = max(int(beat * ticks) + int(rng.integers(-9, 10)), 0)
            end = start + int(ticks * 0.4)
            events.append(
                (start, 4, mido.Message("note_on", channel=channel, note=pitch, velocity=int(rng.integers(40, 120))))
            )
            events.append((end, 3, mido.Message("note_off", channel=channel, note=pitch)))
        track, now = mido.MidiTrack(), 0
        for tick, _, message in sorted(events, key=lambda event: event[:2]):
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def melody_file(path: Path, pitches: tuple[int, ...] = (69, 71, 72, 74, 76, 74, 72, 71)) -> Path:
    """A tune of one note a beat in a single track that names no program."""
    file = mido.MidiFile(type=0, ticks_per_beat=480)
    track = mido.MidiTrack()
    for pitch in pitches:
        track.append(mido.Message("note_on", note=pitch, velocity=90))
        track.append(mido.Message("note_off", note=pitch, time=480))
    file.tracks.append(track)
    file.save(path)
    return path


UNUSUAL_FILES = (
    "no notes",
    "one note",
    "12 minutes",
    "3/4",
    "7/8",
    "12 tempi",
    "20 tracks",
    "drums only",
    "beyond the grid",
)


def unusual_file(path: Path, what: str) -> Path:
    """A file that is music, but not the usual one: see `UNUSUAL_FILES`."""
    path.write_bytes(_unusual_content(what))
    return path


@cache
def _unusual_content(what: str) -> bytes:
    """What is in it. It is made once, as many tests begin with the same file."""
    with tempfile.TemporaryDirectory() as folder:
        return _write_unusual(Path(folder, "unusual.mid"), what).read_bytes()


def _write_unusual(path: Path, what: str) -> Path:
    match what:
        case "no notes":
            return melody_file(path, ())
        case "one note":
            return melody_file(path, (60,))
        case "12 minutes":  # those of more than ten are rendered in blocks
            return midi_file(path, beats=360, instruments=("piano",), tempi=(30.0,))
        case "3/4":
            return midi_file(path, beats=21, meter=(3, 4))
        case "7/8":
            return midi_file(path, beats=21, meter=(7, 8))
        case "12 tempi":
            return midi_file(path, beats=24, tempi=tuple(range(60, 180, 10)))
        case "drums only":
            return midi_file(path, beats=20, instruments=("drums",))
        case "beyond the grid":
            return _beyond_the_grid(path)
    crowd = mido.MidiFile(ticks_per_beat=96)
    for track in range(20):
        on = mido.Message("note_on", channel=track % 16, note=40 + track)
        program = mido.Message("program_change", channel=track % 16, program=track * 5)
        crowd.tracks.append(mido.MidiTrack([program, on, on.copy(velocity=0, time=96 * 4)]))
    crowd.save(path)
    return path


def _beyond_the_grid(path: Path) -> Path:
    """Sevens against a beat, runs of notes a tick long, and the lowest and highest keys there are."""
    file = mido.MidiFile(type=0, ticks_per_beat=960)
    track = mido.MidiTrack([mido.Message("program_change", program=0)])
    for channel in (0, 9):
        for turn in range(7 * 16):
            key = (0, 127, 60, 38)[turn % 4]
            track.append(mido.Message("note_on", channel=channel, note=key, velocity=1 + turn, time=960 // 7 - 1))
            track.append(mido.Message("note_off", channel=channel, note=key, time=1))
    file.tracks.append(track)
    file.save(path)
    return path


def notes_of(path: Path) -> list[Note]:
    """Every note of a file as mido reads it, sorted."""
    file = mido.MidiFile(path)
    notes: list[Note] = []
    for track in file.tracks:
        now, program = 0, defaultdict(int)
        sounding: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
        for message in track:
            now += message.time
            if message.type == "program_change":
                program[message.channel] = message.program
            elif message.type == "note_on" and message.velocity:
                key = message.channel, message.note
                sounding[key].append((now, message.velocity, program[message.channel]))
            elif message.type in ("note_on", "note_off") and sounding[message.channel, message.note]:
                start, velocity, sound = sounding[message.channel, message.note].pop(0)
                beats = start / file.ticks_per_beat, now / file.ticks_per_beat
                notes.append((message.channel, sound, message.note, *beats, velocity))
    return sorted(notes)


def messages_of(path: Path, *kinds: str) -> list[tuple[float, str]]:
    """Beat and text of every message of some kinds: set_tempo, time_signature, lyrics, pitchwheel, …"""
    file = mido.MidiFile(path)
    found = []
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type in kinds:
                found.append((now / file.ticks_per_beat, str(message.copy(time=0))))
    return sorted(found)


def on_channels(notes: list[Note], *channels: int) -> list[Note]:
    return [note for note in notes if note[0] in channels]
