"""`train groove` trains on the drums of the selection, resumes, and measures the result on held-out songs."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pianoroll_vae.errors import ArtifactMissing, NothingFound
from pianoroll_vae.music.selection import SelectedSong, read_selection, write_selection
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.sources.sample_corpus.disk import lpd_bytes
from pianoroll_vae.stages import groove, init, train_groove
from pianoroll_vae.workspace import GROOVE, SELECTION, Workspace
from tests.conftest import Vaemusic
from tests.models.groove.songs import drum_song


class StopAfterTwoEpochs(SilentWatch):
    """Presses Ctrl-C."""

    def epoch(self, record: Mapping[str, Any]) -> None:
        super().epoch(record)
        if record["epoch"] == 2:
            raise KeyboardInterrupt


def selected(folder: Path, songs: int, quantised: bool = False) -> Workspace:
    """A workspace with a selection of songs and a file that cannot be read."""
    init.run(folder)
    here = Workspace.find(folder)
    songs_on_disk = []
    for number in range(songs):
        path = folder / f"{number}.npz"
        path.write_bytes(lpd_bytes(drum_song(number, quantised), f"song {number}"))
        songs_on_disk.append(SelectedSong(md5=f"{number:032x}", path=str(path)))
    (folder / "broken.npz").write_bytes(b"no song")
    songs_on_disk.append(SelectedSong(md5="f" * 32, path=str(folder / "broken.npz")))
    write_selection(here.path(SELECTION), songs_on_disk)
    return here


@pytest.fixture(scope="module")
def twenty_songs(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Enough to train and to measure something, not to be good."""
    return selected(tmp_path_factory.mktemp("songs"), 20)


def copy_of(workspace: Workspace, folder: Path) -> Workspace:
    """With the same songs: a selection has the paths of its files."""
    return Workspace(Path(shutil.copytree(workspace.root, folder)))


def test_a_model_is_trained_measured_and_used(vaemusic: Vaemusic, tmp_path: Path) -> None:
    here = selected(tmp_path / "project", 40)
    done = vaemusic("-w", here.root, "-q", "train", "groove", "--json")
    assert done.status == 0, done.err
    figures = json.loads(done.out)
    assert figures["with_dynamics"] == figures["with_timing"] == 1
    assert figures["velocity"]["model"] < figures["velocity"]["key_mean"]
    own = groove.find_groove(here).figures
    assert own is not None and own.as_dict() == figures
    assert here.status(GROOVE).state == "fresh"
    first = here.path(GROOVE).read_bytes()
    shown = vaemusic("-w", here.root, "train", "groove")
    assert "Trained on the drums of" in shown.out
    assert here.path(GROOVE).read_bytes() == first


def test_a_stopped_run_is_resumed_to_the_same_bytes(
    vaemusic: Vaemusic, twenty_songs: Workspace, tmp_path: Path
) -> None:
    whole, stopped = (copy_of(twenty_songs, tmp_path / name) for name in ("whole", "stopped"))
    train_groove.run(whole, 5, SilentWatch(), epochs=3)
    interrupted = StopAfterTwoEpochs()
    with pytest.raises(KeyboardInterrupt):
        train_groove.run(stopped, 5, interrupted, epochs=3)
    assert "2 epochs are kept" in interrupted.notices[-1]
    assert not stopped.path(GROOVE).exists()
    watch = SilentWatch()
    train_groove.run(stopped, 5, watch, epochs=3)
    assert watch.notices == ["groove: continues after epoch 2 of 3", "groove: all 3 epochs trained"]
    assert [record["epoch"] for record in watch.epochs] == [3]
    assert stopped.path(GROOVE).read_bytes() == whole.path(GROOVE).read_bytes()
    for workspace in (whole, stopped):
        records = [json.loads(line) for line in workspace.metrics.read_text().splitlines()]
        assert [record["epoch"] for record in records] == [1, 2, 3]
        assert {"loss", "valid_loss", "slots_per_second", "seed", "run"} <= records[0].keys()
    assert "groove" in vaemusic("-w", stopped.root, "history").out


def test_another_seed_or_selection_starts_anew(twenty_songs: Workspace, tmp_path: Path) -> None:
    here = copy_of(twenty_songs, tmp_path / "home")
    with pytest.raises(KeyboardInterrupt):
        train_groove.run(here, 0, StopAfterTwoEpochs(), epochs=3)
    other_seed = SilentWatch()
    train_groove.run(here, 1, other_seed, epochs=3)
    assert len(other_seed.epochs) == 3
    write_selection(here.path(SELECTION), list(read_selection(here.path(SELECTION)))[:-5])
    fewer_songs = SilentWatch()
    train_groove.run(here, 1, fewer_songs, epochs=3)
    assert len(fewer_songs.epochs) == 3


def test_epochs_and_restart_are_those_of_the_command(
    vaemusic: Vaemusic, twenty_songs: Workspace, tmp_path: Path
) -> None:
    here = copy_of(twenty_songs, tmp_path / "home")

    def epochs_trained(*options: str) -> list[int]:
        here.metrics.unlink(missing_ok=True)
        done = vaemusic("-w", here.root, "-q", "train", "groove", *options)
        assert done.status == 0, done.err
        lines = here.metrics.read_text().splitlines() if here.metrics.exists() else []
        return [json.loads(line)["epoch"] for line in lines]

    assert epochs_trained("--epochs", "2") == [1, 2]
    assert epochs_trained("--epochs", "2") == []
    assert epochs_trained("--epochs", "2", "--restart") == [1, 2]
    assert epochs_trained("--epochs", "1") == [1]


def test_quantised_drums_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="performed drums") as caught:
        train_groove.run(selected(tmp_path, 30, quantised=True), 0, SilentWatch())
    assert caught.value.hint


def test_without_held_out_drums_the_model_is_refused(tmp_path: Path) -> None:
    here = selected(tmp_path, 3)
    for song in train_groove.songs_by_split(here.path(SELECTION))["test"]:
        Path(song.path).write_bytes(b"no song")
    with pytest.raises(NothingFound, match="Too few songs") as caught:
        train_groove.run(here, 0, SilentWatch())
    assert "vaemusic filter" in caught.value.hint


def test_without_a_selection_the_message_names_the_command(tmp_path: Path) -> None:
    init.run(tmp_path)
    with pytest.raises(ArtifactMissing) as caught:
        train_groove.run(Workspace.find(tmp_path), 0, SilentWatch())
    assert "vaemusic filter" in caught.value.hint
