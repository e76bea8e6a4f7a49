"""Continue, accompany and vary keep kept notes unchanged in any file, and a seed gives the same bytes."""

from pathlib import Path

import mido
import numpy as np
import pytest

from pianoroll_vae.console import SilentWatch
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions, drum_mask
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.thesis.accompaniment import harmony_of
from pianoroll_vae.music.key import Key, in_key_share
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.stages import accompany, continue_song, vary
from pianoroll_vae.workspace import Workspace
from tests.musicians_files import melody_file, messages_of, midi_file, notes_of, odd_file, on_channels

SEEDED = MusicOptions(seed=1)
SPOKEN = "set_tempo", "time_signature", "lyrics"


def test_a_continued_song_is_kept_unchanged_and_new_notes_begin_at_the_next_bar(
    workspace: Workspace, tmp_path: Path
) -> None:
    source, out = midi_file(tmp_path / "a.mid", beats=46), tmp_path / "b.mid"
    [written] = continue_song.run(
        workspace, source, SEEDED, Length(steps=2), [out], only_new=False, watch=SilentWatch()
    )
    old, new = notes_of(source), notes_of(out)
    assert set(old) < set(new)
    added = set(new) - set(old)
    assert min(note[3] for note in added) >= 48
    assert max(note[4] for note in added) <= 48 + 32
    assert written.bars == 20
    assert messages_of(out, *SPOKEN) == messages_of(source, *SPOKEN)


def test_only_new_leaves_out_the_song_but_keeps_its_tempo_and_programs(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid", instruments=("piano", "bass"), meter=(3, 4)), tmp_path / "b.mid"
    continue_song.run(workspace, source, SEEDED, Length(bars=7), [out], only_new=True, watch=SilentWatch())
    assert max(note[4] for note in notes_of(out)) <= 21
    tempo = next(message.tempo for message in mido.MidiFile(out) if message.type == "set_tempo")
    assert mido.tempo2bpm(tempo) == pytest.approx(103.5, abs=0.01)
    assert "numerator=3" in str(messages_of(out, "time_signature"))
    assert {note[1] for note in notes_of(out)} >= {4, 34}


def test_a_continuation_is_in_the_key_of_the_song(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    continuation = continue_song.continue_(ensemble, source_midi, 1, length=Length(steps=1))
    arrangement, facts = MusicOptions(key="auto").apply(continuation.arrangement, source_midi.song, continuation.beat)
    assert facts["key"] == "A minor"
    assert in_key_share(arrangement.new.notes, drum_mask(ensemble.band), Key(9, "minor")) == 1.0
    assert len(arrangement.new.notes)


@pytest.mark.parametrize("beats", [1, 5, 16, 30])
def test_a_song_of_any_length_can_be_continued(ensemble: Ensemble, tmp_path: Path, beats: int) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=beats, meter=(7, 8)))
    continuation = continue_song.continue_(ensemble, source_midi, 1, length=Length(steps=1))
    assert continuation.beat % 3.5 == 0
    assert continuation.beat >= beats - 0.6
    assert len(continuation.arrangement.new.notes)


@pytest.mark.parametrize(
    "kept", [("piano",), ("guitar",), ("bass",), ("drums",), ("guitar", "drums"), ("piano", "guitar", "bass")]
)
def test_kept_instruments_keep_every_note_and_all_others_are_new(
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


def test_the_lead_is_generated_where_it_is_not_kept(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    arrangement = accompany.accompany(ensemble, source_midi, ("bass",), 1)
    assert set(np.unique(arrangement.new.notes.instrument)) >= {0}
    assert 2 not in arrangement.new.notes.instrument


def test_harmony_of_silent_beats_is_the_key_of_the_kept_notes(tmp_path: Path) -> None:
    song = SourceMidi.read(midi_file(tmp_path / "a.mid", instruments=("piano",), beats=8)).song
    harmony = harmony_of(song, 32)
    assert all(tones.sum() == 3 for tones in harmony[:8])
    assert (harmony[10:] == Key(9, "minor").tones).all()
    drums = SourceMidi.read(midi_file(tmp_path / "d.mid", instruments=("drums",), beats=8)).song
    assert harmony_of(drums, 32).all()


def test_rewrite_names_the_instruments_that_keep_does_not(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    assert accompany.kept_instruments(source_midi, (), ("guitar",)) == ("piano", "bass", "drums")
    assert accompany.kept_instruments(source_midi, (), ()) == ("piano", "guitar", "bass", "drums")
    with pytest.raises(SettingInvalid, match="cannot be given together"):
        accompany.kept_instruments(source_midi, ("piano",), ("guitar",))


def test_all_notes_can_be_given_to_one_instrument(ensemble: Ensemble, tmp_path: Path) -> None:
    path = melody_file(tmp_path / "tune.mid")
    for name in ("piano", "bass", "strings"):
        source_midi = SourceMidi.read(path, all_as=name)
        arrangement = accompany.accompany(ensemble, source_midi, (name,), 1)
        (tmp_path / "b.mid").write_bytes(arrangement.midi())
        assert set(notes_of(path)) < set(notes_of(tmp_path / "b.mid"))
        assert ensemble.band.index(name) not in arrangement.new.notes.instrument


def test_accompanying_without_kept_notes_is_an_error(tmp_path: Path) -> None:
    source_midi = SourceMidi.read(melody_file(tmp_path / "tune.mid"))
    with pytest.raises(NothingFound, match="guitar would be kept") as caught:
        accompany.kept_instruments(source_midi, ("guitar",), ())
    assert "piano" in caught.value.hint


def test_a_variation_without_noise_is_the_song_itself(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    vary.run(workspace, source, MusicOptions(noise={WHOLE_BAND: 0.0}), None, [out], watch=SilentWatch())
    assert notes_of(out) == notes_of(source)


def test_only_the_named_instrument_and_bars_vary(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    vary.run(workspace, source, MusicOptions(noise={"guitar": 3.0}, seed=1), (5, 8), [out], watch=SilentWatch())
    old, new = set(notes_of(source)), set(notes_of(out))
    gone, come = old - new, new - old
    assert come
    assert all(15.9 <= note[3] < 32 and note[0] not in (0, 7, 9) for note in gone | come)


def test_more_noise_changes_more(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    changes = [
        len(vary.vary(ensemble, source_midi, 1, MusicOptions(noise={WHOLE_BAND: n})).new.notes) for n in (0.0, 0.3, 2.0)
    ]
    assert changes[0] == 0
    assert changes[0] < changes[1] < changes[2]


def test_a_single_bar_of_any_meter_varies(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid", meter=(3, 4)), tmp_path / "b.mid"
    vary.run(workspace, source, MusicOptions(noise={WHOLE_BAND: 3.0}, seed=1), (4, 4), [out], watch=SilentWatch())
    changed = set(notes_of(source)) ^ set(notes_of(out))
    assert changed
    assert all(8.9 <= note[3] < 12 for note in changed)


def test_loops_vary_only_in_the_bars_given(workspace: Workspace, tmp_path: Path) -> None:
    """What is played in a bar may be what all the others play."""
    source, out = melody_file(tmp_path / "loop.mid", (60, 64, 67, 72) * 8), tmp_path / "out.mid"
    vary.run(workspace, source, MusicOptions(noise={WHOLE_BAND: 4.0}, seed=3), (3, 5), [out], watch=SilentWatch())
    changed = set(notes_of(source)) ^ set(notes_of(out))
    assert changed
    assert all(7.9 <= note[3] < 20 for note in changed)


def test_unchanged_notes_of_a_varied_bar_keep_their_timing(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    vary.run(workspace, source, MusicOptions(noise={WHOLE_BAND: 0.3}, seed=1), None, [out], watch=SilentWatch())
    old, new = set(notes_of(source)), set(notes_of(out))
    assert new - old
    assert len(old & new) > len(old) / 10


@pytest.mark.parametrize("kind", ["continue", "accompany", "vary"])
def test_the_same_seed_gives_the_same_bytes(workspace: Workspace, tmp_path: Path, kind: str) -> None:
    source = midi_file(tmp_path / "a.mid", beats=20)
    outs = [tmp_path / f"{number}.mid" for number in range(3)]
    for out, seed in zip(outs, (7, 7, 8), strict=True):
        options = MusicOptions(seed=seed)
        if kind == "continue":
            continue_song.run(workspace, source, options, Length(steps=2), [out], only_new=False, watch=SilentWatch())
        elif kind == "accompany":
            accompany.run(workspace, source, ("piano",), (), None, options, [out], watch=SilentWatch())
        else:
            vary.run(
                workspace, source, MusicOptions(seed=seed, noise={WHOLE_BAND: 1.0}), None, [out], watch=SilentWatch()
            )
    first, again, other = (out.read_bytes() for out in outs)
    assert first == again
    assert first != other


@pytest.mark.parametrize("what", ["drums only", "7/8", "one note", "40 minutes", "12 tempi", "20 tracks"])
def test_odd_files_can_be_continued_accompanied_and_varied(workspace: Workspace, tmp_path: Path, what: str) -> None:
    source, out = odd_file(tmp_path / "odd.mid", what), tmp_path / "out.mid"
    playing = SourceMidi.read(source).playing
    continue_song.run(workspace, source, SEEDED, Length(steps=1), [out], only_new=False, watch=SilentWatch())
    assert set(notes_of(source)) <= set(notes_of(out))
    accompany.run(workspace, source, playing[:1], (), None, SEEDED, [out], watch=SilentWatch())
    assert len(notes_of(out))
    vary.run(workspace, source, SEEDED, None, [out], watch=SilentWatch())
    assert len(notes_of(out)) or what == "one note"  # of a single beat, in which there may be none afterwards


def test_a_song_without_notes_is_an_error(workspace: Workspace, tmp_path: Path) -> None:
    source = melody_file(tmp_path / "none.mid", ())
    with pytest.raises(NothingFound, match="has no notes"):
        continue_song.run(
            workspace, source, SEEDED, Length(), [tmp_path / "o.mid"], only_new=False, watch=SilentWatch()
        )
    with pytest.raises(NothingFound, match="nothing to accompany"):
        accompany.run(workspace, source, (), (), None, SEEDED, [tmp_path / "o.mid"], watch=SilentWatch())
    vary.run(workspace, source, SEEDED, None, [tmp_path / "o.mid"], watch=SilentWatch())
