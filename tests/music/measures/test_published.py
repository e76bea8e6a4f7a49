"""Our figures of whole songs beside those of muspy and pypianoroll, written by the papers' own authors."""

from typing import Any

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.measures.published import published
from pianoroll_vae.music.measures.rhythm import qualified_note_rate
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.music.measures.random_songs import random_song

SEEDS = range(4)


def in_muspy(song: Song, *instruments: int) -> Any:
    import muspy  # takes 2 s, in each process that collects these tests

    tracks = []
    for place in instruments or range(len(song.band)):
        mine = song.notes[song.notes.instrument == place]
        columns = zip(mine.start.tolist(), mine.pitch.tolist(), mine.length.tolist(), strict=True)
        notes = [muspy.Note(start, pitch, length, 80) for start, pitch, length in columns]
        tracks.append(muspy.Track(is_drum=song.band.instruments[place].is_drum, notes=notes))
    return muspy.Music(resolution=song.steps_per_beat, tracks=tracks)


@pytest.mark.parametrize("seed", SEEDS)
def test_entropy_scale_and_groove_are_muspys(seed: int) -> None:
    import muspy

    song = random_song(seed)
    ours, theirs = published(song), in_muspy(song)
    assert ours["pitch class entropy"] == pytest.approx(muspy.pitch_class_entropy(theirs), abs=1e-5)
    assert ours["scale consistency"] == pytest.approx(muspy.scale_consistency(theirs), abs=1e-6)
    assert ours["groove consistency"] == pytest.approx(muspy.groove_consistency(theirs, 16), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_empty_bars_are_muspys(seed: int) -> None:
    import muspy

    song = random_song(seed, bars=24, notes_per_bar=1)
    rolls = song.rolls()
    for place, name in enumerate(LPD5.names):
        last = int(np.flatnonzero(rolls[place].any(1)).max())
        # muspy counts bars up to the last note, and gives a note that ends on a bar line the next bar too
        song_until = song.between(0, (last // 16 + 1) * 16)
        notes = song_until.notes
        shorter = Notes(notes.instrument, notes.pitch, notes.start, np.maximum(notes.length - 1, 0), notes.velocity)
        theirs = in_muspy(Song(LPD5, shorter, song_until.steps, 4), place)
        assert published(song_until)[f"{name} empty bars"] == pytest.approx(muspy.empty_measure_rate(theirs, 16))


@pytest.mark.parametrize("steps_per_beat", [4, 12, 24])
def test_qualified_notes_are_pypianorolls_pitch_by_pitch(steps_per_beat: int) -> None:
    from pypianoroll.metrics import (
        qualified_note_rate as theirs,
    )  # takes a second, in each process that collects these tests

    song = random_song(7, steps_per_beat=steps_per_beat)
    rolls = (song.rolls() > 0).astype(np.int8)
    notes = Notes.from_rolls(rolls.astype(np.uint8))  # pypianoroll sees no repeated notes
    ours = qualified_note_rate(notes, len(LPD5), steps_per_beat)
    for place in range(len(LPD5)):
        lines = [rolls[place][:, [pitch]] for pitch in range(128) if rolls[place, :, pitch].any()]
        counts = [
            len(Notes.from_rolls((line[None] > 0).astype(np.uint8).repeat(128, 2)[..., :128])) / 128 for line in lines
        ]
        rates = [theirs(line, steps_per_beat / 8) for line in lines]
        assert ours[place] == pytest.approx(np.average(rates, weights=counts))


def test_drum_patterns_are_pypianorolls_beat_by_beat() -> None:
    from pypianoroll.metrics import drum_in_pattern_rate

    song = random_song(3)
    hits = song.onsets()[4].astype(np.uint8)
    beats = [beat for beat in hits.reshape(-1, 4, 128) if beat.any()]
    rates = [drum_in_pattern_rate(beat, 4) for beat in beats]
    assert published(song)["drums pattern"] == pytest.approx(np.average(rates, weights=[beat.sum() for beat in beats]))


def test_used_pitch_classes_are_those_counted_one_by_one() -> None:
    song = random_song(5, notes_per_bar=2)
    counts = []
    for bar in song.rolls()[1].reshape(-1, 16, 128):
        used = {int(pitch) % 12 for pitch in np.flatnonzero(bar.any(0))}
        counts += [len(used)] if used else []
    assert published(song)["guitar pitch classes a bar"] == pytest.approx(np.mean(counts))


def test_a_song_of_one_bar_has_no_figures() -> None:
    assert published(random_song(0, bars=2), skip_bars=1) == {}
