"""Directions can be applied only where they change their attribute on held-out songs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.desk import attribute_directions, genre_directions
from pianoroll_vae.desk.directions import MIN_EFFECT, Direction
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, ArtifactStale, SettingInvalid
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.note_columns import pack
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import attributes
from pianoroll_vae.stages.attributes import AttributeLine
from pianoroll_vae.workspace import ATTRIBUTES, DATASET, Workspace
from tests.arranger_dataset import loop_song
from tests.conftest import Vaemusic
from tests.midi_files import UNUSUAL_FILES, midi_file, notes_of, unusual_file
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace

PHRASES = 3


def songs() -> Iterator[tuple[Song, SongFacts]]:
    """Thirty songs from sparse and low to dense and high; the dense half is 'busy'."""
    rng = np.random.default_rng(0)
    for number in range(30):
        fullness = number / 30
        steps, count = PHRASES * 32, int(30 + 300 * fullness)
        pitch = np.clip(rng.normal(45 + 30 * fullness, 6, count), 0, 127)
        who, start = rng.integers(0, 5, count), rng.integers(0, steps, count)
        notes = Notes.tidy(who, pitch, start, rng.integers(1, 5, count), np.full(count, 90))
        facts = SongFacts(md5=f"{number:032x}", track_id="", genres=("busy",) if fullness > 0.5 else ("calm",))
        yield replace(Song(LPD5, notes, steps, 2), notes=notes.between(0, steps)), facts


@pytest.fixture(scope="module", autouse=True)
def short_search() -> Iterator[None]:
    """Vectors are looked for with one step and one damping, and genres are tried in two strengths."""
    with pytest.MonkeyPatch.context() as patch:
        steps = attribute_directions.JACOBIAN_STEPS[1:]
        for module in (attribute_directions, genre_directions):
            patch.setattr(module, "JACOBIAN_STEPS", steps)
        patch.setattr(attribute_directions, "RIDGES", attribute_directions.RIDGES[1:2])
        patch.setattr(genre_directions, "STRENGTHS", (1.0, 2.0))
        yield


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = small_thesis_workspace(tmp_path_factory.mktemp("attributes"))
    writer = DatasetWriter(workspace.path(DATASET), LPD5, 2, 32, True)
    made = list(songs())
    writer.add(pack([song for song, _ in made], True), [facts for _, facts in made])
    writer.finish(seed=0)
    return workspace


@pytest.fixture(scope="module")
def learned(here: Workspace) -> list[AttributeLine]:
    return attributes.run_learn(here, SilentWatch())


@pytest.fixture(scope="module")
def band(here: Workspace) -> Ensemble:
    return load_ensemble(here)


def test_every_attribute_and_genre_is_measured_and_only_effective_ones_are_listed(
    here: Workspace, learned: list[AttributeLine]
) -> None:
    names = {line.name for line in learned}
    assert names == {"density", "register", "polyphony", "syncopation", "length", "velocity", "busy", "calm"}
    offered = [line for line in learned if line.instruments]
    assert offered
    assert attributes.run_list(here, SilentWatch()) == offered
    for line in offered:
        assert line.moves is not None
        assert line.moves >= MIN_EFFECT


def test_a_higher_song_and_longer_notes_have_the_same_drums() -> None:
    band = load_ensemble(None)
    directions = attributes.load_directions(None, band)
    for name, has_drums in (("register", False), ("length", False), ("velocity", True)):
        step = attributes.latent_step(band, directions, [f"{name}=1"])
        assert (step[band.band.drums] != 0).any() == has_drums
        assert (step[band.band.index("piano")] != 0).any()
    with pytest.raises(SettingInvalid, match="register does not move the drums"):
        attributes.latent_step(band, directions, ["drums.register=1"])


def test_an_ineffective_direction_cannot_be_applied(band: Ensemble) -> None:
    vectors = np.ones((5, 4), np.float32)
    moves = np.array([0.5, 0.1, np.nan, -0.5, 0.6])
    directions = [
        Direction("density", "attribute", vectors, moves, np.zeros(5)),
        Direction("dull", "genre", vectors, moves * 0, moves),
    ]
    step = attributes.latent_step(band, directions, ["density=+2"])
    assert (step[:, 0] != 0).tolist() == [True, False, False, False, True]
    assert step[0].tolist() == [2.0] * 4
    with pytest.raises(SettingInvalid, match="no attribute 'dull'"):
        attributes.latent_step(band, directions, ["dull=1"])
    with pytest.raises(SettingInvalid, match="does not move the guitar") as caught:
        attributes.latent_step(band, directions, ["guitar.density=1"])
    assert "piano, drums" in caught.value.hint
    with pytest.raises(SettingInvalid, match="no attribute 'dull'") as caught:
        attributes.latent_step(band, directions[1:], ["dull=1"])
    assert "None that was learned has an effect" in caught.value.hint
    assert (attributes.latent_step(band, directions, ["drums.density=-1"])[:4] == 0).all()


@pytest.mark.parametrize("change", ["density", "density=", "density=lots", "density=99", "=1", "density=nan"])
def test_a_change_is_an_attribute_and_an_amount(band: Ensemble, change: str) -> None:
    directions = [Direction("density", "attribute", np.ones((5, 4), np.float32), np.ones(5), np.zeros(5))]
    with pytest.raises(SettingInvalid, match="not an attribute and an amount") as caught:
        attributes.latent_step(band, directions, [change])
    assert "density=+1.5" in caught.value.hint


def test_a_zero_step_changes_nothing_and_a_step_changes_only_the_bars_given(band: Ensemble, tmp_path: Path) -> None:
    source_midi = SourceMidi.read(midi_file(tmp_path / "a.mid"))
    out = tmp_path / "b.mid"
    out.write_bytes(attributes.apply(band, source_midi, np.zeros((5, 4), np.float32)).midi())
    old = notes_of(tmp_path / "a.mid")
    assert notes_of(out) == old
    out.write_bytes(attributes.apply(band, source_midi, np.full((5, 4), 2, np.float32), MusicOptions(), (5, 8)).midi())
    changed = set(old) ^ set(notes_of(out))
    assert changed
    assert all(15.9 <= note[3] < 32 for note in changed)


def test_commands_learn_list_and_apply(
    vaemusic: Vaemusic, here: Workspace, learned: list[AttributeLine], tmp_path: Path
) -> None:
    name = next(line.name for line in learned if line.instruments)
    song = midi_file(tmp_path / "a.mid")
    assert name in vaemusic("-w", here.root, "attributes", "list").out
    done = vaemusic("-w", here.root, "attributes", "apply", song, "--attribute", f"{name}=3", "-o", tmp_path / "b.mid")
    assert done.status == 0, done.err
    assert (tmp_path / "b.mid").is_file()
    wrong = vaemusic("-w", here.root, "attributes", "apply", song, "--attribute", "densty=1", "-o", tmp_path / "c.mid")
    assert (wrong.status, "no attribute 'densty'" in wrong.err) == (1, True)


@pytest.mark.parametrize("what", UNUSUAL_FILES)
def test_attributes_of_odd_files_change_and_the_bytes_are_the_same_again(
    vaemusic: Vaemusic, here: Workspace, learned: list[AttributeLine], tmp_path: Path, what: str
) -> None:
    name = next(line.name for line in learned if line.instruments)
    song, written = unusual_file(tmp_path / "odd.mid", what), []
    for out in (tmp_path / "b.mid", tmp_path / "c.mid"):
        done = vaemusic("-w", here.root, "attributes", "apply", song, "--attribute", f"{name}=3", "-o", out)
        assert done.status == 0, done.err
        written.append(out.read_bytes())
    assert written[0] == written[1]


def test_errors_for_missing_damaged_and_stale_attributes_name_the_command(
    here: Workspace, learned: list[AttributeLine], band: Ensemble
) -> None:
    path = here.path(ATTRIBUTES)
    whole = path.read_text()
    path.write_text(whole[:-9])
    with pytest.raises(ArtifactDamaged, match="no attributes"):
        attributes.load_directions(here, band)
    path.unlink()
    with pytest.raises(ArtifactMissing) as caught:
        attributes.load_directions(here, band)
    assert "vaemusic attributes learn" in caught.value.hint
    path.write_text(whole)
    dataset = here.path(DATASET).read_bytes()
    here.path(DATASET).write_bytes(dataset + b"more")
    with pytest.raises(ArtifactStale, match="dataset changed"):
        attributes.load_directions(here, band)
    here.path(DATASET).write_bytes(dataset)


def test_the_arranger_learns_directions_and_applies_them(tmp_path: Path) -> None:
    workspace = small_arranger_workspace(tmp_path)
    writer = DatasetWriter(workspace.path(DATASET), LPD5, 12, 192, True)
    made = [(loop_song(seed, 13, silent=(0, 1, 3)), SongFacts(md5=f"{seed:032x}")) for seed in range(40)]
    writer.add(pack([song for song, _ in made], True), [facts for _, facts in made])
    writer.finish(seed=0)
    name, chair = next(
        (line.name, line.instruments[0]) for line in attributes.run_learn(workspace, SilentWatch()) if line.instruments
    )
    source, out = midi_file(tmp_path / "a.mid"), tmp_path / "b.mid"
    old = notes_of(source)
    [written] = attributes.run_apply(
        workspace, source, [f"{chair}.{name}=3"], (5, 8), MusicOptions(), [out], SilentWatch()
    )
    changed = set(old) ^ set(notes_of(out))
    assert changed
    assert all(15.9 <= note[3] < 32 for note in changed)
    assert len({note[0] for note in changed}) <= 2, "the instrument's own channel, and one for what is new"
    assert written.facts
    band = load_ensemble(workspace)
    still = np.zeros((5, band.encode(SourceMidi.read(source).song).shape[-1]), np.float32)
    out.write_bytes(attributes.apply(band, SourceMidi.read(source), still).midi())
    assert notes_of(out) == old
