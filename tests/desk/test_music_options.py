"""Music options apply to new notes only; lengths and output files are what the command line gives."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pianoroll_vae.config import GenerateSettings
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MAX_SEED, WHOLE_BAND, MusicOptions
from pianoroll_vae.desk.outputs import output_paths
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart_reading import half_bar_edges, read_labels
from pianoroll_vae.music.chord_labels import CHORD_TONES
from pianoroll_vae.music.chords import are_chord_tones, chord_tone_share, parse_chords
from pianoroll_vae.music.key import Key, parse_key
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.song_key import is_in_key
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages.accompany import accompany
from pianoroll_vae.stages.generate import with_settings
from tests.midi_files import midi_file, notes_of

DRUMS = LPD5.drums


@pytest.fixture
def source_midi(tmp_path: Path) -> SourceMidi:
    return SourceMidi.read(midi_file(tmp_path / "a.mid", beats=32))


def test_noise_is_set_by_instrument(ensemble: Ensemble) -> None:
    for noise, expected in (
        ({"drums": 0.3, WHOLE_BAND: 0.7}, [0.7, 0.7, 0.7, 0.7, 0.3]),
        ({"drums": 0.3}, [0.4, 0.4, 0.4, 0.4, 0.3]),
    ):
        assert MusicOptions(noise=noise).sampling(ensemble, noise=0.4).noise == pytest.approx(expected)


def test_a_threshold_is_set_by_instrument_and_refused_by_a_band_without_cells(ensemble: Ensemble) -> None:
    options, thresholds = MusicOptions(threshold={"piano": 0.9}), ensemble.thresholds
    if thresholds is not None:
        chosen = options.threshold_for(ensemble)
        assert chosen is not None
        assert chosen.tolist() == pytest.approx([0.9, *thresholds[1:]])
        return
    assert MusicOptions().threshold_for(ensemble) is None
    with pytest.raises(SettingInvalid, match="has no threshold") as caught:
        options.threshold_for(ensemble)
    assert "--density" in caught.value.hint


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ({"noise": {"durms": 1.0}}, "no instrument 'durms'", "drums"),
        ({"noise": {"": -1.0}}, "noise cannot be", "from 0"),
        ({"noise": {"": float("nan")}}, "noise cannot be", "from 0"),
        ({"noise": {"": 1e30}}, "noise cannot be", "to 1000"),
        ({"temperature": {"": 1e300}}, "temperature cannot be", "to 1000"),
        ({"threshold": {"": 0.0}}, "threshold cannot be", "above 0"),
        ({"program": {"guitar": 128}}, "program of the guitar cannot be 128", "0 to 127"),
        ({"tempo": 0.0}, "tempo cannot be", "beats a minute"),
        ({"seed": 2**31}, "seed cannot be", "whole number"),
        ({"mute": LPD5.names}, "All instruments are muted", "--mute"),
        ({"solo": ("drums",), "mute": ("drums",)}, "All instruments are muted", "--mute"),
        ({"count": 0}, "count cannot be 0", "1 or more"),
    ],
)
def test_values_out_of_range_are_refused_with_a_hint(asked: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(SettingInvalid, match=message) as caught:
        MusicOptions(**asked).check(LPD5)
    assert hint in caught.value.hint


def outside_of_key_and_chords(arrangement: Arrangement, key: Key) -> Notes:
    """New pitched notes that are tones neither of the key nor, where the kept notes are in it, of their chords."""
    new, kept = arrangement.new, replace(arrangement, new=replace(arrangement.new, notes=Notes.empty())).song()
    allowed = key.tones[new.notes.pitch % 12] | DRUMS[new.notes.instrument]
    if is_in_key(kept, key):
        begins = np.asarray(half_bar_edges(kept)[:-1] * (new.steps_per_beat / kept.steps_per_beat), np.float64)
        allowed |= are_chord_tones(new.notes, begins, CHORD_TONES[read_labels(kept)])
    return new.notes[~allowed]


@pytest.mark.parametrize("outside", ["move", "drop"])
@pytest.mark.parametrize("key", ["A minor", "Eb mixolydian"])
def test_new_pitched_notes_lie_in_the_key_or_in_kept_chords_of_it_and_kept_ones_stay(
    ensemble: Ensemble, source_midi: SourceMidi, tmp_path: Path, key: str, outside: Any
) -> None:
    options = MusicOptions(key=key, outside=outside)
    arrangement, facts = options.apply(accompany(ensemble, source_midi, ("piano",), 1), source_midi.song)
    assert not len(outside_of_key_and_chords(arrangement, parse_key(key)))
    assert float(facts["in key as generated"]) < 1.0
    (tmp_path / "b.mid").write_bytes(arrangement.midi())
    kept = {note for note in notes_of(tmp_path / "a.mid") if note[0] == 0}
    assert kept <= set(notes_of(tmp_path / "b.mid"))


def test_chords_lead_the_new_notes_and_what_sounds_in_them_is_reported(
    ensemble: Ensemble, source_midi: SourceMidi
) -> None:
    arrangement, facts = MusicOptions(chords="Am F C G").apply(
        accompany(ensemble, source_midi, ("drums",), 1), source_midi.song
    )
    assert 0 < float(facts["chord tones as generated"]) < float(facts["chord tones"]) < 1
    harmony = parse_chords("Am F C G", round(arrangement.new.beats))
    assert chord_tone_share(arrangement.new.notes, DRUMS, harmony, 24, strong_beats=True) == 1.0


def test_what_follows_key_and_chords_is_counted_in_kept_notes_too(ensemble: Ensemble, source_midi: SourceMidi) -> None:
    made = accompany(ensemble, source_midi, ("piano",), 1)
    facts = MusicOptions(chords="Bm G D A", key="B minor").apply(made, source_midi.song)[1]
    alone = MusicOptions(chords="Bm G D A", key="B minor", mute=("piano",)).apply(made, source_midi.song)[1]
    assert alone["in key"] == 1.0
    assert 0 < float(facts["in key"]) < 1.0
    assert facts["chord tones"] != alone["chord tones"]


def test_notes_of_a_band_that_plays_chords_are_not_moved(ensemble: Ensemble, source_midi: SourceMidi) -> None:
    made = accompany(ensemble, source_midi, ("drums",), 1)
    arrangement, facts = MusicOptions(chords="Am F C G").apply(made, source_midi.song, plays_chords=True)
    assert arrangement.new.notes == made.new.notes
    assert 0 < float(facts["chord tones"]) < 0.8
    assert "chord tones as generated" not in facts


def test_solo_and_mute_silence_kept_and_new_parts_alike(ensemble: Ensemble, source_midi: SourceMidi) -> None:
    made = accompany(ensemble, source_midi, ("piano",), 1)
    solo, _ = MusicOptions(solo=("piano", "bass")).apply(made, source_midi.song)
    assert set(solo.song().notes.instrument.tolist()) <= {0, 2}
    mute, _ = MusicOptions(mute=("piano",)).apply(made, source_midi.song)
    assert 0 not in mute.song().notes.instrument


def test_a_length_is_given_once_and_is_above_zero() -> None:
    with pytest.raises(SettingInvalid, match="more than once"):
        Length(steps=1, bars=2).check()
    with pytest.raises(SettingInvalid, match="length cannot be 0"):
        Length(seconds=0).check()


def test_settings_of_the_workspace_are_the_defaults_where_the_band_has_their_like(ensemble: Ensemble) -> None:
    settings = GenerateSettings(noise=0.5, threshold=0.2, tempo=90.0, seed=4)
    options = with_settings(MusicOptions(noise={"drums": 0.1}, tempo=100.0), settings, ensemble)
    assert dict(options.noise) == {WHOLE_BAND: 0.5, "drums": 0.1}
    assert (options.tempo, options.seed) == (100.0, 4)
    assert dict(options.threshold) == ({} if ensemble.thresholds is None else {WHOLE_BAND: 0.2})


def test_output_paths_are_files_for_one_song_and_a_folder_for_several(tmp_path: Path) -> None:
    files = [tmp_path / "a.mid", tmp_path / "a.wav"]
    assert output_paths(files, 1) == [tuple(files)]
    assert [each[0].name for each in output_paths([tmp_path / "many"], 10)][::9] == ["song_01.mid", "song_10.mid"]
    for outputs, count in ((files, 2), ([tmp_path / "a.xyz"], 1), ([tmp_path / "many", tmp_path / "a.mid"], 1)):
        with pytest.raises(SettingInvalid) as caught:
            output_paths(outputs, count)
        assert caught.value.hint


def test_an_instrument_that_should_play_and_is_silent_is_named(source_midi: SourceMidi) -> None:
    song, bass = source_midi.song, LPD5.index("bass")
    silent = Arrangement(replace(song, notes=song.notes[song.notes.instrument != bass]))
    assert (song.notes.instrument == bass).any()
    assert MusicOptions().apply(silent, song)[1] == {"silent": "bass"}
    assert MusicOptions(mute=("bass",)).apply(silent, song)[1] == {}
    assert MusicOptions().apply(Arrangement(song), song)[1] == {}
    nothing = replace(song, notes=Notes.empty())
    assert "bass" in str(MusicOptions().apply(silent, nothing)[1]["silent"])


def test_the_highest_seed_is_a_seed_of_its_own_and_the_first_follows_it() -> None:
    assert MusicOptions(seed=MAX_SEED, count=2).seeds() == [MAX_SEED, 0]


def test_shares_of_new_notes_are_not_stated_where_there_are_no_pitched_ones() -> None:
    silent = Song(LPD5, Notes.empty(), 64, 4)
    options = MusicOptions(key="A minor", chords="Am F C G")
    _, facts = options.apply(Arrangement.of(silent), silent)
    assert facts["key"] == "A minor"
    assert not {"in key", "in key as generated", "chord tones", "chord tones as generated"} & facts.keys()
