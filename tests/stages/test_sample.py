"""The sample corpus on disk: the real formats and trees, read back by the libraries that made them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from pianoroll_vae.errors import FileUnwritable
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.progress import SilentWatch, Task
from pianoroll_vae.sources.lakh import read_lakh
from pianoroll_vae.sources.sample_corpus.catalogue import ROUND, music_md5
from pianoroll_vae.sources.sample_corpus.composer import compose
from pianoroll_vae.stages.sample import SampleReport, run
from tests.conftest import Vaemusic

SONGS = 14


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    return run(tmp_path_factory.mktemp("sample") / "corpus", SONGS, 0, SilentWatch())


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_files_stand_where_the_real_collections_have_them(corpus: SampleReport) -> None:
    npz = list(corpus.lpd.rglob("*.npz"))
    h5 = {path.stem: path for path in corpus.msd.rglob("*.h5")}
    assert len(npz) == corpus.tracks == SONGS + 1
    assert len(h5) == corpus.msd_files > corpus.tracks, "some tracks are known to the MSD alone"
    for path in npz:
        track_id = path.parent.name
        assert path.parent == corpus.lpd / track_id[2] / track_id[3] / track_id[4] / track_id
        assert h5[track_id] == corpus.msd / track_id[2] / track_id[3] / track_id[4] / f"{track_id}.h5"
        assert len(track_id) == 18 and track_id.startswith("TR")


def test_one_song_stands_under_two_track_ids(corpus: SampleReport) -> None:
    by_md5: dict[str, list[Path]] = {}
    for path in corpus.lpd.rglob("*.npz"):
        by_md5.setdefault(path.stem, []).append(path)
    assert len(by_md5) == SONGS
    twice = [paths for paths in by_md5.values() if len(paths) == 2]
    assert len(twice) == 1
    assert twice[0][0].read_bytes() == twice[0][1].read_bytes()


def test_pypianoroll_reads_what_was_composed(corpus: SampleReport) -> None:
    import pypianoroll  # imports SciPy's statistics, which take a second, in each process that collects these tests

    for number in range(6):
        made = compose(ROUND[number % len(ROUND)], number, 0)
        path = next(corpus.lpd.rglob(f"{music_md5(made.song)}.npz"))
        loaded = pypianoroll.load(path)
        assert [track.name for track in loaded.tracks] == ["Drums", "Piano", "Guitar", "Bass", "Strings"]
        assert [track.program for track in loaded.tracks] == [0, 0, 24, 32, 48]
        rolls = made.song.rolls()
        for track in loaded.tracks:
            name = track.name.lower()
            if name == made.plan.absent:
                assert track.pianoroll.shape == (0, 128)
                assert track.pianoroll.dtype == np.bool_
            else:
                assert np.array_equal(track.pianoroll, rolls[LPD5.index(name)])
                assert track.is_drum == (name == "drums")
        assert loaded.tempo.shape[0] == made.song.steps
        assert np.flatnonzero(loaded.downbeat).tolist() == [0]


def test_our_own_reader_gets_the_song_back(corpus: SampleReport) -> None:
    made = compose(ROUND[1], 1, 0)
    path = next(corpus.lpd.rglob(f"{music_md5(made.song)}.npz"))
    song = read_lakh(path, LPD5, 24)
    assert song.steps == made.song.steps
    assert np.array_equal(song.rolls(), made.song.rolls())


def test_the_song_files_have_the_terms_that_the_filter_reads(corpus: SampleReport) -> None:
    for path in corpus.msd.rglob("*.h5"):
        with h5py.File(path) as file:
            terms, weights = file["metadata/artist_terms"][:], file["metadata/artist_terms_weight"][:]
            assert terms.dtype == "S256" and len(terms) == len(weights) >= 3
            assert weights[0] == 1.0 and (np.diff(weights) < 0).all()
            assert file["analysis/songs"]["track_id"][0].decode() == path.stem
            assert file["metadata/songs"]["title"][0] and file["metadata/songs"]["artist_name"][0]
            assert file["metadata/songs"]["genre"][0] == b""
            assert "year" in file["musicbrainz/songs"].dtype.names


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(tmp_path / name, 3, 5, SilentWatch())
    run(tmp_path / "other", 3, 6, SilentWatch())
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one") != digests(tmp_path / "other")


def test_the_default_corpus_has_what_was_promised(corpus: SampleReport) -> None:
    assert {"blues", "rock"} < set(corpus.genres) and len(corpus.genres) >= 4
    assert sum(corpus.absent.values()) >= 1
    assert "for practice" in (corpus.folder / "SAMPLE.txt").read_text()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "lpd").mkdir()
    with pytest.raises(FileUnwritable) as error:
        run(tmp_path, 1, 0, SilentWatch())
    assert "already there" in error.value.message
    assert "new folder" in error.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["lpd"]


def test_asking_for_the_same_corpus_again_changes_nothing(tmp_path: Path) -> None:
    first = run(tmp_path / "corpus", 2, 0, SilentWatch())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    again = run(tmp_path / "corpus", 2, 0, SilentWatch())
    assert (first.existed, again.existed) == (False, True)
    assert (again.songs, again.bars) == (first.songs, first.bars)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(FileUnwritable, match="Cannot write") as error:
        run(tmp_path / "file" / "corpus", 1, 0, SilentWatch())
    assert error.value.hint == "A file is where a folder is needed: choose another path."


class Impatient(SilentWatch):
    """Presses Ctrl-C when the first song is done."""

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        yield self

    def advance(self, n: int = 1) -> None:
        raise KeyboardInterrupt


def test_a_stopped_run_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "corpus", 2, 0, Impatient())
    assert list((tmp_path / "corpus").iterdir()) == []


def test_the_command_prints_what_it_made_and_the_next_command(vaemusic: Vaemusic, tmp_path: Path) -> None:
    done = vaemusic("sample", tmp_path / "corpus", "--songs", "2")
    assert done.status == 0, done.err
    assert "2 songs under 3 track ids" in done.out
    assert "vaemusic filter --genre blues,rock" in done.out
    other = vaemusic("sample", tmp_path / "corpus", "--songs", "2", "--seed", "7")
    assert other.status == 1 and "already there" in other.err
    assert vaemusic("sample", tmp_path / "x", "--songs", "0").status == 2


def test_what_a_killed_run_has_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".sample-k1ll3d" / "lpd"
    left.mkdir(parents=True)
    (left / "half.npz").write_bytes(b"half")
    run(tmp_path, 1, 0, SilentWatch())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SAMPLE.txt", "lpd", "msd"]


def test_a_run_that_was_killed_while_it_moved_the_corpus_is_finished(tmp_path: Path) -> None:
    run(tmp_path, 1, 0, SilentWatch())
    whole = digests(tmp_path)
    part = tmp_path / ".sample-k1ll3d"
    part.mkdir()
    for name in ("lpd", "SAMPLE.txt"):  # the first folder is moved already
        (tmp_path / name).rename(part / name)
    assert run(tmp_path, 1, 0, SilentWatch()).existed
    assert digests(tmp_path) == whole
