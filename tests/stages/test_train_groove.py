"""`train groove` teaches a drummer from the selection and says how well it plays held-out songs."""

import json
from pathlib import Path

import pytest

from pianoroll_vae.console import SilentWatch
from pianoroll_vae.errors import ArtifactMissing, NothingFound
from pianoroll_vae.music.selection import SelectedSong, write_selection
from pianoroll_vae.sources.sample_corpus.disk import lpd_bytes
from pianoroll_vae.stages import groove, init, train_groove
from pianoroll_vae.workspace import SELECTION, Workspace
from tests.conftest import Vaemusic
from tests.models.groove.test_network import played_song


def chosen(folder: Path, songs: int, stiff: bool = False) -> Workspace:
    """A workspace whose selection is played songs, and a file that is none."""
    init.run(folder)
    here = Workspace.find(folder)
    selected = []
    for number in range(songs):
        path = folder / f"{number}.npz"
        path.write_bytes(lpd_bytes(played_song(number, stiff), f"song {number}"))
        selected.append(SelectedSong(md5=f"{number:032x}", path=str(path)))
    (folder / "broken.npz").write_bytes(b"no song")
    selected.append(SelectedSong(md5="f" * 32, path=str(folder / "broken.npz")))
    write_selection(here.path(SELECTION), selected)
    return here


def test_a_drummer_is_taught_measured_and_played_with(vaemusic: Vaemusic, tmp_path: Path) -> None:
    here = chosen(tmp_path / "project", 40)
    done = vaemusic("-w", here.root, "-q", "train", "groove", "--json")
    assert done.status == 0, done.err
    figures = json.loads(done.out)
    assert figures["lively"] == figures["played"] == 1
    assert figures["velocity"]["ours"] < figures["velocity"]["drum"]
    assert groove.find_groove(here).about == figures
    assert here.status(train_groove.GROOVE).state == "fresh"
    first = here.path(train_groove.GROOVE).read_bytes()
    shown = vaemusic("-w", here.root, "-q", "train", "groove")
    assert "Learned from the drums of" in shown.out
    assert here.path(train_groove.GROOVE).read_bytes() == first


def test_typed_drums_teach_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="played rather than typed") as caught:
        train_groove.run(chosen(tmp_path, 30, stiff=True), 0, SilentWatch())
    assert caught.value.hint


def test_without_held_out_drums_nothing_can_be_measured(tmp_path: Path) -> None:
    here = chosen(tmp_path, 3)
    for song in train_groove.by_split(here.path(SELECTION))["test"]:
        Path(song.path).write_bytes(b"no song")
    with pytest.raises(NothingFound, match="Too few songs") as caught:
        train_groove.run(here, 0, SilentWatch())
    assert "vaemusic filter" in caught.value.hint


def test_without_a_selection_the_message_names_the_command(tmp_path: Path) -> None:
    init.run(tmp_path)
    with pytest.raises(ArtifactMissing) as caught:
        train_groove.run(Workspace.find(tmp_path), 0, SilentWatch())
    assert "vaemusic filter" in caught.value.hint
