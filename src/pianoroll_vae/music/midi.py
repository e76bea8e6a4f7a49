"""Converts MIDI scores to songs and songs to MIDI bytes; ticks become grid steps and back only here.

A file is written with 480 ticks a beat and a named track for each instrument. All grids divide 480, so a song that is
written and read again is the same song.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5, Band, Instrument
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_marks import chart_marks
from pianoroll_vae.music.chord_labels import key_signature
from pianoroll_vae.music.key import Key, key_text
from pianoroll_vae.music.midi_messages import (
    DRUM_CHANNEL,
    END_OF_TRACK,
    KEY_SIGNATURE,
    MARKER,
    NOTE_OFF,
    NOTE_ON,
    PORT,
    PROGRAM_CHANGE,
    TEMPO,
    TEXT,
    TIME_SIGNATURE,
    TRACK_NAME,
    chunk,
    key_signature_payload,
    meta_event,
    tempo_payload,
    time_signature_payload,
)
from pianoroll_vae.music.midi_score import MAX_SONG_BEATS, MidiScore, load_score
from pianoroll_vae.music.notes import Column, Notes, round_steps
from pianoroll_vae.music.song import DEFAULT_TEMPO, MAX_TEMPO, MIN_TEMPO, Song

TICKS_PER_BEAT = 480

_PITCHED_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)


def read_midi(path: Path, band: Band = LPD5, steps_per_beat: int = 24) -> Song:
    """The song in a MIDI file; see `assign_to_band` for the rules."""
    return assign_to_band(load_score(path), band, steps_per_beat)


def assign_to_band(score: MidiScore, band: Band, steps_per_beat: int, instrument: Column | None = None) -> Song:
    """A score as a song of a band; `instrument` (notes,) where it is not that of `assign_tracks`.

    A note begins at the step nearest to its tick and ends at the step nearest to its end (halves go to the even
    step), but is at least one step long. Several tracks may go to one instrument; there an onset cuts the note that
    sounds on its pitch. Tempo and meter change at the nearest step; of several changes on one step the last counts.
    The song lasts as long as the file, silence at its end included.
    """
    _ticks_per_step(steps_per_beat)
    per_tick = steps_per_beat, score.ticks_per_beat
    instrument = assign_tracks(score, band) if instrument is None else instrument
    # Ordered by onset, so that of two onsets on one step the later one stays.
    order = np.argsort(score.start, kind="stable")
    order = order[instrument[order] >= 0]
    start = _steps(score.start[order], per_tick)
    end = np.maximum(_steps(score.end[order], per_tick), start + 1)
    notes = Notes.tidy(instrument[order], score.pitch[order], start, end - start, score.velocity[order])
    steps = max(int(_steps(score.length, per_tick)), int(notes.end.max(initial=0)))
    tempo = {0: DEFAULT_TEMPO} | {
        int(_steps(tick, per_tick)): min(max(60e6 / length, MIN_TEMPO), MAX_TEMPO) for tick, length in score.tempo
    }
    meters = {0: score.first_meter} | {int(_steps(tick, per_tick)): (over, under) for tick, over, under in score.meters}
    return Song(
        band,
        notes,
        steps,
        steps_per_beat,
        tempo=tuple((step, bpm) for step, bpm in tempo.items() if step < max(steps, 1)),
        meters=tuple((step, *meter) for step, meter in meters.items() if step < max(steps, 1)),
        name=score.name,
        key_signature=score.key_signature,
    )


def assign_tracks(score: MidiScore, band: Band) -> Column:
    """(notes,): the instrument that plays each note of a score, -1 where the band has none for its program."""
    sound = score.is_drum * 128 + score.program
    instrument_of_sound = np.full(256, -1, np.int64)
    for played in np.unique(sound):
        instrument = band.instrument_for(int(played) % 128, is_drum=bool(played >= 128))
        instrument_of_sound[played] = -1 if instrument is None else instrument
    return np.asarray(instrument_of_sound[sound])


def band_of(score: MidiScore) -> Band:
    """A band with an instrument for each program of the score, for hearing a file as it was written."""
    sounds = sorted(set(zip(score.is_drum.tolist(), score.program.tolist(), strict=True)))
    pitched = [program for is_drum, program in sounds if not is_drum]
    instruments = [Instrument(f"program {program}", program, family=range(program, program + 1)) for program in pitched]
    if any(is_drum for is_drum, _ in sounds):
        instruments.append(Instrument("drums", 0, is_drum=True))
    return Band("its own", tuple(instruments), lead=instruments[0].name if instruments else "")


def _steps(ticks: ArrayLike, per_tick: tuple[int, int]) -> Column:
    # Multiplied first: then a half is exactly a half, and rounds to the even step.
    steps_per_beat, ticks_per_beat = per_tick
    return round_steps(np.asarray(ticks, np.int64) * steps_per_beat / ticks_per_beat)


def _ticks_per_step(steps_per_beat: int) -> int:
    if steps_per_beat < 1 or TICKS_PER_BEAT % steps_per_beat:
        raise SettingInvalid(f"A beat cannot have {steps_per_beat} steps.", "Use 2, 4, 6, 8, 12 or 24.")
    return TICKS_PER_BEAT // steps_per_beat


def midi_bytes(song: Song, programs: Mapping[str, int] | None = None, chart: Chart | None = None) -> bytes:
    """A type 1 MIDI file: a first track with name, tempo and meter, then one for each instrument of the band.

    `programs` replaces those of the band, by instrument. Drums take channel 10; the others take the other fifteen in
    order, and a sixteenth takes the first of a second port. The sections of `chart` are written as markers, its chords
    as texts where they change, its key as a key signature if it is major or minor, else as a text such as
    {key: D dorian}. Without a chart the song's own key signature is written.
    """
    all_programs = {instrument.name: instrument.program for instrument in song.band} | dict(programs or {})
    for name, program in all_programs.items():
        song.band.index(name)
        if not 0 <= program <= 127:
            raise SettingInvalid(f"{program} is no program for the {name}.", "General MIDI programs run from 0 to 127.")
    if song.steps > MAX_SONG_BEATS * song.steps_per_beat:
        raise SettingInvalid(f"The song is longer than {MAX_SONG_BEATS:,} beats.", "Write it in parts.")
    ticks = _ticks_per_step(song.steps_per_beat)
    end = max(song.steps, int(song.notes.end.max(initial=0))) * ticks
    tracks = [_conductor_track(song, ticks, end, chart)]
    channels = iter([(port, channel) for port in range(128) for channel in _PITCHED_CHANNELS])
    for index, instrument in enumerate(song.band):
        port, channel = (0, DRUM_CHANNEL) if instrument.is_drum else next(channels)
        head = meta_event(TRACK_NAME, instrument.name.title().encode()) + (
            meta_event(PORT, bytes([port])) if port else b""
        )
        head += bytes([0, PROGRAM_CHANGE | channel, all_programs[instrument.name]])
        tracks.append(head + _note_events(song.notes[song.notes.instrument == index], channel, ticks, end))
    header = (1).to_bytes(2) + len(tracks).to_bytes(2) + TICKS_PER_BEAT.to_bytes(2)
    return chunk(b"MThd", header) + b"".join(chunk(b"MTrk", track) for track in tracks)


def _conductor_track(song: Song, ticks: int, end: int, chart: Chart | None) -> bytes:
    """The events of the first track: song name, tempo, meter and chart. `ticks`: of one step."""
    changes = [(step * ticks, TEMPO, tempo_payload(bpm)) for step, bpm in song.tempo]
    changes += [
        (step * ticks, TIME_SIGNATURE, time_signature_payload(over, under)) for step, over, under in song.meters
    ]
    changes += [(0, *key_event(key)) for key in [chart.key if chart else song.key_signature] if key]
    changes += _chart_events(chart, song, ticks) if chart else []
    data = meta_event(TRACK_NAME, song.name.encode(errors="replace")) if song.name else b""
    now = 0
    for tick, kind, payload in sorted(changes):
        if tick <= end:
            data += meta_event(kind, payload, tick - now)
            now = tick
    return data + meta_event(END_OF_TRACK, b"", end - now)


def _chart_events(chart: Chart, song: Song, ticks: int) -> list[tuple[int, int, bytes]]:
    """(tick, kind, payload): a marker for each section, a text for each change of chord."""
    marks = chart_marks(chart, song)
    events = [(step * ticks, MARKER, name.encode(errors="replace")) for step, name in marks.sections]
    return events + [(step * ticks, TEXT, symbol.encode()) for step, symbol in marks.chords]


def key_event(key: Key) -> tuple[int, bytes]:
    """Kind and payload of the meta event that names a key: MIDI has key signatures of major and minor keys alone."""
    signature = key_signature(key)
    if signature is None:
        return TEXT, key_text(key).encode()
    return KEY_SIGNATURE, key_signature_payload(*signature)


def _note_events(notes: Notes, channel: int, ticks: int, end: int) -> bytes:
    """One instrument's notes as delta times and messages, closed by the end of the track."""
    count = len(notes)
    times = np.concatenate([notes.end, notes.start]).astype(np.int64) * ticks
    status = np.repeat([NOTE_OFF | channel, NOTE_ON | channel], count)
    pitch = np.tile(notes.pitch, 2)
    # At one tick note offs come first: else a repeated note would end as it begins.
    order = np.lexsort((pitch, status, times))
    velocity = np.concatenate([np.zeros(count, np.uint8), notes.velocity])
    delta = np.diff(times[order], prepend=0)
    # A row for each event: up to four bytes of delta time, seven bits each, then the message.
    sevens = delta[:, None] >> np.array([21, 14, 7, 0])
    rows = np.empty((2 * count, 7), np.uint8)
    rows[:, :4] = sevens & 0x7F | np.array([0x80, 0x80, 0x80, 0])
    rows[:, 4], rows[:, 5], rows[:, 6] = status[order], pitch[order], velocity[order]
    used = np.ones(rows.shape, bool)
    used[:, :3] = sevens[:, :3] > 0
    return rows[used].tobytes() + meta_event(END_OF_TRACK, b"", end - int(times.max(initial=0)))
