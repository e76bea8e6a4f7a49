"""Transposed songs and files: every pitched note moves, drums stay, key and chords go with them."""

from pathlib import Path

import mido
import numpy as np
import pytest

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import write
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.transposition import transposed_pitch
from tests.listen.songs import band_song
from tests.midi_files import messages_of, midi_file, notes_of


def test_pitches_beyond_the_last_key_move_by_octaves() -> None:
    assert transposed_pitch(np.array([60, 126, 127]), 3).tolist() == [63, 117, 118]
    assert transposed_pitch(np.array([0, 1, 60]), -2).tolist() == [10, 11, 58]


def test_a_file_moves_with_what_is_kept_and_its_drums_stay(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    arrangement = Arrangement(source_midi.song.between(0, 0), source_midi, np.ones(len(source_midi.score), bool))
    moved, facts = MusicOptions(transpose=5, key="A minor").apply(arrangement, source_midi.song)
    (tmp_path / "b.mid").write_bytes(moved.midi())
    before, after = notes_of(tmp_path / "a.mid"), notes_of(tmp_path / "b.mid")
    assert sorted(after) == sorted((c, p, pitch + 5 * (c != 9), *rest) for c, p, pitch, *rest in before)
    assert facts["key"] == "D minor"
    lowest = [int(song.notes.pitch[song.notes.instrument == 0].min()) for song in (source_midi.song, moved.song())]
    assert lowest[1] - lowest[0] == 5


def test_a_song_moves_with_its_key_and_its_chords_when_it_is_new_and_when_it_is_kept(tmp_path: Path) -> None:
    plain, moved, edited = tmp_path / "plain.mid", tmp_path / "moved.mid", tmp_path / "edited.mid"
    song = band_song(bars=8)
    write(Arrangement(song), (plain,), 0, "")
    write(MusicOptions(transpose=2).apply(Arrangement(song), song)[0], (moved,), 0, "")
    source_midi = SourceMidi.read(plain)
    kept = Arrangement(source_midi.song.between(0, 0), source_midi, np.ones(len(source_midi.score), bool))
    write(MusicOptions(transpose=2).apply(kept, source_midi.song)[0], (edited,), 0, "")
    assert notes_of(edited) == notes_of(moved) != notes_of(plain)
    assert messages_of(edited, "key_signature") == messages_of(moved, "key_signature")
    assert messages_of(moved, "key_signature") != messages_of(plain, "key_signature")
    assert messages_of(moved, "text") != messages_of(plain, "text")
    assert len(mido.MidiFile(edited).tracks) == len(mido.MidiFile(plain).tracks)


def test_two_octaves_are_the_most() -> None:
    with pytest.raises(SettingInvalid, match="transposed by 25") as caught:
        MusicOptions(transpose=25).check(LPD5)
    assert "-24 to 24" in caught.value.hint
