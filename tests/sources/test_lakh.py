"""LPD files become the songs that pypianoroll reads, and invalid files become one error."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.music.measures.excerpt import in_sixteenths
from pianoroll_vae.sources.lakh import DEFAULT_VELOCITY, MAX_STEPS, read_lakh
from tests.sources.lakh_files import absent, members, random_rolls, write

ORDER = ("Piano", "Guitar", "Bass", "Strings", "Drums")

NO_METERS: tuple[object, ...] = (
    *("6/8", None, [], 7, {}, [6, 8], [[0, 6]], [[0, 6, 8], 3], [[0, "6", 8]], [[0, 6.5, 8]]),
    *([[0, 6, 7]], [[0, 0, 4]], [[0, -6, 8]], [[0, 10**30, 8]], [[72, 6, 8]], [[0, 4, 4]]),
    *([[0, 6, 8], [144, 7, 8], [72, 6, 8]], [[0, 6, 8], [0, 6, 8], [144, 7, 8]], [[0, 6, 8], [145, 7, 8]]),
)
"""What no song has, and meters of other bars than those of the downbeats."""


def spoiled(path: Path, **changes: object) -> Path:
    """A file whose first track has members other than they should be."""
    contents = members(random_rolls(1))
    for part, value in changes.items():
        contents[f"pianoroll_0_csc_{part}.npy"] = value  # type: ignore[assignment]
    return write(path / "song.npz", contents)


@pytest.mark.parametrize("steps_per_beat", [2, 4, 6, 24])
@pytest.mark.parametrize("seed", range(4))
def test_cells_are_those_of_pypianoroll(tmp_path: Path, seed: int, steps_per_beat: int) -> None:
    import pypianoroll

    path = tmp_path / "song.npz"
    rolls = random_rolls(seed)
    tracks = [
        pypianoroll.StandardTrack(name=name, program=0, is_drum=name == "Drums", pianoroll=roll)
        for name, roll in rolls.items()
    ]
    pypianoroll.save(path, pypianoroll.Multitrack(resolution=24, tempo=np.full(400, 90.0), tracks=tracks))
    theirs = {t.name: t for t in pypianoroll.load(path).set_resolution(steps_per_beat).pad_to_same().tracks}
    song = read_lakh(path, LPD5, steps_per_beat)
    ours = song.rolls()
    for index, name in enumerate(ORDER):
        roll = theirs[name].pianoroll
        assert np.array_equal(ours[index, : len(roll)], roll)
        assert not ours[index, len(roll) :].any()
    assert song.tempo == ((0, 90.0),)


def test_a_repeated_note_stays_two_notes(tmp_path: Path) -> None:
    roll = np.zeros((96, 128), np.uint8)
    roll[0:24, 60], roll[24:48, 60] = 90, 80  # struck again at once, softer
    roll[60:70, 60], roll[71:80, 60] = 70, 70  # struck again after a gap
    song = read_lakh(write(tmp_path / "a.npz", members({"Piano": roll})), LPD5, 24)
    assert song.notes.start.tolist() == [0, 24, 60, 71]
    assert song.notes.length.tolist() == [24, 24, 10, 9]


@pytest.mark.parametrize("seed", range(4))
def test_rounded_to_the_nearest_step_it_is_the_song_that_is_measured(tmp_path: Path, seed: int) -> None:
    path = write(tmp_path / "a.npz", members(random_rolls(seed)))
    song, heard = read_lakh(path, LPD5, 4, "nearest"), in_sixteenths(read_lakh(path, LPD5, 24))
    assert (song.notes, song.steps, song.tempo) == (heard.notes, heard.steps, heard.tempo)
    assert song.notes != read_lakh(path, LPD5, 4).notes


def test_an_absent_instrument_is_silent(tmp_path: Path) -> None:
    rolls = random_rolls(2) | {"Guitar": absent()}
    song = read_lakh(write(tmp_path / "a.npz", members(rolls)), LPD5, 4)
    assert set(song.notes.instrument.tolist()) == {0, 2, 3, 4}
    assert song.steps == round(400 * 4 / 24)


def test_both_words_for_resolution_are_read(tmp_path: Path) -> None:
    rolls = random_rolls(3)
    old = read_lakh(write(tmp_path / "a.npz", members(rolls, key="beat_resolution")), LPD5, 4)
    new = read_lakh(write(tmp_path / "b.npz", members(rolls, key="resolution")), LPD5, 4)
    assert old.notes == new.notes


def test_members_that_are_not_compressed_are_read(tmp_path: Path) -> None:
    rolls = members(random_rolls(3))
    stored = read_lakh(write(tmp_path / "a.npz", rolls, zipfile.ZIP_STORED), LPD5, 4)
    assert stored.notes == read_lakh(write(tmp_path / "b.npz", rolls), LPD5, 4).notes


def test_tracks_with_other_names_are_merged_by_program(tmp_path: Path) -> None:
    one, two = np.zeros((48, 128), np.uint8), np.zeros((48, 128), np.uint8)
    one[0:24, 60], two[12:36, 60], two[0:12, 64] = 90, 80, 70
    contents = members({"Flute": one, "Organ": two})
    contents["info.json"] = (
        b'{"resolution": 24, "0": {"program": 73, "is_drum": false, "name": "Flute"},'
        b' "1": {"program": 16, "is_drum": false, "name": "Organ"}}'
    )
    path = write(tmp_path / "a.npz", contents)
    merged = read_lakh(path, LPD5, 24).notes
    assert set(merged.instrument.tolist()) == {LPD5.index("strings")}
    assert merged.start.tolist() == [0, 12, 24, 0]  # the flute is louder till it ends; the organ's onset stays
    assert np.array_equal(read_lakh(path, LPD5, 24).rolls()[LPD5.index("strings"), :48], np.maximum(one, two))
    apart = read_lakh(path, LPD17, 24).notes
    assert set(apart.instrument.tolist()) == {LPD17.index("pipe"), LPD17.index("organ")}


def test_cells_without_velocity_get_one(tmp_path: Path) -> None:
    roll = np.zeros((24, 128), np.bool_)
    roll[3:9, 60] = True
    song = read_lakh(write(tmp_path / "a.npz", members({"Piano": roll})), LPD5, 24)
    assert song.notes.velocity.tolist() == [DEFAULT_VELOCITY]


def test_tempo_changes_stand_at_beats_and_last_as_long(tmp_path: Path) -> None:
    tempo = np.concatenate((np.full(36, 60.0), np.full(36, 120.0)))
    rolls = {"Piano": np.zeros((72, 128), np.uint8)}
    song = read_lakh(write(tmp_path / "a.npz", members(rolls, tempo=tempo)), LPD5, 4)
    assert song.tempo == ((0, 60.0), (4, 80.0), (8, 120.0))
    assert song.seconds == pytest.approx((60 / tempo / 24).sum())


def test_meters_are_those_of_the_downbeats(tmp_path: Path) -> None:
    rolls, downbeat = {"Piano": np.zeros((240, 128), np.uint8)}, np.zeros(240, np.bool_)
    downbeat[[0, 72, 144, 240 - 12]] = True
    contents = members(rolls) | {"downbeat.npy": downbeat}
    song = read_lakh(write(tmp_path / "a.npz", contents), LPD5, 4)
    assert song.meters == ((0, 3, 4), (24, 7, 8))
    for stated, read in (
        ([[0, 6, 8], [144, 7, 8]], ((0, 6, 8), (24, 7, 8))),
        ([[0, 3, 4], [72, 6, 8], [144, 7, 8]], ((0, 3, 4), (12, 6, 8), (24, 7, 8))),
        *((wrong, ((0, 3, 4), (24, 7, 8))) for wrong in NO_METERS),
    ):
        info = json.loads(bytes(contents["info.json"])) | {"meters": stated}
        stating = contents | {"info.json": json.dumps(info).encode()}
        assert read_lakh(write(tmp_path / "c.npz", stating), LPD5, 4).meters == read
    contents["downbeat.npy"] = np.arange(240) == 0  # as in the dataset
    assert read_lakh(write(tmp_path / "b.npz", contents), LPD5, 4).meters == ((0, 4, 4),)


@pytest.mark.parametrize("tempo", [[np.nan, np.inf, -1.0, 0.0] * 12, [[90.0]] * 48, []])
def test_tempo_of_any_kind_is_taken_as_far_as_it_makes_sense(tmp_path: Path, tempo: list[float]) -> None:
    rolls = {"Piano": np.full((48, 128), 9, np.uint8)}
    song = read_lakh(write(tmp_path / "a.npz", members(rolls, tempo=np.array(tempo))), LPD5, 2)
    assert all(4 <= bpm <= 1000 for _, bpm in song.tempo)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"indices": np.array([5, 999_999], np.int32), "data": np.ones(2, np.uint8)}, "column pointers do not match"),
        ({"shape": np.array([2, 128])}, "outside its roll"),
        ({"shape": np.array([10**12, 128])}, "invalid shape"),
        ({"shape": np.array([400, 10**9])}, "invalid shape"),
        ({"shape": np.array([-1, 128])}, "invalid shape"),
        ({"shape": np.array([400])}, "invalid shape"),
        ({"shape": np.array([[400, 128]])}, "not a row of plain numbers"),
        ({"data": np.array([{}], object)}, "Python objects"),
        ({"data": b"nothing like an array"}, "is not an array"),
        ({"indptr": np.arange(7)}, "column pointers do not match"),
        ({"indptr": np.array([0, *range(5, -123, -1)])}, "column pointers do not match"),
        ({"data": np.ones(3, np.complex128)}, "not a row of plain numbers"),
        ({"data": np.ones(3, np.float64)}, "values of type float64"),
    ],
)
def test_an_invalid_file_is_refused(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    with pytest.raises(FileUnreadable, match=says) as refusal:
        read_lakh(spoiled(tmp_path, **changes), LPD5, 4)
    assert refusal.value.hint


@pytest.mark.parametrize("cells", [[-5, 3], [7, 3], [3, 3], [400, 401]])
def test_cells_out_of_range_or_order_are_refused(tmp_path: Path, cells: list[int]) -> None:
    columns = np.where(np.arange(129) > 60, 2, 0)
    changes = {"indices": np.array(cells, np.int32), "data": np.ones(2, np.uint8), "indptr": columns}
    with pytest.raises(FileUnreadable, match=r"outside its roll|out of order"):
        read_lakh(spoiled(tmp_path, **changes), LPD5, 4)


def test_decreasing_column_pointers_are_refused(tmp_path: Path) -> None:
    columns = np.array([0, 2, 1, *[2] * 126])
    changes = {"indices": np.array([0, 1], np.int32), "data": np.ones(2, np.uint8), "indptr": columns}
    with pytest.raises(FileUnreadable, match="column pointers decrease"):
        read_lakh(spoiled(tmp_path, **changes), LPD5, 4)


@pytest.mark.parametrize("info", [b"{}", b"[]", b"{", b'{"resolution": 24}', b'{"resolution": "24"}', b"[" * 100_000])
def test_a_file_without_its_description_is_refused(tmp_path: Path, info: bytes) -> None:
    contents = members(random_rolls(1)) | {"info.json": info}
    with pytest.raises(FileUnreadable, match=r"JSON|steps per beat|no tracks"):
        read_lakh(write(tmp_path / "a.npz", contents), LPD5, 4)


def test_the_longest_song_there_is_can_be_read(tmp_path: Path) -> None:
    roll = np.zeros((959_040, 128), np.uint8)
    roll[959_000:959_016, 60] = 90
    song = read_lakh(write(tmp_path / "a.npz", members({"Piano": roll})), LPD5, 4)
    assert len(roll) < MAX_STEPS
    assert song.steps == 159_840
    assert song.notes.start.tolist() == [159_833]


def test_several_tracks_of_one_instrument_sound_as_the_loudest_and_keep_their_onsets(tmp_path: Path) -> None:
    layers = random_rolls(5)
    contents = members(layers)
    tracks = ", ".join(f'"{number}": {{"program": {40 + number}, "is_drum": false}}' for number in range(len(layers)))
    contents["info.json"] = f'{{"resolution": 24, {tracks}}}'.encode()
    song = read_lakh(write(tmp_path / "a.npz", contents), LPD5, 24)
    assert np.array_equal(song.rolls()[LPD5.index("strings")], np.maximum.reduce(list(layers.values())))
    onsets = song.onsets()[LPD5.index("strings")]
    for roll in layers.values():
        begins = (roll > 0) & (np.vstack((np.zeros((1, 128)), roll[:-1])) != roll)
        assert not (begins & ~onsets).any()
