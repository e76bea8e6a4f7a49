"""Why another reader's notes of a MIDI file differ from ours: the file read again by the rules of that reader.

The MIDI format leaves some things to the reader. Where the notes by other rules are exactly those of the other reader,
these rules are the reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Sequence
from itertools import combinations
from pathlib import Path

from pianoroll_vae.music.midi_events import MidiEvents
from pianoroll_vae.music.midi_messages import DRUM_CHANNEL, KEY_PRESSURE, NOTE_ON, PROGRAM_CHANGE
from pianoroll_vae.music.midi_score import MidiScore, parse_midi
from tests.bench.midi_agreement import Note, our_notes, struck_again

REASONS = {
    "overlap": "a key struck again while it sounds: it ends strokes in the order of their beginnings; we end what "
    "sounds at the first release, as a synthesizer does",
    "setup": "a program that another track sets for the channel: it knows a program only within its track",
    "held": "a note that is never released: it leaves it out; we hold it for a beat",
}
"""By rule of the other reader."""


def reasons(path: Path, theirs: Sequence[list[Note]]) -> tuple[str, ...]:
    """The fewest rules by which the file has exactly their notes, none where it has them by ours; ValueError where no
    rules explain them."""
    events, score = parse_midi(path.read_bytes())
    wanted = Counter(struck_again(theirs))
    if Counter(our_notes(score)) == wanted:
        return ()
    for count in range(1, len(REASONS) + 1):
        for rules in combinations(REASONS, count):
            if Counter(struck_again(_parts(events, score, rules))) == wanted:
                return rules
    raise ValueError("no rule explains the difference")


def _parts(events: MidiEvents, score: MidiScore, rules: Collection[str]) -> list[list[Note]]:
    """The notes of the file by these rules, by track, channel and program."""
    programs = score.program.tolist()
    own: dict[tuple[int, int], int] = defaultdict(int)
    sounding: dict[tuple[int, int, int], deque[tuple[int, int, int]]] = defaultdict(deque)
    parts: dict[tuple[int, int, int], list[Note]] = defaultdict(list)
    number = -1

    def end(key: tuple[int, int, int], note: tuple[int, int, int], tick: int) -> None:
        track, channel, pitch = key
        start, velocity, program = note
        drums = channel == DRUM_CHANNEL
        parts[track, channel, program].append((0 if drums else program, drums, pitch, start, tick, velocity))

    columns = (events.track, events.tick, events.status, events.begin)
    for track, tick, status, begin in zip(*(column.tolist() for column in columns), strict=True):
        channel, first = status & 0x0F, events.data[begin : begin + 1]
        if status & 0xF0 == PROGRAM_CHANGE:
            own[track, channel] = first[0] & 0x7F
        if status >= KEY_PRESSURE:
            continue
        key, velocity = (track, channel, first[0]), events.data[begin + 1]
        if status >= NOTE_ON and velocity:
            number += 1
            if "overlap" not in rules:
                while sounding[key]:
                    end(key, sounding[key].popleft(), tick)
            program = own[track, channel] if "setup" in rules else programs[number]
            sounding[key].append((tick, velocity, program))
        elif sounding[key]:
            end(key, sounding[key].popleft(), tick)
    if "held" not in rules:
        for key, notes in sounding.items():
            for note in notes:
                end(key, note, note[0] + events.ticks_per_beat)
    return list(parts.values())
