"""Pieces of a song add up to the song, and an edit changes the piece it is in."""

from pathlib import Path

import mido
import numpy as np

from pianoroll_vae.listen.audio import SAMPLE_RATE, default_soundfont, synthesise_raw
from pianoroll_vae.music.midi import TICKS_PER_BEAT, assign_to_band, band_of
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.edits import Edit, NewNote, edited
from pianoroll_vae.studio.sound_pieces import OTHERS, SongPieces
from tests.midi_files import melody_file, midi_file


def pieces_of(path: Path) -> SongPieces:
    return SongPieces(SourceMidi.read(path))


def with_effect(path: Path) -> Path:
    """A song with a telephone, which no instrument of the band plays."""
    file = mido.MidiFile(midi_file(path))
    file.tracks.append(
        mido.MidiTrack(
            [
                mido.Message("program_change", channel=12, program=124),
                mido.Message("note_on", channel=12, note=60),
                mido.Message("note_off", channel=12, note=60, time=192),
            ]
        )
    )
    file.save(path)
    return path


def test_the_pieces_add_up_to_the_song_as_it_is_rendered(tmp_path: Path) -> None:
    pieces = pieces_of(midi_file(tmp_path / "song.mid", beats=16, instruments=("piano", "bass", "drums")))
    score = pieces.source_midi.score
    whole = synthesise_raw(assign_to_band(score, band_of(score), TICKS_PER_BEAT), default_soundfont())
    total = np.zeros((2, whole.shape[1] + 10 * SAMPLE_RATE), np.float32)
    song = pieces.source_midi.song
    seconds = [song.between(0, int(edge) * song.steps_per_beat // TICKS_PER_BEAT).seconds for edge in pieces.edges]
    for lane in range(len(pieces.lanes)):
        for piece in range(pieces.count):
            part = synthesise_raw(pieces.piece(lane, piece), default_soundfont())
            first = round(seconds[piece] * SAMPLE_RATE)
            total[:, first : first + part.shape[1]] += part
    assert np.corrcoef(total[0, : whole.shape[1]], whole[0])[0, 1] > 0.98


def test_every_note_is_in_one_piece(tmp_path: Path) -> None:
    pieces = pieces_of(midi_file(tmp_path / "song.mid"))
    found = sum(
        len(pieces.piece(lane, piece).notes) for lane in range(len(pieces.lanes)) for piece in range(pieces.count)
    )
    assert found == len(
        assign_to_band(pieces.source_midi.score, band_of(pieces.source_midi.score), TICKS_PER_BEAT).notes
    )


def test_an_edit_changes_the_name_of_its_own_piece_alone(tmp_path: Path) -> None:
    before = pieces_of(midi_file(tmp_path / "song.mid"))
    data = edited(before.source_midi, Edit(add=[NewNote("piano", 72, 192 * 20, 96, 80)]))
    after = SongPieces(SourceMidi.from_bytes(data))
    names = [[p.digest(lane, piece) for lane in range(5) for piece in range(p.count)] for p in (before, after)]
    assert sum(one != other for one, other in zip(*names, strict=True)) == 1


def test_notes_for_which_the_band_has_no_instrument_have_a_lane_of_their_own(tmp_path: Path) -> None:
    pieces = pieces_of(with_effect(tmp_path / "song.mid"))
    assert pieces.lanes[-1] == OTHERS
    assert any(pieces.digest(5, piece) for piece in range(pieces.count))


def test_silence_has_no_name(tmp_path: Path) -> None:
    pieces = pieces_of(melody_file(tmp_path / "tune.mid"))
    assert pieces.digest(4, 0) == ""
    assert pieces_of(melody_file(tmp_path / "none.mid", ())).count == 0


def test_long_bars_are_cut_and_long_notes_end(tmp_path: Path) -> None:
    pieces = pieces_of(midi_file(tmp_path / "slow.mid", beats=16, tempi=(10.0,)))
    seconds = np.diff(pieces.edges) / TICKS_PER_BEAT * 6
    assert seconds.max() <= 12.1


def test_the_pieces_of_a_beginning_are_those_of_the_whole_song_but_for_notes_that_are_held(tmp_path: Path) -> None:
    whole = pieces_of(midi_file(tmp_path / "song.mid", beats=32))
    beginning = SongPieces(whole.source_midi, beats=16)
    assert whole.written == whole.count
    assert 0 < beginning.written < whole.count
    assert whole.edges[beginning.written] <= 16 * TICKS_PER_BEAT
    held = edited(whole.source_midi, Edit(add=[NewNote("strings", 60, 0, 32 * 480, 90)]))
    assert SongPieces(SourceMidi.from_bytes(held), beats=16).written == 0


def test_the_name_of_a_piece_has_nothing_of_other_instruments(tmp_path: Path) -> None:
    whole = pieces_of(midi_file(tmp_path / "song.mid", beats=16, instruments=("piano", "bass")))
    other = SongPieces(SourceMidi.from_bytes(edited(whole.source_midi, Edit(programs={"piano": 12}))))
    assert other.digest(0, 0) != whole.digest(0, 0)
    assert other.digest(2, 0) == whole.digest(2, 0)
