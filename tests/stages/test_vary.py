"""`vary`: only what may change changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.models.ensemble import REWRITE_NOISE, Ensemble
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import vary
from pianoroll_vae.workspace import Workspace
from tests.listen.songs import band_song
from tests.midi_files import melody_file, midi_file, notes_of
from tests.small_arranger import small_arranger_workspace


def test_with_no_noise_a_variation_is_the_song_itself(workspace: Workspace, tmp_path: Path) -> None:
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


def test_what_two_guitars_play_stays_on_both_tracks(ensemble: Ensemble, tmp_path: Path) -> None:
    """They play on the channels 3 and 5."""
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    arrangement = vary.vary(ensemble, SourceMidi.read(source), 1, MusicOptions(noise={WHOLE_BAND: 1.4}))
    out.write_bytes(arrangement.midi())
    new = [note[0] for note in set(notes_of(out)) - set(notes_of(source))]
    assert {3, 5} <= set(new)


def test_more_noise_changes_more(ensemble: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    changes = [
        len(vary.vary(ensemble, source_midi, 1, MusicOptions(noise={WHOLE_BAND: n})).new.notes) for n in (0.0, 0.1, 1.4)
    ]
    assert changes[0] == 0
    assert changes[0] < changes[1] < changes[2]


def test_a_single_bar_of_any_meter_varies(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid", meter=(3, 4)), tmp_path / "b.mid"
    vary.run(workspace, source, MusicOptions(noise={WHOLE_BAND: 3.0}, seed=1), (4, 4), [out], watch=SilentWatch())
    changed = set(notes_of(source)) ^ set(notes_of(out))
    assert changed
    assert all(8.9 <= note[3] < 12 for note in changed)


def test_why_nothing_changes_is_a_notice(tmp_path: Path) -> None:
    """Without latents there is nothing that noise could change."""
    workspace, source, out = small_arranger_workspace(tmp_path / "band"), tmp_path / "a.mid", tmp_path / "b.mid"
    song = band_song(bars=8)
    gap = (song.notes.start < 32) | (song.notes.start >= 64)
    source.write_bytes(midi_bytes(replace(song, notes=song.notes[gap & (song.notes.instrument != 3)])))

    def notices(noise: dict[str, float], bars: tuple[int, int] | None) -> list[str]:
        watch = SilentWatch()
        vary.run(workspace, source, MusicOptions(noise=noise, seed=1, count=1), bars, [out], watch)
        return [notice for notice in watch.notices if "changes nothing" in notice]

    why = "so noise changes nothing. vaemusic accompany writes new parts."
    absent = LPD5.names[3]
    assert notices({}, (3, 4)) == [f"{source}: no note begins in bars 3 to 4, {why}"]
    assert notices({"piano": 0.4}, (3, 3)) == [f"{source}: no note of piano begins in bar 3, {why}"]
    assert notices({absent: 0.4}, None) == [f"{source}: no note of {absent} begins in the song, {why}"]
    assert notices({}, (2, 3)) == notices({WHOLE_BAND: 0.0}, (3, 4)) == []


@pytest.mark.parametrize("noise", [1.0, 3.0])
def test_a_song_of_one_note_is_not_silent_or_it_is_said(workspace: Workspace, tmp_path: Path, noise: float) -> None:
    source, out = melody_file(tmp_path / "one.mid", (60,)), tmp_path / "out.mid"
    for seed in range(12):
        watch = SilentWatch()
        vary.run(workspace, source, MusicOptions(noise={WHOLE_BAND: noise}, seed=seed), None, [out], watch)
        said = [notice for notice in watch.notices if "no note is left" in notice]
        assert bool(said) == (not notes_of(out))
        if noise < REWRITE_NOISE and load_ensemble(workspace).plays_charts:
            assert not said


def test_loops_vary_in_the_given_bars_alone(workspace: Workspace, tmp_path: Path) -> None:
    """What is played in a bar may be what all the others play."""
    source, out = melody_file(tmp_path / "loop.mid", (60, 64, 67, 72) * 8), tmp_path / "out.mid"
    vary.run(workspace, source, MusicOptions(noise={WHOLE_BAND: 4.0}, seed=3), (3, 5), [out], watch=SilentWatch())
    changed = set(notes_of(source)) ^ set(notes_of(out))
    assert changed
    assert all(7.9 <= note[3] < 20 for note in changed)


def test_unchanged_notes_of_a_varied_bar_keep_their_timing(workspace: Workspace, tmp_path: Path) -> None:
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    vary.run(workspace, source, MusicOptions(noise={WHOLE_BAND: 0.1}, seed=1), None, [out], watch=SilentWatch())
    old, new = set(notes_of(source)), set(notes_of(out))
    assert new - old
    assert len(old & new) > len(old) / 10
