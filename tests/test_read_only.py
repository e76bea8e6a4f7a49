"""In a read-only workspace, commands that write end with one message and commands that only read work."""

import shutil
from pathlib import Path

import pytest

from pianoroll_vae.workspace import CONFIG_FILE, DATASET, SELECTION, Workspace
from tests.conftest import Vaemusic, as_unprivileged_user
from tests.midi_files import midi_file
from tests.small_thesis import small_thesis_workspace
from tests.sources import lakh_files
from tests.thesis_dataset import thesis_dataset

WRITING = {
    "generate": ("generate", "--steps", "1", "--primer", "MIDI/song.mid", "-o", "HOME/song.mid"),
    "filter": ("filter", "--all", "--lpd", "LPD"),
    "import": ("import", "MIDI"),
    "preprocess": ("preprocess", "--workers", "0"),
    "train": ("train", "vae", "--recipe", "thesis", "-i", "bass", "--epochs", "1", "--restart"),
    "plot": ("dataset", "--plot", "HOME/dataset.png"),
}
LOOKING = {
    "status": ("status",),
    "dataset": ("dataset",),
    "show": ("show", "MIDI/song.mid"),
    "terms": ("filter", "--list", "--lpd", "LPD", "--genres", "LISTS"),
    "generate elsewhere": ("generate", "--steps", "1", "--primer", "MIDI/song.mid", "-o", "OUT/song.mid"),
}


@pytest.fixture
def places(open_folder: Path) -> dict[str, str]:
    """A trained workspace, what its commands read, and a place beside it where anybody may write."""
    folders = {word: open_folder / word.lower() for word in ("HOME", "LPD", "MIDI", "LISTS", "OUT")}
    for folder in folders.values():
        folder.mkdir()
    track_id = "TRAAAAA128F4200001"
    lakh_files.song_file(folders["LPD"], track_id, "a" * 32, lakh_files.random_rolls(0, 1000))
    (folders["LISTS"] / "id_list_rock.txt").write_text(f"{track_id}\n")
    midi_file(folders["MIDI"] / "song.mid")
    thesis_dataset(small_thesis_workspace(folders["HOME"]).path(DATASET))
    (folders["HOME"] / CONFIG_FILE).write_text('recipe = "thesis"\n')
    folders["OUT"].chmod(0o777)
    return {word: str(folder) for word, folder in folders.items()}


def words(command: tuple[str, ...], places: dict[str, str]) -> list[str]:
    """The command with the names of places for their words."""
    whole = []
    for word in command:
        head, slash, rest = word.partition("/")
        whole.append(places.get(head, head) + slash + rest)
    return whole


def holds(workspace: Workspace) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(workspace.root.rglob("*")) if path.is_file()}


def test_without_write_permission_a_command_that_writes_is_one_message(
    vaemusic: Vaemusic, places: dict[str, str]
) -> None:
    workspace = Workspace(Path(places["HOME"]))
    copy = places | {"HOME": str(workspace.root.parent / "copy")}
    shutil.copytree(workspace.root, copy["HOME"])
    for command in WRITING.values():  # they work, and what they import is there when nobody may read it
        done = vaemusic("--quiet", "-w", copy["HOME"], *words(command, copy))
        assert done.status == 0, done.err
    shutil.copy(Workspace(Path(copy["HOME"])).path(SELECTION), workspace.path(SELECTION))
    first = ("--quiet", "-w", places["HOME"])
    for path in (workspace.root, *workspace.root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = holds(workspace)
    for name, command in WRITING.items():
        with as_unprivileged_user():
            done = vaemusic(*first, *words(command, places))
        assert done.status == 1, name
        assert len(done.err.strip().splitlines()) == 2, f"{name}: {done.err}"
        assert f"Cannot write {workspace.root}" in done.err, name
        assert "Hint: Choose a path where you have permission to write." in done.err, name
    for name, command in LOOKING.items():
        with as_unprivileged_user():
            done = vaemusic(*first, *words(command, places))
        assert done.status == 0, f"{name}: {done.err}"
    assert holds(workspace) == before
