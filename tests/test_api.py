"""The verbs in Python take what the command line takes."""

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import pianoroll_vae as vae
from pianoroll_vae.cli.app import app
from pianoroll_vae.desk.keyword_options import DecodingOptions, SamplingOptions
from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import midi_file

OF_THE_COMMAND_LINE = {"as_json", "quiet", "force", "output", "count", "model", "salvage", "all_as", "stepwise"}
"""Files and their names, which `vae.load`, `vae.read` and `vae.write` have; `vae.interpolate_stepwise`."""

VERBS: dict[str, Callable[..., object]] = {
    "generate": vae.generate,
    "continue": vae.continue_,
    "accompany": vae.accompany,
    "vary": vae.vary,
    "interpolate": vae.interpolate,
    "average": vae.average,
    "blend": vae.blend,
    "groove": vae.groove,
    "reconstruct": vae.reconstruct,
    "render": vae.render,
}


@pytest.fixture
def song(tmp_path: Path) -> SourceMidi:
    return vae.read(midi_file(tmp_path / "a.mid", beats=32))


@pytest.mark.parametrize("command", VERBS)
def test_a_verb_has_every_option_of_its_command(command: str) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = {option.name for option in commands[command].params if option.param_type_name == "option"}
    keywords = {*signature(VERBS[command]).parameters, *DecodingOptions.__optional_keys__}
    keywords |= SamplingOptions.__optional_keys__
    assert options - OF_THE_COMMAND_LINE <= keywords


def test_the_length_of_a_song_is_asked_for_in_bars_seconds_or_phrases(ensemble: Ensemble, song: SourceMidi) -> None:
    assert len(bar_starts(vae.generate(ensemble, song, bars=8).song())) == 8
    assert len(bar_starts(vae.generate(ensemble, song, bars=8, only_new=True).song())) == 8
    assert vae.generate(ensemble, song, seconds=20).song().seconds == pytest.approx(20, abs=0.5)
    longer = vae.continue_(ensemble, song, bars=3).song()
    assert len(bar_starts(longer)) == len(bar_starts(song.song)) + 3
    for wrong in ({"bars": 8, "steps": 2}, {"bars": 0}, {"seconds": float("nan")}):
        length: Any = wrong
        with pytest.raises(SettingInvalid, match="length"):
            vae.generate(ensemble, song, **length)


def test_without_its_primer_a_song_is_what_follows_it(ensemble: Ensemble, song: SourceMidi) -> None:
    whole = vae.generate(ensemble, song, steps=1, seed=2, ending=False).song()
    alone = vae.generate(ensemble, song, steps=1, seed=2, ending=False, only_new=True).song()
    assert alone.steps == ensemble.phrase_steps
    follows = whole.between(whole.steps - alone.steps, whole.steps)
    assert follows.notes == alone.notes


def test_the_instruments_that_are_kept_are_named_by_those_that_are_not(ensemble: Ensemble, song: SourceMidi) -> None:
    made = vae.accompany(ensemble, song, rewrite=["bass"], seed=1)
    bass = song.band.index("bass")
    assert np.array_equal(made.keep, song.instrument != bass)
    with pytest.raises(SettingInvalid, match="together"):
        vae.accompany(ensemble, song, keep=["piano"], rewrite=["bass"])


def test_the_chart_of_a_song_is_read_and_played(ensemble: Ensemble, song: SourceMidi) -> None:
    chart = vae.chart(song)
    assert chart == vae.chart(song.song) == vae.chart(vae.vary(ensemble, song, noise=0.0))
    given, _ = parse_chart("{key: E minor}\n[A]\n| Em | C | G | D |\n")
    if ensemble.plays_charts:
        made = vae.generate(ensemble, chart=given, ending=False)
        assert np.array_equal(vae.chart(made).chords, given.chords)
        assert len(bar_starts(made.song())) == 4
    else:
        with pytest.raises(SettingInvalid, match="chart"):
            vae.generate(ensemble, song, chart=given)


def test_a_song_is_written_for_each_step_from_one_to_the_other(ensemble: Ensemble, song: SourceMidi) -> None:
    songs = vae.interpolate_stepwise(ensemble, song, song, steps=3, tempo=90)
    assert [made.song().tempo for made in songs] == [((0, 90.0),)] * 3
    assert len({len(made.song().notes) for made in songs}) == 1


def test_a_reconstruction_takes_the_options_of_the_command_line(ensemble: Ensemble, song: SourceMidi) -> None:
    made, scores = vae.reconstruct(ensemble, song, mute="drums", key="C minor")
    drums = song.band.index("drums")
    assert not (made.song().notes.instrument == drums).any()
    assert [score.instrument for score in scores] == list(song.band.names)


def test_a_rhythm_is_on_any_channel(song: SourceMidi) -> None:
    piano = vae.groove(song, channel=1, fill=False)
    assert not piano.keep[song.score.channel == 0].any()
    with pytest.raises(SettingInvalid, match="channel"):
        vae.groove(song, channel=17)


def test_a_song_sounds_whole_or_in_stems_after_a_count_in(tmp_path: Path) -> None:
    midi = midi_file(tmp_path / "a.mid", beats=8)
    plain, counted = vae.render(midi), vae.render(midi, tmp_path / "counted.wav", click=True)
    assert plain == tmp_path / "a.wav"
    assert counted.stat().st_size > plain.stat().st_size
    stems = vae.render(midi, stems=True)
    assert {path.suffix for path in stems.iterdir()} == {".wav", ".mid"}
    with pytest.raises(SettingInvalid, match="whole song"):
        vae.render(midi, stems=True, bars=(1, 2))


def test_a_song_is_also_taken_as_its_path_or_as_it_was_made(ensemble: Ensemble, tmp_path: Path) -> None:
    path = midi_file(tmp_path / "a.mid", beats=32)
    song = vae.read(path, band=ensemble.band)
    made = vae.vary(ensemble, song, noise=0.0)
    wanted = vae.reconstruct(ensemble, song)[0].midi()
    for given in (path, str(path), song.song, made):
        assert vae.reconstruct(ensemble, given)[0].song().notes == vae.reconstruct(ensemble, song)[0].song().notes
        assert vae.chart(given) == vae.chart(song)
    assert vae.reconstruct(ensemble, path)[0].midi() == wanted
    assert vae.average(ensemble, [str(path), song]).midi() == vae.average(ensemble, [song, song]).midi()
    assert (
        vae.accompany(ensemble, path, rewrite="bass").midi() == vae.accompany(ensemble, song, rewrite=["bass"]).midi()
    )
    vae.write(str(path), tmp_path / "b.mid")
    assert vae.read(tmp_path / "b.mid").song.notes == vae.read(path).song.notes
    with pytest.raises(FileUnreadable, match=r"none\.mid"):
        vae.vary(ensemble, "none.mid")


def test_wrong_arguments_are_named(ensemble: Ensemble, song: SourceMidi) -> None:
    no_song: Any = 3
    with pytest.raises(TypeError, match=r"vary\(\): source_midi must be a SourceMidi, .* or a path, not 3"):
        vae.vary(ensemble, no_song)
    no_band: Any = "bundled"
    with pytest.raises(TypeError, match=r"continue_\(\): ensemble must be an Ensemble, not 'bundled'"):
        vae.continue_(no_band, song)
    with pytest.raises(SettingInvalid, match="The seed cannot be -1"):
        vae.vary(ensemble, song, seed=-1)
    for steps in (-1, 0, 1):
        with pytest.raises(SettingInvalid, match="The steps cannot be"):
            vae.interpolate(ensemble, song, song, steps=steps)
        with pytest.raises(SettingInvalid, match="The steps cannot be"):
            vae.interpolate_stepwise(ensemble, song, song, steps=steps)
    with pytest.raises(SettingInvalid, match="no song to average"):
        vae.average(ensemble, [])
    with pytest.raises(SettingInvalid, match="no model 'mine'"):
        vae.load(model="mine")
    with pytest.raises(TypeError, match="no path"):
        vae.write(song)
    no_tracks: Any = "a.npz"
    with pytest.raises(TypeError, match=r"must be a pypianoroll\.Multitrack"):
        vae.from_multitrack(no_tracks)


def test_rolls_that_are_no_velocities_are_refused(song: SourceMidi) -> None:
    rolls = song.song.rolls()
    wrong: list[Any] = [rolls / 127.0, rolls > 0, rolls[0], rolls[:2], rolls[..., :60]]
    for given in wrong:
        with pytest.raises(SettingInvalid, match="The rolls are") as caught:
            vae.from_rolls(given, 24)
        assert "(5, steps, 128)" in caught.value.hint
    with pytest.raises(SettingInvalid, match="velocities are"):
        vae.from_rolls(np.where(rolls > 0, np.uint8(200), rolls), 24)
    with pytest.raises(SettingInvalid, match="tempo"):
        vae.from_rolls(rolls, 24, tempo=0)
