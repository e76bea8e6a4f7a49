"""`accompany`: the kept instruments are kept note for note, the others are new."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.arranger.play.players import min_share_of
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.thesis.accompaniment import harmony_of
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.summary import summarise_parts
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import accompany
from pianoroll_vae.workspace import Workspace
from tests.midi_files import melody_file, messages_of, midi_file, notes_of, on_channels

SEEDED = MusicOptions(seed=1)
SPOKEN = "set_tempo", "time_signature", "lyrics"


@pytest.mark.parametrize(
    "kept", [("piano",), ("guitar",), ("bass",), ("drums",), ("guitar", "drums"), ("piano", "guitar", "bass")]
)
def test_kept_instruments_stay_note_for_note_and_all_others_are_new(
    workspace: Workspace, tmp_path: Path, kept: tuple[str, ...]
) -> None:
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    accompany.run(workspace, source, kept, (), None, SEEDED, [out], watch=SilentWatch())
    channels = {"piano": (0,), "guitar": (3, 5), "bass": (7,), "drums": (9,)}
    kept_channels = tuple(channel for name in kept for channel in channels[name])
    old, new = notes_of(source), notes_of(out)
    assert on_channels(new, *kept_channels) == on_channels(old, *kept_channels)
    others = [note for note in new if note[0] not in kept_channels]
    assert others
    assert not set(others) & set(old)
    assert messages_of(out, *SPOKEN) == messages_of(source, *SPOKEN)
    assert max(note[4] for note in new) <= 49


def test_densities_are_those_of_new_parts_alone(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    asked = ChartOptions(density={"piano": "high"})
    if not ensemble.plays_charts:
        with pytest.raises(SettingInvalid, match="charts"):
            accompany.accompany(ensemble, source_midi, ("piano",), 1, chart_options=asked)
        return
    made = [
        accompany.accompany(ensemble, source_midi, ("piano",), 1, chart_options=options) for options in (asked, None)
    ]
    assert made[0].midi() == made[1].midi()


def test_outside_of_the_bars_every_note_stays(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    accompany.run(workspace, source, ("piano",), (), None, SEEDED, [out], SilentWatch(), (5, 8))
    old, new = notes_of(source), notes_of(out)
    assert on_channels(new, 0) == on_channels(old, 0)
    changed = set(old) ^ set(new)
    assert changed and all(16 - 0.1 <= note[3] < 32 and note[4] <= 33 for note in changed)
    assert not [note for note in set(old) & set(new) if note[0] != 0 and 16 <= note[3] < 32 - 0.1]


def test_the_lead_is_written_where_it_is_not_kept(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    arrangement = accompany.accompany(ensemble, source_midi, ("bass",), 1)
    assert set(np.unique(arrangement.new.notes.instrument)) >= {0}
    assert 2 not in arrangement.new.notes.instrument


def test_where_the_kept_instruments_rest_the_harmony_is_their_key(tmp_path: Path) -> None:
    song = SourceMidi.read(midi_file(tmp_path / "a.mid", instruments=("piano",), beats=8)).song
    harmony = harmony_of(song, 32)
    assert all(tones.sum() == 3 for tones in harmony[:8])
    assert (harmony[10:] == Key(9, "minor").tones).all()
    drums = SourceMidi.read(midi_file(tmp_path / "d.mid", instruments=("drums",), beats=8)).song
    assert harmony_of(drums, 32).all()


def test_rewrite_keeps_all_other_instruments(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    assert accompany.kept_instruments(source_midi, (), ("guitar",)) == ("piano", "bass", "strings", "drums")
    assert accompany.kept_instruments(source_midi, (), ()) == ("piano", "guitar", "bass", "drums")
    with pytest.raises(SettingInvalid, match="cannot be given together"):
        accompany.kept_instruments(source_midi, ("piano",), ("guitar",))


def test_a_melody_can_be_any_instruments(ensemble: Ensemble, tmp_path: Path) -> None:
    path = melody_file(tmp_path / "tune.mid")
    for name in ("piano", "bass", "strings"):
        source_midi = SourceMidi.read(path, all_as=name)
        arrangement = accompany.accompany(ensemble, source_midi, (name,), 1)
        (tmp_path / "b.mid").write_bytes(arrangement.midi())
        assert set(notes_of(path)) < set(notes_of(tmp_path / "b.mid"))
        assert ensemble.band.index(name) not in arrangement.new.notes.instrument


def test_an_accompaniment_of_no_notes_is_refused(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(melody_file(tmp_path / "tune.mid"))
    with pytest.raises(NothingFound, match="guitar would be kept") as caught:
        accompany.kept_instruments(source_midi, ("guitar",), ())
    assert "piano" in caught.value.hint


def test_new_parts_that_play_in_few_bars_are_named(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=64, instruments=("piano",)))
    keep = np.ones(len(source_midi.score), bool)
    new = Notes.tidy([1, *[4] * 16], [60] * 17, [0, *range(0, 1536, 96)], [24] * 17, [80] * 17)
    arrangement = Arrangement(replace(source_midi.song, notes=new), source_midi, keep)
    facts = accompany.sparse_parts(arrangement, ("piano",), MusicOptions(mute=("strings",)))
    assert facts == {"hardly plays": "guitar (6% of the bars), bass (0% of the bars)"}
    assert accompany.sparse_parts(arrangement, ("piano",), MusicOptions(solo=("drums",))) == {}


def test_progress_is_counted_in_phrases(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=64))
    counted: list[int] = []
    accompany.accompany(ensemble, source_midi, ("bass",), 1, on_phrases=counted.append)
    assert sum(counted) in (4, 5)  # the file ends a little behind its last beat


def test_everybody_plays_at_least_half_as_much_as_usual(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=64))
    options = MusicOptions(everybody=True, mute=("strings",))
    if not ensemble.plays_charts:
        with pytest.raises(SettingInvalid, match="not everybody") as caught:
            accompany.accompany(ensemble, source_midi, ("piano",), 1, options)
        assert "--everybody" in caught.value.hint
        return
    arrangement = accompany.accompany(ensemble, source_midi, ("piano",), 1, options)
    for part in summarise_parts(arrangement.song()):
        assert part.instrument in ("piano", "strings") or part.bars_played >= min_share_of(part.instrument)
