"""Reads the meta events of a MIDI file that its music needs: name, tempo, meters, key and ports."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from pianoroll_vae.music.chord_labels import key_of_signature
from pianoroll_vae.music.key import Key, key_of_text
from pianoroll_vae.music.midi_chunks import DamagedError
from pianoroll_vae.music.midi_events import MidiEvents, read_number
from pianoroll_vae.music.midi_messages import KEY_SIGNATURE, META, PORT, TEMPO, TEXT, TIME_SIGNATURE, TRACK_NAME
from pianoroll_vae.music.notes import Column

KINDS = TEMPO, TIME_SIGNATURE, KEY_SIGNATURE, TEXT, TRACK_NAME, PORT
"""Of the meta events that a score is made of."""

MAX_METERS = 10_000
"""Changes of meter. Pictures, charts and bars take time for each."""

MAX_KEY_BYTES = 64
"""Of a text that is searched for a key."""


class MidiMeta(NamedTuple):
    """What the meta events of a file say."""

    name: str
    tempo: tuple[tuple[int, int], ...]
    meters: tuple[tuple[int, int, int], ...]
    key_signature: Key | None
    ports: Column
    """(changes, 2): event, and the port that it chooses."""


def read_meta(events: MidiEvents) -> MidiMeta:
    """What the meta events say; those that are damaged or out of range count for nothing."""
    name = ""
    tempo: list[tuple[int, int]] = []
    meters: list[tuple[int, int, int]] = []
    keys: list[tuple[int, Key]] = []
    ports: list[tuple[int, int]] = []
    for event, tick, kind, payload in meta_events(events, KINDS):
        if kind == TEMPO and len(payload) == 3 and any(payload):
            tempo.append((tick, int.from_bytes(payload)))
        elif kind == TIME_SIGNATURE and len(payload) >= 2 and payload[0] and payload[1] <= 6:
            meters.append((tick, payload[0], 2 ** payload[1]))
        elif kind in (KEY_SIGNATURE, TEXT) and (key := _named_key(kind, payload)) is not None:
            keys.append((tick, key))
        elif kind == TRACK_NAME and event < events.first[1]:
            name = name or name_of_text(payload)
        elif kind == PORT and len(payload) == 1:
            ports.append((event, payload[0]))
    if len(meters) > MAX_METERS:
        raise DamagedError(
            f"changes its meter {len(meters):,} times, more than {MAX_METERS:,}", "That is no song: leave it out."
        )
    return MidiMeta(
        name,
        tuple(sorted(tempo, key=lambda change: change[0])),
        tuple(sorted(meters, key=lambda change: change[0])),
        min(keys, key=lambda change: change[0])[1] if keys else None,
        np.array(ports, np.int64).reshape(-1, 2),
    )


def _named_key(kind: int, payload: bytes) -> Key | None:
    """The key that a key signature or a text names."""
    if kind == KEY_SIGNATURE:
        return key_of_signature(payload)
    return key_of_text(payload[:MAX_KEY_BYTES].decode("latin-1"))


def meta_events(events: MidiEvents, kinds: Collection[int]) -> Iterator[tuple[int, int, int, bytes]]:
    """Event, tick, kind and payload of the meta events of some kinds, in the order of the file."""
    meta = np.flatnonzero(events.status == META)
    kind_of_event = events.bytes[events.begin[meta]]
    wanted = np.isin(kind_of_event, list(kinds))
    meta, kind_of_event = meta[wanted], kind_of_event[wanted]
    columns = meta, events.tick[meta], kind_of_event, events.begin[meta], events.end[meta]
    for event, tick, kind, begin, end in zip(*(column.tolist() for column in columns), strict=True):
        _, payload = read_number(events.data, begin + 1)
        yield event, tick, kind, events.data[payload:end]


def name_of_text(text: bytes) -> str:
    """A name on one line: UTF-8 where it is UTF-8, else the Latin-1 of older programs."""
    try:
        words = text[:400].decode()
    except UnicodeDecodeError:
        words = text[:400].decode("latin-1")
    return "".join(letter if letter.isprintable() else " " for letter in words).strip()
