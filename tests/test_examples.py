"""The examples run unchanged, and importing the package loads its verbs only when they are used."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pianoroll_vae as vae
from pianoroll_vae import api
from pianoroll_vae.errors import ArtifactMissing, SettingInvalid
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.workspace import Workspace
from tests.midi_files import midi_file, notes_of
from tests.python_process import run_python
from tests.small_thesis import small_thesis_workspace

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
LONGEST = 40
"""Lines of an example: more is no example."""

EXPERIMENTS = {"latent_notebook": 70, "interpolation_cost": 90}
"""Lines of scripts with several measurements."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_thesis_workspace(tmp_path_factory.mktemp("examples"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_runs(
    example: Path,
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, other = midi_file(tmp_path / "one.mid", beats=32), midi_file(tmp_path / "other.mid", beats=20, seed=8)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(example), str(workspace.root), str(one), str(other)])
    assert len(example.read_text().splitlines()) <= EXPERIMENTS.get(example.stem, LONGEST)
    if example.stem == "attributes":
        with pytest.raises(ArtifactMissing, match="attributes"):
            runpy.run_path(str(example))
        return
    runpy.run_path(str(example))
    assert capsys.readouterr().out
    made = set(tmp_path.iterdir()) - {one, other}
    assert made
    assert all(path.stat().st_size for path in made)


def test_the_package_has_every_verb_and_no_other() -> None:
    for name in api.__all__:
        assert getattr(vae, name) is getattr(api, name)
    assert set(api.__all__) <= set(dir(vae))
    with pytest.raises(AttributeError, match="compose_opera"):
        vae.compose_opera  # noqa: B018


def test_importing_the_package_loads_nothing_heavy_and_its_verbs_no_pictures() -> None:
    program = (
        "import sys, pianoroll_vae as vae\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)\n"
        "vae.load\n"
        "assert not {'torch', 'matplotlib', 'scipy'} & set(sys.modules)\n"
    )
    run_python(program)


def test_arrays_go_in_and_come_out(workspace: Workspace) -> None:
    ensemble = vae.load(workspace.root)
    rolls = np.zeros((5, 64, 128), np.uint8)
    rolls[0, ::4, 60] = 90
    arrangement = vae.accompany(ensemble, vae.from_rolls(rolls, 2, tempo=90), keep=["piano"], seed=1)
    song = arrangement.song()
    played = song.rolls()
    assert np.array_equal(played[0, ::12], rolls[0]), "24 steps a beat for our two"
    assert played[1:].any()
    assert song.tempo[0][1] == pytest.approx(90)


def test_a_mistyped_keyword_is_named_with_its_verb(workspace: Workspace, tmp_path: Path) -> None:
    ensemble, song = vae.load(workspace.root), vae.read(midi_file(tmp_path / "a.mid", beats=16))
    calls: list[tuple[Callable[..., object], tuple[object, ...]]] = [
        (vae.generate, ()),
        (vae.continue_, (song,)),
        (vae.accompany, (song,)),
        (vae.vary, (song,)),
        (vae.interpolate, (song, song)),
        (vae.average, ([song, song],)),
        (vae.blend, (song, song)),
        (vae.apply_attributes, (song, "bundled", {"density": 1})),
    ]
    for verb, songs in calls:
        with pytest.raises(TypeError) as wrong:
            verb(ensemble, *songs, kye="C major")
        assert str(wrong.value) == f"{verb.__name__}() has no keyword 'kye'. Did you mean 'key'?"


def test_options_are_checked_in_python_too(workspace: Workspace, tmp_path: Path) -> None:
    ensemble, source_midi = vae.load(workspace.root), vae.read(midi_file(tmp_path / "a.mid", beats=16))
    with pytest.raises(SettingInvalid, match="banjo"):
        vae.vary(ensemble, source_midi, noise={"banjo": 1})
    assert 0 not in vae.vary(ensemble, source_midi, noise=0, mute="piano").song().notes.instrument
    with pytest.raises(TypeError, match="noise"):
        vae.blend(ensemble, source_midi, source_midi, noise=1)  # type: ignore[call-arg]


def test_all_kinds_of_songs_are_written_and_shown_in_a_line(tmp_path: Path) -> None:
    source = vae.read(midi_file(tmp_path / "a.mid", beats=8))
    for piece in (source, source.song, Arrangement(source.song)):
        vae.write(piece, tmp_path / "b.mid", tmp_path / "b.musicxml")
        assert len(vae.read(tmp_path / "b.mid").song.notes) == len(source.song.notes)
        assert f"<Song 'A Sketch': {len(source.song.notes)} notes in " in repr(piece)
        assert len(repr(piece)) < 80
    vae.write(source, tmp_path / "c.mid")
    assert notes_of(tmp_path / "c.mid") == notes_of(tmp_path / "a.mid")
