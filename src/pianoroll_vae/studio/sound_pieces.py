"""Cuts a song into pieces of a few bars, each instrument alone, that are rendered one by one and add up to it.

A note belongs to the piece in which it begins, and sounds on into the next ones. A piece is named by a digest of all
that sounds in it: after an edit only the pieces with other digests have to be rendered again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import bar_starts, seconds_at
from pianoroll_vae.music.midi import TICKS_PER_BEAT, assign_to_band, band_of
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi

OTHERS = "others"
"""The lane of notes for which the band has no instrument. They are played and kept, and no command changes them."""

PIECE_SECONDS = 3.0
"""A piece ends with the first bar that makes it at least so long."""

MAX_PIECE_SECONDS = 12.0
"""Seconds; a longer bar is cut."""

MAX_NOTE_SECONDS = 60.0
"""Seconds for which a note sounds, at most, so that a piece has bounded memory."""


@dataclass(frozen=True)
class SongPieces:
    """A song's pieces, for every lane: the band's instruments, and `OTHERS` where there are some."""

    source_midi: SourceMidi
    beats: float | None = None
    """How many beats are written, while the rest of the song is being written; None of a whole song."""

    @cached_property
    def lanes(self) -> tuple[str, ...]:
        others = (self.source_midi.instrument < 0).any()
        return (*self.source_midi.band.names, *([OTHERS] if others else []))

    @cached_property
    def bar_steps(self) -> NDArray[np.float64]:
        """(bars + 1,): where each bar begins, and the end, on the grid of `SourceMidi.song`."""
        song = self.source_midi.song
        return np.append(bar_starts(song), float(song.steps))

    @cached_property
    def edges(self) -> NDArray[np.int64]:
        """(pieces + 1,): steps of 1/480 beat at which pieces begin, and the end."""
        song = self.source_midi.song
        scale = TICKS_PER_BEAT / song.steps_per_beat
        seconds = seconds_at(song, self.bar_steps)
        edges, last = [0.0], 0.0
        for step, at in zip(self.bar_steps[1:].tolist(), seconds[1:].tolist(), strict=True):
            if at - last >= PIECE_SECONDS:
                parts = int((at - last) // MAX_PIECE_SECONDS) + 1
                edges += np.linspace(edges[-1], step, parts + 1)[1:].tolist()
                last = at
        if edges[-1] < song.steps:
            edges.append(float(song.steps))
        return np.unique(np.rint(np.array(edges) * scale).astype(np.int64))

    @property
    def count(self) -> int:
        return len(self.edges) - 1

    @cached_property
    def written(self) -> int:
        """How many pieces stay as they are: those before the first note that what is not yet written could cut."""
        if self.beats is None:
            return self.count
        end = round(self.beats * TICKS_PER_BEAT)
        held = [song.notes.start[song.notes.end > end] for song in self._lane_songs]
        return int(np.searchsorted(self.edges, min(np.concatenate([*held, [end]])), "right")) - 1

    def digest(self, lane: int, piece: int) -> str:
        """The name of a piece; empty where it is silent."""
        song = self.piece(lane, piece)
        if not len(song.notes):
            return ""
        digest = hashlib.blake2b(repr((song.tempo, song.steps, _programs(song.band))).encode(), digest_size=12)
        for column in song.notes.columns:
            digest.update(column.tobytes())
        return digest.hexdigest()

    def piece(self, lane: int, piece: int) -> Song:
        """The notes that begin in a piece, from its begin on, with their own programs; it lasts until the last ends."""
        song = self._lane_songs[lane]
        first, last = int(self.edges[piece]), int(self.edges[piece + 1])
        notes = song.notes
        notes = notes[(notes.start >= first) & (notes.start < last)].shifted(-first)
        longest = round(MAX_NOTE_SECONDS * max(bpm for _, bpm in song.tempo) / 60 * song.steps_per_beat)
        notes = replace(notes, length=np.minimum(notes.length, longest).astype(np.int32))
        steps = max(last - first, int(notes.end.max(initial=0)))
        return replace(song.between(first, first + steps), notes=notes, steps=steps)

    @cached_property
    def _lane_songs(self) -> list[Song]:
        """Each lane's notes in steps of 1/480 beat, an instrument for each of its programs."""
        score = self.source_midi.score
        own = band_of(score)
        played = assign_to_band(score, own, TICKS_PER_BEAT)
        sound = _own_instrument(self.source_midi, own)
        songs = []
        for lane in range(len(self.lanes)):
            number = lane if lane < len(self.source_midi.band) else -1
            in_lane = self.source_midi.instrument == number
            places = np.unique(sound[in_lane])
            band = replace(own, instruments=tuple(own.instruments[place] for place in places.tolist()))
            chosen = np.where(in_lane, np.searchsorted(places, sound), -1)
            songs.append(replace(assign_to_band(score, band, TICKS_PER_BEAT, chosen), steps=played.steps))
        return songs


def _own_instrument(source_midi: SourceMidi, own: Band) -> NDArray[np.int64]:
    """(notes,): the instrument of the file's own band that plays each note."""
    score = source_midi.score
    by_sound = {(i.is_drum, 0 if i.is_drum else i.program): place for place, i in enumerate(own)}
    sounds = zip(score.is_drum.tolist(), np.where(score.is_drum, 0, score.program).tolist(), strict=True)
    return np.array([by_sound[sound] for sound in sounds], np.int64)


def _programs(band: Band) -> list[tuple[int, bool]]:
    return [(instrument.program, instrument.is_drum) for instrument in band]
