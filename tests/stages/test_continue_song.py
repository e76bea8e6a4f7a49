"""`continue`: the song is kept note for note, whatever the file."""

from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble, SongRequest
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.key import Key, in_key_share
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import continue_song
from pianoroll_vae.workspace import Workspace
from tests.midi_files import messages_of, midi_file, notes_of

SEEDED = MusicOptions(seed=1)
SPOKEN = "set_tempo", "time_signature", "lyrics"


def test_a_continued_song_is_kept_and_continues_at_the_next_bar(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid", beats=46), tmp_path / "b.mid"
    [written] = continue_song.run(
        workspace, source, SEEDED, Length(steps=2), [out], False, ChartOptions(), SilentWatch()
    )
    old, new = notes_of(source), notes_of(out)
    assert set(old) < set(new)
    added = set(new) - set(old)
    assert min(note[3] for note in added) >= 48
    assert max(note[4] for note in added) <= 48 + 32
    assert written.bars == 20
    assert messages_of(out, *SPOKEN) == messages_of(source, *SPOKEN)


def test_notes_that_ring_behind_the_last_bar_line_are_not_followed_by_a_silent_bar(
    ensemble: Ensemble, tmp_path: Path
) -> None:
    source = song_with_ending(tmp_path / "a.mid", 0)
    song = SourceMidi.read(source).song
    longer = Notes.tidy(*np.stack([*song.notes.columns[:3], song.notes.length + 3, song.notes.velocity]))
    source.write_bytes(midi_bytes(replace(song, notes=longer, steps=song.steps + 3)))
    made = continue_song.continue_(ensemble, SourceMidi.read(source), 1, length=Length(steps=1))
    assert (made.beat, made.ending) == (80, None)
    assert made.arrangement.keep.all()


def test_after_a_bar_the_song_is_left_out_and_goes_on_differently(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid", beats=46), tmp_path / "b.mid"
    options = replace(SEEDED, ending=False)
    [written] = continue_song.run(
        workspace, source, options, Length(bars=2), [out], False, ChartOptions(), SilentWatch(), 6
    )
    old, new = notes_of(source), notes_of(out)
    assert [note for note in new if note[3] < 24 - 0.1] == [note for note in old if note[3] < 24 - 0.1]
    assert not {note for note in old if note[3] >= 24} & set(new)
    assert max(note[4] for note in new) <= 32
    assert written.bars == 8


def test_only_new_omits_the_song_but_keeps_its_tempo_and_programs(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid", instruments=("piano", "bass"), meter=(3, 4)), tmp_path / "b.mid"
    continue_song.run(
        workspace, source, replace(SEEDED, ending=False), Length(bars=7), [out], True, ChartOptions(), SilentWatch()
    )
    assert max(note[4] for note in notes_of(out)) <= 21
    tempo = next(message.tempo for message in mido.MidiFile(out) if message.type == "set_tempo")
    assert mido.tempo2bpm(tempo) == pytest.approx(103.5, abs=0.01)
    assert "numerator=3" in str(messages_of(out, "time_signature"))
    programs = {note[1] for note in notes_of(out) if note[0] != 9}  # the program of the drums' channel is 0
    assert 34 in programs
    assert not programs & {LPD5.instruments[LPD5.index(name)].program for name in ("piano", "bass")}


def test_a_continuation_is_in_the_key_of_the_song(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    continuation = continue_song.continue_(ensemble, source_midi, 1, length=Length(steps=1))
    arrangement, facts = MusicOptions(key="auto").apply(continuation.arrangement, source_midi.song, continuation.beat)
    assert facts["key"] == "A minor"
    assert in_key_share(arrangement.new.notes, ensemble.band.drums, Key(9, "minor")) == 1.0
    assert len(arrangement.new.notes)


@pytest.mark.parametrize("beats", [1, 5, 16, 30])
def test_a_song_of_any_length_can_be_continued(ensemble: Ensemble, tmp_path: Path, beats: int) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=beats, meter=(7, 8)))
    continuation = continue_song.continue_(ensemble, source_midi, 1, length=Length(steps=1))
    assert continuation.beat % 3.5 == 0
    assert continuation.beat >= beats - 0.6
    assert len(continuation.arrangement.new.notes)


def test_a_phrase_after_a_song_in_three_four_is_four_of_its_bars(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=24, meter=(3, 4)))
    made = continue_song.continue_(ensemble, source_midi, 1, length=Length(steps=2))
    assert made.arrangement.new.beats == 24 + 2 * (12 if ensemble.reads_meters else 16)
    if ensemble.plays_charts:
        request = SongRequest(parse_chart("{time: 3/4}\n| C | F | G | C |")[0])
        made = continue_song.continue_(ensemble, source_midi, 1, request=request)
        assert made.arrangement.new.beats == 24 + 12


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (6, 8)])
@pytest.mark.parametrize("beats", [12, 48, 96])
def test_a_song_goes_on_with_its_own_instruments(
    ensemble: Ensemble, tmp_path: Path, beats: int, meter: tuple[int, int]
) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats, instruments=("piano",), meter=meter))
    for joining in ((), ("bass", "drums")):
        made = continue_song.continue_(ensemble, source_midi, 1, length=Length(steps=4), joining=joining)
        playing = {ensemble.band.names[i] for i in np.unique(made.arrangement.new.notes.instrument)}
        assert playing <= {"piano", *joining}
        if ensemble.plays_charts:
            assert playing >= set(joining)


def test_an_instrument_that_is_to_join_is_one_of_the_band(workspace: Workspace, tmp_path: Path) -> None:
    source = midi_file(tmp_path / "a.mid")
    with pytest.raises(SettingInvalid, match="kazoo"):
        continue_song.run(
            workspace,
            source,
            SEEDED,
            Length(bars=4),
            [tmp_path / "b.mid"],
            False,
            ChartOptions(),
            SilentWatch(),
            joining=("kazoo",),
        )


def song_with_ending(
    path: Path,
    last: int,
    meters: tuple[tuple[int, int, int], ...] = ((0, 4, 4),),
    tempo: tuple[tuple[int, float], ...] = ((0, 120.0),),
) -> Path:
    """20 bars in which piano, bass and drums play quarters, and then a chord that is held for `last` bars."""
    chord = [(LPD5.index(name), p) for name, p in (("piano", 60), ("piano", 64), ("bass", 36), ("drums", 36))]
    notes = [(*voice, beat, 1, 80) for beat in range(80) for voice in chord]
    notes += [(*voice, 80, 4 * last, 80) for voice in chord if last]
    song = Song(LPD5, Notes.tidy(*np.array(notes).T), 80 + 4 * last, 1, tempo, meters)
    path.write_bytes(midi_bytes(song.regrid(24)))
    return path


def test_an_ending_is_kept_and_the_band_goes_on_as_before_it(ensemble: Ensemble, tmp_path: Path) -> None:
    whole, cut = (SourceMidi.read(song_with_ending(tmp_path / f"{last}.mid", last)) for last in (2, 0))
    with_ending, without = (continue_song.continue_(ensemble, each, 1, length=Length(steps=2)) for each in (whole, cut))
    assert (with_ending.ending, without.ending) == ((21, 22), None)
    assert (with_ending.beat, without.beat) == (88, 80)
    assert with_ending.arrangement.keep.all()
    new, as_without = with_ending.arrangement.new, without.arrangement.new
    assert len(new.notes)
    assert new.notes == as_without.notes.shifted(8 * new.steps_per_beat)


def test_after_a_ritardando_the_tempo_is_that_before_it(ensemble: Ensemble, tmp_path: Path) -> None:
    slowing, slow = ((0, 100.0), (76, 90.0), (78, 80.0), (80, 60.0)), ((0, 100.0), (40, 60.0))
    for tempo, resumed in ((slowing, 100), (slow, 60)):
        source = song_with_ending(tmp_path / "a.mid", 2, tempo=tempo)
        file = mido.MidiFile(source)
        late = mido.MetaMessage("set_tempo", tempo=999_999, time=88 * file.ticks_per_beat)
        file.tracks.append(mido.MidiTrack([late]))
        file.save(source)
        made = continue_song.continue_(ensemble, SourceMidi.read(source), 1, length=Length(steps=1))
        (tmp_path / "b.mid").write_bytes(made.arrangement.midi())
        changes = SourceMidi.read(tmp_path / "b.mid").song.tempo
        assert [round(pace) for step, pace in changes if step <= 24 * 88][-1] == resumed
        assert len(changes) == len(tempo) + 1
        only_new = continue_song.continue_(ensemble, SourceMidi.read(source), 1, length=Length(steps=1), only_new=True)
        assert round(only_new.arrangement.new.tempo[0][1]) == resumed
        assert round(only_new.resumed or 60) == resumed


def test_it_is_said_that_a_song_has_an_ending(workspace: Workspace, tmp_path: Path) -> None:
    for last, named in ((1, "bar 21 is an ending"), (3, "bars 21 to 23 are an ending")):
        source, watch = song_with_ending(tmp_path / "a.mid", last), SilentWatch()
        options = replace(SEEDED, count=2)
        continue_song.run(workspace, source, options, Length(bars=4), [tmp_path / "b"], False, ChartOptions(), watch)
        [notice] = [notice for notice in watch.notices if "ending" in notice]
        assert notice == (
            f"{source}: {named}, so the band goes on as after bar 20. --after 20 leaves the ending out of the song."
        )


def test_what_follows_an_ending_in_another_meter_is_in_that_meter(ensemble: Ensemble, tmp_path: Path) -> None:
    source = song_with_ending(tmp_path / "a.mid", 3, ((0, 4, 4), (80, 3, 4)))
    made = continue_song.continue_(ensemble, SourceMidi.read(source), 1, length=Length(bars=8))
    assert (made.ending, made.beat) == ((21, 24), 92)
    assert made.arrangement.new.beats == 92 + 24
    if made.arrangement.marks is not None:
        assert {(step / 24 - 92) % 3 for step, _ in made.arrangement.marks.chords} <= {0, 2}


def test_a_song_in_five_four_goes_on_in_bars_of_five_beats(ensemble: Ensemble, tmp_path: Path) -> None:
    if not ensemble.plays_charts:
        return
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=40, meter=(5, 4)))
    request = SongRequest(parse_chart("{time: 5/4}\n| C F | G | C F | G | C |")[0])
    made = continue_song.continue_(ensemble, source_midi, 1, request=request)
    assert made.arrangement.new.beats == 40 + 30, "phrases of two bars"
    assert made.arrangement.marks is not None
    symbols = [(step / 24, text) for step, text in made.arrangement.marks.chords]
    assert symbols[:3] == [(40, "C"), (43, "F"), (45, "G")]


def test_it_is_said_in_which_bars_a_song_goes_on(workspace: Workspace, tmp_path: Path) -> None:
    if not load_ensemble(workspace).reads_meters:
        return
    for meter, said in (((9, 8), True), ((5, 4), False)):
        source, watch = midi_file(tmp_path / "a.mid", beats=18, meter=meter), SilentWatch()
        continue_song.run(workspace, source, SEEDED, Length(bars=2), [tmp_path / "b.mid"], False, ChartOptions(), watch)
        assert any("new bars are of four beats" in notice for notice in watch.notices) == said


def test_a_continuation_is_as_long_as_the_chart_that_is_asked_for(ensemble: Ensemble, tmp_path: Path) -> None:
    if not ensemble.plays_charts:
        return
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=16))
    request = SongRequest(parse_chart("| C | F | G | C | Am | Dm | E | Am |")[0])
    made = continue_song.continue_(ensemble, source_midi, 1, request=request)
    assert made.arrangement.new.beats == 16 + 32
    short = continue_song.continue_(ensemble, source_midi, 1, length=Length(steps=1), request=request)
    assert short.arrangement.new.beats == 16 + 16


def test_new_bars_have_markers_and_chords_and_those_of_the_song_stay(workspace: Workspace, tmp_path: Path) -> None:
    song, once, twice = (tmp_path / f"{name}.mid" for name in ("song", "once", "twice"))
    notes = Notes.tidy(*np.array([(0, p, 4 * b, 4, 80) for b in range(32) for p in (60, 64, 67)]).T)
    chart, _ = parse_chart("[A]\n" + "| C | % | % | % |\n" * 2)
    song.write_bytes(midi_bytes(Song(LPD5, notes, 128, 4), chart=chart))
    for source, out in ((song, once), (once, twice)):
        continue_song.run(workspace, source, SEEDED, Length(bars=8), [out], False, ChartOptions(), SilentWatch())
    for before, after, beat in ((song, once, 32), (once, twice, 64)):
        old, new = (messages_of(path, "marker", "text") for path in (before, after))
        assert [mark for mark in new if mark[0] < beat] == old
        letters = {text for at, text in messages_of(after, "marker") if at >= beat and "Ending" not in text}
        assert letters
        assert not letters & {text for _, text in messages_of(before, "marker")}
        assert beat in {at for at, _ in messages_of(after, "text")}
        assert len(new) == len(set(new))
