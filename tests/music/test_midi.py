"""Songs to MIDI and back, and what other programs read in our files."""

import io
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pretty_midi
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5, LPD17, Band
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.midi import assign_to_band, assign_tracks, midi_bytes, read_midi
from pianoroll_vae.music.midi_score import parse_score
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

GRIDS = (2, 4, 6, 8, 12, 24)


@st.composite
def songs(draw: st.DrawFn) -> Song:
    """Any song: dense or sparse rolls with any onsets, any grid, any tempo and meter changes."""
    band = draw(st.sampled_from([LPD5, LPD17]))
    steps = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    density = draw(st.sampled_from([0.0, 0.001, 0.02, 0.5]))
    rolls = rng.integers(1, 128, (len(band), steps, 128), np.uint8)
    rolls[:, 1:] = np.where(rng.random((len(band), steps - 1, 128)) < 0.5, rolls[:, :-1], rolls[:, 1:])
    rolls[rng.random(rolls.shape) >= density] = 0
    onsets = rng.random(rolls.shape) < 0.3
    within = st.integers(1, max(steps - 1, 1))
    tempo_steps = sorted(draw(st.sets(within, max_size=4)) & set(range(steps)))
    meter_steps = sorted(draw(st.sets(within, max_size=4)) & set(range(steps)))
    bpm = st.integers(60_000, 15_000_000).map(lambda microseconds: 60e6 / microseconds)
    return Song(
        band,
        Notes.from_rolls(rolls, onsets),
        steps,
        draw(st.sampled_from(GRIDS)),
        tempo=tuple((step, draw(bpm)) for step in (0, *tempo_steps)),
        meters=tuple(
            (step, draw(st.integers(1, 255)), draw(st.sampled_from([1, 2, 4, 8, 16, 32]))) for step in (0, *meter_steps)
        ),
        name=draw(st.text(st.characters(categories=["L", "N", "P"]), max_size=30)),
    )


def song(*notes: tuple[int, int, int, int, int], band: Band = LPD5, steps: int = 16, steps_per_beat: int = 4) -> Song:
    """Notes given as (instrument, pitch, start, length, velocity)."""
    return Song(band, Notes.tidy(*np.array(notes).reshape(-1, 5).T), steps, steps_per_beat)


@settings(deadline=None, max_examples=60)
@given(songs())
def test_any_song_comes_back_from_midi_as_it_went(song: Song) -> None:
    assert assign_to_band(parse_score(midi_bytes(song)), song.band, song.steps_per_beat) == song


@settings(deadline=None, max_examples=6)
@given(songs())
def test_other_programs_read_every_note_of_ours(song: Song) -> None:
    data = midi_bytes(song)
    ticks = 480 // song.steps_per_beat
    columns = song.notes.instrument, song.notes.pitch, song.notes.start, song.notes.end, song.notes.velocity
    ours = {(i, p, s * ticks, e * ticks, v) for i, p, s, e, v in zip(*(c.tolist() for c in columns), strict=True)}
    place = {name.title(): index for index, name in enumerate(song.band.names)}
    score = symusic.Score.from_midi(data)
    assert isinstance(score, symusic.core.ScoreTick)
    theirs = {
        (place[track.name], note.pitch, note.start, note.end, note.velocity)
        for track in score.tracks
        for note in track.notes
    }
    assert theirs == ours
    strikes = {
        (place[track.name], message.note, tick, message.velocity)
        for track in mido.MidiFile(file=io.BytesIO(data)).tracks[1:]
        for tick, message in timed(track)
        if message.type == "note_on"
    }
    assert strikes == {(i, p, s, v) for i, p, s, _, v in ours}


def timed(track: mido.MidiTrack) -> list[tuple[int, mido.Message]]:
    ticks = np.cumsum([message.time for message in track]).tolist()
    return list(zip(ticks, track, strict=True))


def test_a_repeated_note_stays_two_notes_and_the_first_ends_before_the_second_begins() -> None:
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(song((4, 42, 0, 2, 90), (4, 42, 2, 2, 90)))))
    events = [(tick, m.type) for tick, m in timed(file.tracks[5]) if m.type.startswith("note")]
    assert events == [(0, "note_on"), (240, "note_off"), (240, "note_on"), (480, "note_off")]


def test_a_file_names_its_tracks_programs_channels_tempo_and_meter() -> None:
    whole = Song(LPD5, Notes.empty(), 64, 4, tempo=((0, 90.0),), meters=((0, 6, 8),), name="Slow Train")
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(whole)))
    assert (file.type, file.ticks_per_beat) == (1, 480)
    assert [track.name for track in file.tracks] == ["Slow Train", "Piano", "Guitar", "Bass", "Strings", "Drums"]
    programs = [(m.channel, m.program) for track in file.tracks for m in track if m.type == "program_change"]
    assert programs == [(0, 0), (1, 24), (2, 32), (3, 48), (9, 0)]
    head = {message.type: message for message in file.tracks[0]}
    assert mido.tempo2bpm(head["set_tempo"].tempo) == pytest.approx(90)
    assert (head["time_signature"].numerator, head["time_signature"].denominator) == (6, 8)
    assert timed(file.tracks[0])[-1][0] == 64 * 120


CHART = parse_chart("{key: G minor}\n[Verse]\n| Gm | Eb |\n[Chorus]\n| F D7 | Gm |")[0]


def test_a_chart_is_written_as_markers_texts_and_a_key_signature_that_other_programs_read() -> None:
    whole = song((0, 67, 0, 64, 80), steps=64)
    data = midi_bytes(whole, chart=CHART)
    assert data == midi_bytes(whole, chart=CHART)
    head = timed(mido.MidiFile(file=io.BytesIO(data)).tracks[0])
    bar = 4 * 480
    assert [(tick, m.text) for tick, m in head if m.type == "marker"] == [(0, "Verse"), (2 * bar, "Chorus")]
    texts = [(0, "Gm"), (bar, "Eb"), (2 * bar, "F"), (2 * bar + 960, "D7"), (3 * bar, "Gm")]
    assert [(tick, m.text) for tick, m in head if m.type == "text"] == texts
    assert [m.key for _, m in head if m.type == "key_signature"] == ["Gm"]
    score = symusic.Score.from_midi(data)
    assert isinstance(score, symusic.core.ScoreTick)
    assert [(marker.time, marker.text) for marker in score.markers] == [(0, "Verse"), (2 * bar, "Chorus")]
    assert [(key.key, key.tonality) for key in score.key_signatures] == [(-2, 1)]
    pretty = pretty_midi.PrettyMIDI(io.BytesIO(data))
    assert [change.key_number for change in pretty.key_signature_changes] == [12 + 7]
    assert [text.text for text in pretty.text_events] == [text for _, text in texts]
    assert assign_to_band(parse_score(data), LPD5, 4) == replace(whole, key_signature=Key(7, "minor"))


def test_a_song_is_written_with_the_key_signature_it_was_read_with() -> None:
    whole = replace(song((0, 67, 0, 64, 80), steps=64), key_signature=Key(9, "minor"))
    assert assign_to_band(parse_score(midi_bytes(whole)), LPD5, 4) == whole


def test_sixteen_pitched_instruments_leave_channel_10_to_the_drums() -> None:
    everybody = song(*((index, 60, 0, 4, 80) for index in range(17)), band=LPD17)
    score = parse_score(midi_bytes(everybody))
    assert score.channel.tolist() == [*range(9), *range(10, 16), 0, 9]
    assert assign_to_band(score, LPD17, 4) == everybody


def test_other_programs_can_be_given_by_instrument() -> None:
    score = parse_score(midi_bytes(song((1, 60, 0, 4, 80)), {"guitar": 30}))
    assert score.program.tolist() == [30]


@pytest.mark.parametrize(
    ("programs", "message", "hint"),
    [
        ({"guitar": 128}, "128 is no program for the guitar", "0 to 127"),
        ({"guitarr": 1}, "no instrument 'guitarr'", "Did you mean 'guitar'?"),
    ],
)
def test_unknown_programs_and_instruments_are_refused(programs: dict[str, int], message: str, hint: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        midi_bytes(song(), programs)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_grid_that_does_not_divide_a_beat_is_refused_both_ways() -> None:
    odd = song(steps_per_beat=7)
    with pytest.raises(SettingInvalid, match="7 steps"):
        midi_bytes(odd)
    with pytest.raises(SettingInvalid, match="7 steps"):
        assign_to_band(parse_score(midi_bytes(song())), LPD5, 7)


def mido_score(*messages: mido.Message, ticks_per_beat: int = 480) -> bytes:
    file = mido.MidiFile(ticks_per_beat=ticks_per_beat, type=0)
    file.tracks.append(mido.MidiTrack(messages))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(60, 180, (0, 2)), (180, 300, (2, 1)), (59, 61, (0, 1)), (120, 120, (1, 1)), (0, 480, (0, 4))],
)
def test_onsets_and_ends_go_to_the_nearest_step_halves_to_the_even_one(
    start: int, end: int, expected: tuple[int, int]
) -> None:
    data = mido_score(
        mido.Message("note_on", note=60, velocity=80, time=start), mido.Message("note_off", note=60, time=end - start)
    )
    notes = assign_to_band(parse_score(data), LPD5, 4).notes
    assert (notes.start.tolist(), notes.length.tolist()) == ([expected[0]], [expected[1]])


def test_two_tracks_of_one_chair_are_merged_and_effects_are_left_out() -> None:
    events: list[mido.Message] = []
    for channel, (program, pitch) in enumerate([(25, 60), (30, 64), (122, 70), (60, 72)]):
        events += [
            mido.Message("program_change", channel=channel, program=program),
            mido.Message("note_on", channel=channel, note=pitch, velocity=80),
            mido.Message("note_off", channel=channel, note=pitch, time=480),
        ]
    score = parse_score(mido_score(*events))
    assert assign_tracks(score, LPD5).tolist() == [1, 1, -1, 3]
    assert assign_to_band(score, LPD5, 4).notes.pitch.tolist() == [60, 64, 72]


def test_of_tempo_changes_that_meet_on_one_step_the_last_stays() -> None:
    changes = (mido.MetaMessage("set_tempo", tempo=400_000 + n, time=10) for n in range(5))
    read = assign_to_band(parse_score(mido_score(*changes, mido.MetaMessage("end_of_track", time=4800))), LPD5, 2)
    assert read.tempo == ((0, 60e6 / 400_004),)


def test_a_song_written_twice_has_the_same_bytes_and_comes_back_from_disk(tmp_path: Path) -> None:
    melody = song((0, 60, 0, 2, 80), (4, 36, 0, 1, 100))
    assert midi_bytes(melody) == midi_bytes(melody)
    (tmp_path / "a.mid").write_bytes(midi_bytes(melody))
    assert read_midi(tmp_path / "a.mid", LPD5, 4) == melody
