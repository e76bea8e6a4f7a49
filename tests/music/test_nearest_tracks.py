"""New notes of an instrument with several tracks go to the one that plays nearest to them."""

from pathlib import Path

import mido
import numpy as np
import pytest

from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.joined_tracks import TrackChannel
from pianoroll_vae.music.nearest_tracks import split_by_track
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import notes_of

BEAT, BAR = 96, 4 * 96
GUITAR = LPD5.index("guitar")
RHYTHM, LEAD = TrackChannel(0, 2), TrackChannel(1, 4)


@pytest.fixture
def guitars(tmp_path: Path) -> SourceMidi:
    """Two bars of a low guitar of program 27, and in the first bar a high one of program 30."""
    file = mido.MidiFile(ticks_per_beat=BEAT)
    for (_, channel), program, pitch, beats in ((RHYTHM, 27, 45, 8), (LEAD, 30, 76, 4)):
        track = [mido.Message("program_change", channel=channel, program=program)]
        for _ in range(beats):
            track += [mido.Message("note_on", channel=channel, note=pitch)]
            track += [mido.Message("note_off", channel=channel, note=pitch, time=BEAT)]
        file.tracks.append(mido.MidiTrack(track))
    file.save(tmp_path / "guitars.mid")
    return SourceMidi.read(tmp_path / "guitars.mid")


def notes(*rows: tuple[int, int]) -> Notes:
    """Beats of the guitar; rows: pitch and tick."""
    return Notes.tidy(*np.array([(GUITAR, pitch, tick, BEAT, 80) for pitch, tick in rows]).T)


def pitches(source_midi: SourceMidi, new: Notes) -> dict[TrackChannel, list[int]]:
    split = split_by_track(source_midi, GUITAR, new, RHYTHM)
    return {track: part.pitch.tolist() for track, part in split.items()}


def test_a_note_goes_to_the_track_with_the_nearest_pitch_in_its_bar(guitars: SourceMidi) -> None:
    assert guitars.tracks_of(GUITAR) == {RHYTHM, LEAD}
    assert pitches(guitars, notes((50, 0), (70, BEAT))) == {RHYTHM: [50], LEAD: [70]}
    assert pitches(guitars, notes((50, BAR), (70, BAR + BEAT))) == {RHYTHM: [50, 70]}


def test_where_the_instrument_rests_all_go_to_its_main_track(guitars: SourceMidi) -> None:
    assert pitches(guitars, notes((50, 2 * BAR), (70, 5 * BAR))) == {RHYTHM: [50, 70]}


@pytest.mark.parametrize("programs", [{}, {"guitar": 25}])
def test_tracks_whose_notes_are_all_new_keep_their_sounds(
    guitars: SourceMidi, tmp_path: Path, programs: dict[str, int]
) -> None:
    new = notes((50, 0), (70, BEAT)).regrid(BEAT, 24)
    song = Song(LPD5, new, 192, 24)
    nothing = np.zeros(len(guitars.score), np.bool_)
    out = tmp_path / "out.mid"
    out.write_bytes(Arrangement(song, guitars, nothing, programs, spread=True).midi())
    low, high = (programs.get("guitar", program) for program in (27, 30))
    assert [note[:3] for note in sorted(notes_of(out))] == [(2, low, 50), (4, high, 70)]
    out.write_bytes(Arrangement(song, guitars, nothing, spread=True, separate=True).midi())
    assert len({note[0] for note in notes_of(out)}) == 1
