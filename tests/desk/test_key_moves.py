"""A key that is named moves new notes as a whole, and kept ones where the whole song may change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pianoroll_vae.desk.key_moves import move_to_key, semitones_beside
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.key import in_key_share, parse_key
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import midi_file

DRUMS = LPD5.drums


@pytest.fixture
def made(tmp_path: Path) -> Arrangement:
    """A song in A minor whose bass is new; all else is kept."""
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=32))
    song, bass = source_midi.song, LPD5.index("bass")
    new = replace(song, notes=song.notes[song.notes.instrument == bass])
    return Arrangement(new, source_midi, source_midi.instrument != bass)


@pytest.mark.parametrize(
    ("key", "semitones"), [("A minor", 0), ("C major", 0), ("C minor", 3), ("F# major", 6), ("F# minor", -3)]
)
def test_new_notes_are_moved_as_the_kept_ones_are_away_from_the_key(
    made: Arrangement, key: str, semitones: int
) -> None:
    moved = move_to_key(made, parse_key(key), "new")
    assert np.array_equal(moved.new.notes.pitch, made.new.notes.pitch.astype(int) + semitones)
    assert moved.transpose == 0
    assert semitones_beside(made.song(), parse_key(key)) == semitones


def test_the_whole_song_is_moved_where_nothing_must_stay(made: Arrangement) -> None:
    for key, semitones in (("C minor", 3), ("F# major", 6)):
        assert move_to_key(made, parse_key(key), "all").transpose == semitones
    assert move_to_key(made, parse_key("C minor"), "nothing") is made


def test_without_kept_pitches_new_notes_are_brought_to_the_key_by_themselves(made: Arrangement) -> None:
    new = replace(made.new, notes=made.song().notes[~DRUMS[made.song().notes.instrument]])
    moved = move_to_key(replace(made, new=new, keep=np.zeros_like(made.keep)), parse_key("D minor"), "new")
    assert in_key_share(moved.new.notes, DRUMS, parse_key("D minor")) == 1.0


@pytest.mark.parametrize("moves", ["new", "all"])
@pytest.mark.parametrize("key", ["C minor", "F# major"])
def test_a_song_in_another_key_is_not_squashed_into_it(made: Arrangement, key: str, moves: Any) -> None:
    arrangement, facts = MusicOptions(key=key).apply(made, made.new, moves=moves)
    assert facts["key"] == key
    assert facts["in key as generated"] == 1.0
    assert (facts["in key"] == 1.0) == (moves == "all")
    assert ("kept parts stay in" in facts) == (moves == "new")
    moved, before = (np.diff(notes.pitch.astype(int)) for notes in (arrangement.new.notes, made.new.notes))
    assert np.array_equal(moved, before)


def test_kept_parts_in_another_key_are_named_with_the_transposition_of_all(made: Arrangement) -> None:
    _, facts = MusicOptions(key="C minor").apply(made, made.new)
    assert facts["kept parts stay in"] == "A minor (--transpose +3, without --key, moves all)"
    for key in ("A minor", "C major", "auto"):
        assert "kept parts stay in" not in MusicOptions(key=key).apply(made, made.new)[1]
