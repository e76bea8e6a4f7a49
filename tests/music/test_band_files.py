"""A band file has instruments and who leads; whatever is wrong in it is named; datasets and models keep it whole."""

import json
from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.models.model import ModelHeader
from pianoroll_vae.models.recipe import find_recipe
from pianoroll_vae.music.band import BANDS, LPD5, Band, find_band, require_band
from pianoroll_vae.music.band_files import FOLDER, band_named, band_paths, read_band
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_writer import DatasetWriter

TRIO = """
lead = "piano"
[[instruments]]
name = "piano"
[[instruments]]
name = "bass"
program = 33
[[instruments]]
name = "drums"
drums = true
"""
TWO = '[[instruments]]\nname = "piano"\n[[instruments]]\nname = "bass"\nprogram = 33\n'


def band_file(root: Path, text: str = TRIO, name: str = "trio") -> Path:
    path = root / FOLDER / f"{name}.toml"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    return path


@pytest.fixture
def trio(tmp_path: Path) -> Band:
    return read_band(band_file(tmp_path))


def test_a_file_has_instruments_their_programs_and_who_leads(trio: Band, tmp_path: Path) -> None:
    assert (trio.name, trio.names, trio.lead) == ("trio", ("piano", "bass", "drums"), "piano")
    assert [instrument.program for instrument in trio] == [0, 33, 0]
    assert [instrument.is_drum for instrument in trio] == [False, False, True]
    assert band_named("trio", tmp_path) == trio
    assert list(band_paths(tmp_path)) == ["trio"]
    assert band_named("lpd5", tmp_path) is LPD5


def test_instruments_take_the_family_of_their_program_or_the_programs_that_are_named(tmp_path: Path) -> None:
    text = TRIO + '[[instruments]]\nname = "organ"\nprogram = 19\nprograms = [16, 19]\n'
    own = read_band(band_file(tmp_path, 'fallback = "organ"\n' + text))
    played = {program: own.instrument_for(program, False) for program in (0, 7, 32, 39, 16, 17, 48, 120)}
    assert played == {0: 0, 7: 0, 32: 1, 39: 1, 16: 3, 17: 3, 48: 3, 120: None}
    assert read_band(band_file(tmp_path)).instrument_for(48, False) is None


def test_a_stored_band_is_the_same_without_its_file(trio: Band) -> None:
    assert find_band(trio.stored) == trio
    assert [find_band(band.stored) for band in BANDS.values()] == list(BANDS.values())
    assert LPD5.stored == "lpd5"


def test_datasets_and_model_files_have_the_band(trio: Band, tmp_path: Path) -> None:
    DatasetWriter(tmp_path / "dataset.h5", trio, 2, 32, velocities=True).finish(0)
    assert Dataset.open(tmp_path / "dataset.h5").band == trio
    header = ModelHeader("vae", find_recipe("thesis"), trio.stored, {"piano": ""})
    assert find_band(ModelHeader.from_json(json.loads(json.dumps(header.to_json()))).band) == trio


@pytest.mark.parametrize("stored", ["quintet", "{", '{"name": "a"}', "[" * 9000, '{"name": "a", "lead": 3}'])
def test_a_damaged_stored_band_is_refused(stored: str) -> None:
    with pytest.raises(ValueError, match="band"):
        require_band(stored)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (f'lead = "paino"\n{TWO}', "the lead is 'paino'", "README"),
        (f'led = "piano"\n{TWO}', "unknown field 'led'", "Did you mean 'lead'"),
        (f'lead = "piano"\n{TWO}progam = 3', "unknown field 'instruments.progam'", "Did you mean 'program'"),
        (TWO, "'lead' is None", "README"),
        ('lead = "piano"\n[[instruments]]\nname = "piano"', "2 to 17 instruments, and this one 1", "README"),
        (f'lead = "piano"\n{TWO.replace("33", "128")}', "'instruments.program' is 128; it must be from 0", "README"),
        (f'lead = "piano"\n{TWO.replace("bass", "piano")}', "two instruments have one name", "README"),
        (f'lead = "piano"\n{TWO.replace("33", "3")}', "piano and bass both take program 0", "README"),
        (f'lead = "Piano"\n{TWO.replace("piano", "Piano")}', "'Piano' is no name", "README"),
        (f'lead = "piano"\nfallback = "organ"\n{TWO}', "the fallback is 'organ'", "README"),
        (f'lead = "piano"\nname = "trio"\n{TWO}', "names a band", "file's name"),
        ("lead = ", "is no TOML file", "Correct it"),
        ("# " + "x" * 70_000, "bytes", "at most"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid) as caught:
        read_band(band_file(tmp_path, text))
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_near_name_is_suggested_and_a_missing_or_built_in_file_refused(tmp_path: Path) -> None:
    band_file(tmp_path)
    with pytest.raises(SettingInvalid, match="no band 'tryo'") as caught:
        band_named("tryo", tmp_path)
    assert "'trio'" in caught.value.hint
    with pytest.raises(SettingInvalid, match="built-in band"):
        read_band(band_file(tmp_path, name="lpd5"))
    with pytest.raises(FileUnreadable):
        read_band(tmp_path / FOLDER / "none.toml")
