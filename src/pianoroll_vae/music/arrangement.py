"""A piece to be written as MIDI: the kept notes of a musician's file, and new notes on the tracks of their instruments.

Kept notes keep their ticks, velocities, channels and programs, their tracks keep controllers, and the file keeps its
tempo and meter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_marks import ChartMarks
from pianoroll_vae.music.joined_tracks import TrackChannel, join_notes, note_events, restored_sound
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.midi import assign_to_band, key_event, midi_bytes
from pianoroll_vae.music.midi_messages import (
    CONTROL_CHANGE,
    DRUM_CHANNEL,
    MARKER,
    META,
    NOTE_ON,
    PAN,
    PROGRAM_CHANGE,
    TEMPO,
    TEXT,
    TIME_SIGNATURE,
    TRACK_NAME,
    VOLUME,
    meta_message,
    tempo_payload,
    time_signature_payload,
)
from pianoroll_vae.music.midi_tracks import (
    Track,
    file_bytes,
    first_control_change,
    keep_notes,
    without_tempo,
)
from pianoroll_vae.music.nearest_tracks import split_by_track
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.transposition import transpose_song, transpose_track

NEW = " (new)"
"""Ends the name of a separate track for an instrument that the source MIDI has too."""


@dataclass(frozen=True, eq=False, repr=False)
class Arrangement:
    """`new` holds the new notes, and length, tempo and name of the whole piece."""

    new: Song
    source_midi: SourceMidi | None = None
    keep: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    """(notes of the source MIDI,): which are kept."""

    programs: Mapping[str, int] = field(default_factory=dict)
    """Programs that replace those of the source MIDI and of the band, by instrument."""

    tempo: float | None = None
    """Beats a minute of the whole piece; None: the tempo of the source MIDI."""

    chart: Chart | None = None
    """Sections, chords and key that are written into the MIDI file; a source MIDI keeps its own markers and key."""

    marks: ChartMarks | None = None
    """Sections and chords of bars that follow others, on the steps of `new`; written beside the source MIDI's."""

    key: Key | None = None
    """The key that all of the piece was asked to be in, as it is written. The file names it, if the source MIDI names
    none."""

    kept_channels: frozenset[int] = frozenset()
    """Channels whose programs, controllers and bends are kept even if all their notes are new."""

    transpose: int = 0
    """Semitones by which all pitched notes of the source MIDI and the new ones are moved when they are written."""

    separate: bool = False
    """Whether new notes have tracks of their own, beside that of their instrument."""

    spread: bool = False
    """Whether new notes take the place of notes in their bars: they go to the nearest of their instrument's tracks."""

    @staticmethod
    def of(piece: Song | SourceMidi | Arrangement) -> Arrangement:
        """A piece to be written as it is."""
        if isinstance(piece, SourceMidi):
            nothing = replace(piece.song, notes=Notes.empty())
            return Arrangement(nothing, piece, np.ones(len(piece.score), np.bool_))
        return Arrangement(piece) if isinstance(piece, Song) else piece

    def __repr__(self) -> str:
        return f"<Arrangement of {self.song()!r}>"

    @property
    def all_programs(self) -> dict[str, int]:
        """The program of each pitched instrument of the source MIDI, and those in `programs`, which come first."""
        return (self.source_midi.programs if self.source_midi else {}) | dict(self.programs)

    def mute(self, silent: set[str]) -> Arrangement:
        """The arrangement without the new and the kept notes of some instruments."""
        places = [self.new.band.index(name) for name in silent]
        new = replace(self.new, notes=self.new.notes[~np.isin(self.new.notes.instrument, places)])
        keep = self.keep & ~np.isin(self.source_midi.instrument, places) if self.source_midi else self.keep
        return replace(self, new=new, keep=keep)

    def transposed(self, semitones: int) -> Arrangement:
        """The arrangement with kept and new notes moved, its chart and its key."""
        key = self.key and self.key.transposed(semitones)
        if self.source_midi is not None:
            return replace(self, transpose=self.transpose + semitones, key=key)
        chart = self.chart and self.chart.transposed(semitones)
        return replace(self, new=transpose_song(self.new, semitones), chart=chart, marks=None, key=key)

    def song(self) -> Song:
        """Kept and new notes on one grid: 24 steps a beat if there is a source MIDI."""
        if self.source_midi is None:
            return self.new if self.tempo is None else replace(self.new, tempo=((0, self.tempo),))
        kept = assign_to_band(
            self.source_midi.score,
            self.new.band,
            FINE_STEPS_PER_BEAT,
            np.where(self.keep, self.source_midi.instrument, -1),
        )
        new = self.new.regrid(FINE_STEPS_PER_BEAT)
        notes = Notes.concatenate([kept.notes, new.notes])
        tempo = kept.tempo if self.tempo is None else ((0, self.tempo),)
        steps = max(new.steps, int(notes.end.max(initial=0)))
        song = replace(kept, notes=notes, steps=steps, tempo=tempo, name=new.name or kept.name)
        return transpose_song(song, self.transpose)

    def midi(self) -> bytes:
        """The bytes of the MIDI file; the same arrangement gives the same bytes."""
        if self.source_midi is None:
            return midi_bytes(self.song(), self.all_programs, self.chart)
        score, grid = self.source_midi.score, self.new.steps_per_beat
        new = self.new.notes.regrid(grid, score.ticks_per_beat)
        kept = _channels(self.source_midi, self.keep)
        spread = {channel: name for channel, name in self._spread_channels(new).items() if channel not in kept}
        channels = kept | spread
        silent = {place.channel for place in self.source_midi.empty_tracks}
        tracks = keep_notes(self.source_midi.tracks, self.keep, set(channels) | self.kept_channels | silent)
        if self.tempo is not None:
            first, *others = without_tempo(tracks)
            tracks = [[(0, meta_message(TEMPO, tempo_payload(self.tempo))), *first], *others]
        if score.meter_is_estimated:
            first, *others = tracks
            tracks = [[(0, meta_message(TIME_SIGNATURE, time_signature_payload(*score.first_meter))), *first], *others]
        tracks = _with_programs(tracks, self._requested_programs(kept))
        tracks = self._with_new_notes(tracks, new, set(channels))
        tracks = _with_programs(tracks, self._requested_programs(spread))
        if self.marks is not None:
            tracks[0] = _with_marks(tracks[0], self.marks, score.ticks_per_beat / grid)
        tracks = [transpose_track(track, self.transpose) for track in tracks if track]
        if self.key is not None and score.key_signature is None and tracks:
            kind, payload = key_event(self.key)
            tracks[0] = [(0, meta_message(kind, payload)), *tracks[0]]
        return file_bytes(tracks, score.ticks_per_beat)

    def _requested_programs(self, channels: Mapping[int, str]) -> dict[int, int]:
        """Of channels and the names of their instruments, the programs that are asked for."""
        return {channel: self.programs[name] for channel, name in channels.items() if name in self.programs}

    def _with_new_notes(self, tracks: list[Track], new: Notes, taken: set[int]) -> list[Track]:
        """The tracks with new notes, whose steps are ticks of the file; `taken`: channels in use."""
        assert self.source_midi is not None
        tracks, kept = list(tracks), set(taken)
        playing = np.unique(new.instrument).tolist()
        own_tracks: dict[int, TrackChannel | None] = {}
        for index in playing:
            own = self._own_track(index)
            own_tracks[index] = own if own not in own_tracks.values() else None
        taken |= {own.channel for own in own_tracks.values() if own}  # else a new track could share one of them
        for index in playing:
            part = new[new.instrument == index]
            own = own_tracks[index]
            if own is None:
                tracks.append(self._new_track(index, part, taken))
            else:
                for place, notes in self._by_track(index, part, own).items():
                    sound = self._sound_of(index, place.channel, tracks, notes, place.channel in kept)
                    tracks[place.track] = join_notes([*tracks[place.track], *sound], notes, place.channel)
        return tracks

    def _by_track(self, index: int, part: Notes, own: TrackChannel) -> dict[TrackChannel, Notes]:
        """The new notes of an instrument by the track that they join; own: that of most of its notes."""
        assert self.source_midi is not None
        return split_by_track(self.source_midi, index, part, own) if self.spread else {own: part}

    def _spread_channels(self, notes: Notes) -> dict[int, str]:
        """The channels of instruments whose new notes are spread over several tracks: they keep their own sounds."""
        if self.source_midi is None or self.separate or not self.spread:
            return {}
        joining = [index for index in np.unique(notes.instrument).tolist() if self._own_track(index) is not None]
        tracks = {index: self.source_midi.tracks_of(index) for index in joining}
        names = self.source_midi.band.names
        return {place.channel: names[index] for index, own in tracks.items() if len(own) > 1 for place in own}

    def _own_track(self, index: int) -> TrackChannel | None:
        """The track of the source MIDI that the new notes of an instrument join."""
        assert self.source_midi is not None
        return None if self.separate else self.source_midi.own_track(index) or self.source_midi.empty_track(index)

    def _sound_of(self, index: int, channel: int, tracks: list[Track], part: Notes, in_use: bool) -> Track:
        """What new notes need before them on their instrument's own channel: its program and mix where no note of the
        channel is kept, an undone fade-out where they follow the kept ones, else nothing."""
        assert self.source_midi is not None
        has_program = any(channel == place.channel for place in self.source_midi.empty_tracks)
        if has_program and self.new.band.instruments[index].name not in self.programs:
            return []
        if not in_use:
            return self._program_and_mix(index, channel, 0)
        kept = self.source_midi.score.start[self.keep & (self.source_midi.score.channel == channel)]
        begin = int(part.start.min())
        return restored_sound(tracks, channel, int(np.median(kept)), begin) if len(kept) and begin > kept.max() else []

    def _new_track(self, index: int, part: Notes, taken: set[int]) -> Track:
        """A track of its own for the new notes of an instrument."""
        assert self.source_midi is not None
        instrument, own = self.new.band.instruments[index], self.source_midi.channel(index)
        channel = DRUM_CHANNEL if instrument.is_drum else self._free_channel(taken, own)
        first = 0 if channel not in taken else int(part.start.min())
        taken.add(channel)
        name = instrument.name.title() + (NEW if own is not None else "")
        head = [(0, meta_message(TRACK_NAME, name.encode())), *self._program_and_mix(index, channel, first)]
        return head + note_events(part, channel)

    def _free_channel(self, taken: set[int], own: int | None) -> int:
        """The instrument's own channel if it is free, else the first free one, if possible not that of an empty track;
        its own again if none is free."""
        assert self.source_midi is not None
        silent = {place.channel for place in self.source_midi.empty_tracks}
        free = [channel for channel in range(16) if channel not in taken and channel != DRUM_CHANNEL]
        if own is not None and (own in free or not free) and own != DRUM_CHANNEL:
            return own
        return min(free, key=lambda channel: (channel in silent, channel), default=0)

    def _program_and_mix(self, index: int, channel: int, tick: int) -> Track:
        """The program of an instrument from a tick on, and from the start the volume and panning of its own channel."""
        assert self.source_midi is not None
        instrument, own = self.new.band.instruments[index], self.source_midi.channel(index)
        head: Track = []
        if own is not None and own not in self.kept_channels:
            mix = (first_control_change(self.source_midi.tracks, own, control) for control in (VOLUME, PAN))
            head += [(0, bytes([CONTROL_CHANGE | channel, *message[1:]])) for message in mix if message]
        if not instrument.is_drum:
            program = self.all_programs.get(instrument.name, instrument.program)
            head.append((tick, bytes([PROGRAM_CHANGE | channel, program])))
        return head


def _channels(source_midi: SourceMidi, keep: NDArray[np.bool_]) -> dict[int, str]:
    """The channels with kept notes, and the instrument of most of them there, "" where the band has none for them."""
    names: dict[int, str] = {}
    for channel in np.unique(source_midi.score.channel[keep]).tolist():
        instrument = source_midi.instrument[keep & (source_midi.score.channel == channel)] + 1
        names[channel] = ("", *source_midi.band.names)[int(np.bincount(instrument).argmax())]
    return names


def _with_marks(track: Track, marks: ChartMarks, ticks_per_step: float) -> Track:
    """A track with markers and chord symbols, after its own events at their tick; a marker of its own stays alone."""
    own = {tick for tick, event in track if event[:2] == bytes([META, MARKER])}
    sections = [(round(step * ticks_per_step), MARKER, name) for step, name in marks.sections]
    chords = [(round(step * ticks_per_step), TEXT, symbol) for step, symbol in marks.chords]
    new = [
        (tick, meta_message(kind, text.encode(errors="replace")))
        for tick, kind, text in sections + chords
        if kind == TEXT or tick not in own
    ]
    return sorted([*track, *new], key=lambda entry: entry[0])


def _with_programs(tracks: list[Track], programs: Mapping[int, int]) -> list[Track]:
    """The tracks with one program from the start on each of these channels (channel to program)."""
    changes = {PROGRAM_CHANGE | channel for channel in programs}
    changed = [[entry for entry in track if entry[1][0] not in changes] for track in tracks]
    for channel, program in programs.items():
        plays = (any(event[0] == NOTE_ON | channel for _, event in track) for track in changed)
        first = next((number for number, playing in enumerate(plays) if playing), 0)
        changed[first].insert(0, (0, bytes([PROGRAM_CHANGE | channel, program])))
    return changed
