"""Collections that are broken, empty or not there: one message with a hint, and nothing half written."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.conftest import Vaemusic
from tests.error_messages import assert_one_message, files_of, half, text_instead
from tests.lakh_corpus import MD5S, ROCK, Corpus, make_lakh_corpus
from tests.sources import lakh_files

pytestmark = pytest.mark.usefixtures("forked_workers")


def with_cells(**changes: np.ndarray) -> Callable[[Path], None]:
    """Spoils the first track of an npz."""

    def spoil(path: Path) -> None:
        contents = lakh_files.members(lakh_files.random_rolls(1, 1000))
        contents |= {f"pianoroll_0_csc_{part}.npy": array for part, array in changes.items()}
        lakh_files.write(path, contents)

    return spoil


TWO = {"data": np.ones(2, np.uint8), "indptr": np.where(np.arange(129) > 60, 2, 0)}
BAD_NPZ = {
    "cut short": half,
    "a text": text_instead,
    "an index out of range": with_cells(**TWO, indices=np.array([5, 999_999_999], np.int32)),
    "a negative index": with_cells(**TWO, indices=np.array([-5, 3], np.int32)),
    "a huge shape": with_cells(shape=np.array([10**12, 128])),
    "objects": with_cells(data=np.array([{}], object)),
}


@pytest.mark.parametrize("spoil", BAD_NPZ.values(), ids=BAD_NPZ)
def test_a_broken_npz_costs_itself_and_only_broken_ones_are_an_error(
    tmp_path: Path, vaemusic: Vaemusic, spoil: Callable[[Path], None]
) -> None:
    corpus = make_lakh_corpus(tmp_path)
    home = corpus.workspace
    bad = next(corpus.lpd.rglob(f"{MD5S[ROCK]}.npz"))
    assert vaemusic("-w", home.root, "filter", "--all", "--lpd", corpus.lpd).status == 0
    spoil(bad)
    done = vaemusic("-w", home.root, "preprocess", "--json")
    assert done.status == 0, done.err
    assert (json.loads(done.out)["kept"], json.loads(done.out)["dropped"]) == (4, {"unreadable": 1})
    with home.report("preprocess.csv").open() as lines:
        [row] = csv.DictReader(lines)
    assert (row["path"], row["reason"]) == (str(bad), "unreadable")
    assert row["detail"]
    for path in corpus.lpd.rglob("*.npz"):
        spoil(path)
    before = files_of(home.root)
    assert_one_message(vaemusic("-w", home.root, "preprocess"), "None of the 5 files of the selection can be read")
    assert files_of(home.root) == before


def without_metadata(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["metadata"]


@pytest.mark.parametrize("spoil", [half, text_instead, without_metadata])
def test_a_broken_song_file_costs_itself_and_only_broken_ones_are_an_error(
    tmp_path: Path, vaemusic: Vaemusic, spoil: Callable[[Path], None]
) -> None:
    corpus = make_lakh_corpus(tmp_path)
    home = corpus.workspace
    paths = sorted(corpus.msd.rglob("*.h5"))
    spoil(paths[0])
    words = ("-w", home.root, "filter", "--genre", "rock", "--lpd", corpus.lpd, "--msd", corpus.msd)
    done = vaemusic(*words, "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["dropped"]["unreadable"] == 1
    for path in paths[1:]:
        spoil(path)
    before = files_of(home.root)
    assert_one_message(vaemusic(*words), f"None of the {len(paths)} files of Million Song Dataset song files")
    assert files_of(home.root) == before


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("filter", "--all", "--lpd", "EMPTY"), "no npz file"),
        (("filter", "--genre", "rock", "--lpd", "LPD", "--msd", "EMPTY"), "not the Million Song Dataset"),
        (("filter", "--genre", "rock", "--lpd", "LPD", "--genres", "EMPTY"), "There is no source of genres"),
        (("filter", "--genre", "zydeco", "--lpd", "LPD", "--msd", "MSD"), "zydeco"),
        (("filter", "--all", "--lpd", "LPD", "--ids", "TEXT"), "no md5 and no track id"),
        (("import", "EMPTY"), "no MIDI file"),
        (("import", "TEXT"), "not a folder"),
        (("preprocess",), "no selection"),
        (("train", "all"), "no dataset"),
        (("dataset",), "no dataset"),
        (("evaluate",), "no dataset"),
    ],
)
def test_what_is_empty_or_not_there_is_one_message(
    tmp_path: Path, vaemusic: Vaemusic, command: tuple[str, ...], says: str
) -> None:
    corpus: Corpus = make_lakh_corpus(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("nothing")
    places = {"LPD": corpus.lpd, "MSD": corpus.msd, "EMPTY": tmp_path / "empty", "TEXT": tmp_path / "text"}
    before = files_of(corpus.workspace.root)
    done = vaemusic("-w", corpus.workspace.root, *(places.get(word, word) for word in command))
    assert_one_message(done, says)
    assert files_of(corpus.workspace.root) == before
