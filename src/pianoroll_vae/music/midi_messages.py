"""The bytes of the MIDI file format: status bytes, kinds of meta events, and how events and chunks are written."""

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL_CHANGE, PROGRAM_CHANGE, PITCH_BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xE0
"""Status bytes of messages to a channel; the channel, 0 to 15, is added."""

SYSEX, SYSEX_CONTINUED, META = 0xF0, 0xF7, 0xFF
"""Status bytes of events whose length stands in the file."""

TEXT, TRACK_NAME, LYRICS, MARKER, CUE, PORT, END_OF_TRACK, TEMPO = 0x01, 0x03, 0x05, 0x06, 0x07, 0x21, 0x2F, 0x51
TIME_SIGNATURE, KEY_SIGNATURE = 0x58, 0x59
"""Kinds of meta events."""

MODULATION, VOLUME, PAN, EXPRESSION, SUSTAIN = 1, 7, 10, 11, 64
"""Controllers."""

DRUM_CHANNEL = 9


def meta_event(kind: int, payload: bytes, delta: int = 0) -> bytes:
    """A meta event, `delta` ticks after the event before it."""
    return variable_length(delta) + meta_message(kind, payload)


def meta_message(kind: int, payload: bytes) -> bytes:
    """A meta event without its delta time."""
    return bytes([META, kind]) + variable_length(len(payload)) + payload


def variable_length(number: int) -> bytes:
    """A number in MIDI's seven bits a byte, the last byte without the high bit."""
    data = bytes([number & 0x7F])
    while number := number >> 7:
        data = bytes([number & 0x7F | 0x80]) + data
    return data


def tempo_payload(beats_per_minute: float) -> bytes:
    """Microseconds a beat, the payload of a tempo event."""
    # In three bytes: 3.6 beats a minute is the slowest tempo of the format.
    return min(max(round(60e6 / beats_per_minute), 1), 0xFFFFFF).to_bytes(3)


def time_signature_payload(numerator: int, denominator: int) -> bytes:
    """The payload of a time signature event; `denominator` is a power of two."""
    clocks = max(96 // denominator, 1)
    return bytes([numerator, denominator.bit_length() - 1, clocks, 8])


def key_signature_payload(sharps: int, minor: bool) -> bytes:
    """The payload of a key signature event; `sharps` is -7 to 7, below 0 for flats."""
    return sharps.to_bytes(1, signed=True) + bytes([minor])


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a MIDI file: MThd or MTrk."""
    return name + len(content).to_bytes(4) + content
