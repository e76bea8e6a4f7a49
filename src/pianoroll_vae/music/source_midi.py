"""A musician's MIDI file: its events and notes in ticks, and the same notes as a song of a band."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from pianoroll_vae.music.band import FAMILY_PROGRAMS, LPD5, Band
from pianoroll_vae.music.joined_tracks import TrackChannel
from pianoroll_vae.music.midi import assign_to_band, assign_tracks
from pianoroll_vae.music.midi_events import MidiEvents
from pianoroll_vae.music.midi_messages import (
    DRUM_CHANNEL,
    MARKER,
    META,
    NOTE_ON,
    PROGRAM_CHANGE,
    TEMPO,
    TRACK_NAME,
    meta_message,
    tempo_payload,
)
from pianoroll_vae.music.midi_score import MidiScore, parse_midi, read_file
from pianoroll_vae.music.midi_tracks import Track, before_tick, file_bytes, keep_notes, split_tracks
from pianoroll_vae.music.notes import Column
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song


@dataclass(frozen=True, eq=False, repr=False)
class SourceMidi:
    """A MIDI file whose notes are assigned to a band. The columns have one entry for each of the file's notes."""

    events: MidiEvents
    score: MidiScore
    band: Band
    instrument: Column
    """(notes,): the instrument that plays each note, -1 where the band has none for it."""

    @staticmethod
    def read(path: Path, band: Band = LPD5, all_as: str | None = None, salvage: bool = False) -> SourceMidi:
        """The MIDI file at `path`; with `all_as` every note is assigned to that instrument.

        With `salvage` a damaged file is read as far as it goes; `score.unread` is what is missing.
        """
        return SourceMidi.from_bytes(read_file(path), band, all_as, str(path), salvage)

    @staticmethod
    def from_bytes(
        data: bytes,
        band: Band = LPD5,
        all_as: str | None = None,
        source: str = "The MIDI file",
        salvage: bool = False,
    ) -> SourceMidi:
        events, score = parse_midi(data, source, salvage)
        instrument = assign_tracks(score, band) if all_as is None else np.full(len(score), band.index(all_as))
        return SourceMidi(events, score, band, instrument)

    def __repr__(self) -> str:
        return f"<SourceMidi of {self.song!r}>"

    @cached_property
    def song(self) -> Song:
        """The music at 24 steps a beat."""
        return assign_to_band(self.score, self.band, FINE_STEPS_PER_BEAT, self.instrument)

    @cached_property
    def tracks(self) -> list[Track]:
        return split_tracks(self.events)

    @property
    def markers(self) -> set[str]:
        """The texts of all markers, of those up to 127 bytes."""
        marker = bytes([META, MARKER])
        return {event[3:].decode("latin-1") for track in self.tracks for _, event in track if event[:2] == marker}

    @property
    def playing(self) -> tuple[str, ...]:
        """The names of the instruments that play a note, in the band's order."""
        return tuple(name for index, name in enumerate(self.band.names) if (self.instrument == index).any())

    @cached_property
    def programs(self) -> dict[str, int]:
        """The program of most notes of each pitched instrument that plays."""
        played = {name: self.score.program[self.instrument == self.band.index(name)] for name in self.playing}
        drums = {instrument.name for instrument in self.band if instrument.is_drum}
        return {name: int(np.bincount(row).argmax()) for name, row in played.items() if name not in drums}

    def channel(self, instrument: int) -> int | None:
        """The channel of most notes of an instrument."""
        channels = self.score.channel[self.instrument == instrument]
        return int(np.bincount(channels).argmax()) if len(channels) else None

    def own_track(self, instrument: int) -> TrackChannel | None:
        """Track and channel of most notes of an instrument; None without notes, or where other instruments play on that
        channel too."""
        own = self.instrument == instrument
        channel = DRUM_CHANNEL if self.band.instruments[instrument].is_drum else self.channel(instrument)
        on_channel = self.score.channel == channel
        if channel is None or not (own & on_channel).any() or (on_channel & ~own).any():
            return None
        return TrackChannel(int(np.bincount(self.track[own & on_channel]).argmax()), channel)

    def tracks_of(self, instrument: int) -> set[TrackChannel]:
        """Tracks and channels of an instrument's notes, but for channels on which other instruments play too."""
        own = self.instrument == instrument
        shared = set(self.score.channel[~own].tolist())
        places = zip(self.track[own].tolist(), self.score.channel[own].tolist(), strict=True)
        return {TrackChannel(track, channel) for track, channel in places if channel not in shared}

    @cached_property
    def empty_tracks(self) -> dict[TrackChannel, int]:
        """The tracks without notes that set the program of a channel without notes, and that program: those of
        instruments that could play. Files that were written here have one for each instrument."""
        used, found = set(self.score.channel.tolist()), {}
        for index in sorted(set(range(len(self.tracks))) - set(self.track.tolist())):
            programs = {
                event[0] & 0x0F: event[1] for _, event in self.tracks[index] if event[0] >> 4 == PROGRAM_CHANGE >> 4
            }
            if len(programs) == 1 and not programs.keys() & used:
                [(channel, program)] = programs.items()
                found[TrackChannel(index, channel)] = program
        return found

    def empty_track(self, instrument: int) -> TrackChannel | None:
        """The empty track of an instrument that has no notes: the one with its name, else the first with a program of
        its kind."""
        own = self.band.instruments[instrument]
        if (self.instrument == instrument).any():
            return None
        name = meta_message(TRACK_NAME, own.name.title().encode())
        places = {
            at: program for at, program in self.empty_tracks.items() if (at.channel == DRUM_CHANNEL) == own.is_drum
        }
        named = [place for place in places if name in [event for _, event in self.tracks[place.track]]]
        of_its_kind = [
            place
            for place, program in places.items()
            if own.is_drum or program in own.family or program // FAMILY_PROGRAMS == own.program // FAMILY_PROGRAMS
        ]
        return next(iter(named + of_its_kind), None)

    @cached_property
    def track(self) -> Column:
        """(notes,): the index of each note's track."""
        counts = [sum(event[0] >> 4 == NOTE_ON >> 4 and event[2] > 0 for _, event in track) for track in self.tracks]
        return np.repeat(np.arange(len(counts)), counts)

    def before(self, step: int) -> SourceMidi:
        """The file without what begins at a step of `song` or later; notes that sound then end where they did."""
        scale = self.score.ticks_per_beat / FINE_STEPS_PER_BEAT
        keep = np.rint(self.score.start / scale) < step
        tracks = before_tick(keep_notes(self.tracks, keep, set(range(16))), round(step * scale))
        events, score = parse_midi(file_bytes(tracks, self.score.ticks_per_beat), "The part of the MIDI file")
        score = replace(score, meters=self.score.meters or ((0, *self.score.first_meter),))
        return SourceMidi(events, score, self.band, self.instrument[keep])

    def with_tempo(self, step: int, tempo: float) -> SourceMidi:
        """The file in one tempo from a step of `song` on."""
        tick = round(step * self.score.ticks_per_beat / FINE_STEPS_PER_BEAT)
        tracks = [
            [(at, event) for at, event in track if at < tick or event[:2] != bytes([META, TEMPO])]
            for track in self.tracks
        ]
        change = tick, meta_message(TEMPO, tempo_payload(tempo))
        tracks[0] = sorted([*tracks[0], change], key=lambda entry: entry[0])
        events, score = parse_midi(file_bytes(tracks, self.score.ticks_per_beat), "The MIDI file")
        return SourceMidi(events, score, self.band, self.instrument)

    def start_beats(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """(notes,): where each note of the file begins, in beats."""
        return self.score.start / self.score.ticks_per_beat
