"""The sound files and workspaces that the campaign damages, and the commands that write."""

import os
import pickle
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pianoroll_vae.config import TrainSettings
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages.train import TrainOptions
from pianoroll_vae.stages.train import run as train
from pianoroll_vae.workspace import Workspace
from tests.campaign.command import Command, run, vaemusic
from tests.lakh_corpus import IDS, MD5S, make_lakh_corpus
from tests.midi_files import midi_file
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace
from tests.sources import msd_databases
from tests.thesis_dataset import SMALL, thesis_dataset_workspace

NOT_COMPARED = ("lock", "artifacts.json", "metrics.jsonl", "last.safetensors")
"""They hold times, or the state of a run."""

HOME = ("-w", "home")
PLAYED = ("generate", "--steps", "2", "--seed", "1", "--primer", "song.mid")
TRACKS = dict.fromkeys(IDS, ("ARBLUES", "Slow Train", "Ada Ash", 1961))


@dataclass(frozen=True)
class Writer:
    """A command that writes, and the name of the folder that it runs in."""

    folder: str
    command: Command


def _song_command(*words: str) -> Writer:
    return Writer("playing", vaemusic(*HOME, *words))


def _training(recipe: Recipe, kinds: tuple[str, ...]) -> Command:
    """Two epochs of kinds of networks, in the workspace `home`."""

    def run_training() -> None:
        options = TrainOptions(kinds, precision="float32")  # type: ignore[arg-type]
        train(Workspace(Path("home").resolve()), options, TrainSettings(device="cpu", epochs=2), recipe, SilentWatch())

    return run_training


TRAINING = _training(SMALL, ("vae", "melody", "conditional"))

WRITERS: Mapping[str, Writer] = {
    "generate": _song_command(*PLAYED, "-o", "new.mid", "-o", "new.npz"),
    "filter": Writer("songs", vaemusic(*HOME, "filter", "--all")),
    "filter genres": Writer("songs", vaemusic(*HOME, "filter", "--genre", "blues,rock", "--source", "sqlite")),
    "init": Writer("songs", vaemusic("init", "new")),
    "sample": Writer("songs", vaemusic("sample", "corpus", "--songs", "2", "--seed", "1")),
    "import": Writer("songs", vaemusic(*HOME, "import", "midi", "--workers", "0")),
    "preprocess": Writer("chosen", vaemusic(*HOME, "preprocess", "--steps-per-beat", "2", "--workers", "0")),
    "dataset": Writer("learning", vaemusic(*HOME, "dataset", "--plot", "d.png")),
    "train": Writer("learning", TRAINING),
    "train again": Writer("trained", TRAINING),
    "history": Writer("trained", vaemusic(*HOME, "history", "--plot", "h.png")),
    "export": _song_command("export", "band"),
    "continue": _song_command("continue", "song.mid", "--steps", "2", "--seed", "1", "-o", "longer.mid"),
    "accompany": _song_command("accompany", "song.mid", "--keep", "piano", "--seed", "1", "-o", "a.mid"),
    "vary": _song_command("vary", "song.mid", "--noise", "0.5", "--seed", "1", "-o", "v.mid"),
    "interpolate": _song_command("interpolate", "song.mid", "other.mid", "-o", "i.mid"),
    "average": _song_command("average", "song.mid", "other.mid", "-o", "m.mid"),
    "blend": _song_command("blend", "song.mid", "--style", "other.mid", "-o", "b.mid"),
    "generate bars": Writer("arranging", vaemusic(*HOME, "generate", "--bars", "8", "--seed", "1", "-o", "new.mid")),
    "vary bars": Writer(
        "arranging", vaemusic(*HOME, "vary", "song.mid", "--noise", "0.5", "--seed", "1", "-o", "v.mid")
    ),
    "groove": _song_command("groove", "song.mid", "-o", "g.mid"),
    "reconstruct": _song_command("reconstruct", "song.mid", "-o", "r.mid"),
    "chart": _song_command("chart", "song.mid", "-o", "c.chart"),
    "plot": _song_command("plot", "song.mid", "-o", "p.png"),
    "compare": _song_command("compare", "song.mid", "other.mid", "-o", "q.png"),
    "render": _song_command("render", "song.mid", "-o", "r.wav"),
}
"""By name."""


WARM_UP = tuple(WRITERS[name] for name in ("generate", "plot", "render", "groove", "generate bars"))
"""Commands that load between them what most commands load."""


@dataclass(frozen=True)
class Material:
    """Folders, each with `home`, a workspace, and what commands read beside it. Each is made when it is asked for.

    Several processes may work with the same material, each in a copy of its own.
    """

    root: Path
    known: dict[str, Any] = field(default_factory=dict)
    """What was found out, by what it is."""

    @property
    def work(self) -> Path:
        """Where this process works. Its path is as long as that of every other process."""
        return self.root / f"{os.getpid():010}"

    def once(self, what: str, find_out: Callable[[], Any]) -> Any:
        """What one process finds out for all."""
        file = self.root / "known" / what
        if what not in self.known and file.exists():
            self.known[what] = pickle.loads(file.read_bytes())
        if what not in self.known:
            self.known[what] = find_out()
            file.parent.mkdir(exist_ok=True)
            whole = file.with_name(f"{what} {os.getpid()}")
            whole.write_bytes(pickle.dumps(self.known[what]))
            whole.rename(file)
        return self.known[what]

    def folder(self, name: str) -> Path:
        path = self.root / name
        if not path.exists():
            _FOLDERS[name](self, path)
        return path

    def make_all(self) -> None:
        """All folders, before several processes use them."""
        for name in _FOLDERS:
            self.folder(name)

    def copy(self, name: str) -> Path:
        """A copy of a folder to work in, in place of the last one."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.folder(name), self.work)
        return self.work

    def copy_of(self, writer: Writer) -> Path:
        return self.copy(writer.folder)

    def after(self, name: str) -> tuple[dict[str, bytes], float]:
        """What is in a writer's folder when it has run undisturbed, and how many seconds it took."""
        return cast(tuple[dict[str, bytes], float], self.once(f"after {name}", lambda: self._after(name)))

    def _after(self, name: str) -> tuple[dict[str, bytes], float]:
        seconds = []
        for _ in range(2):
            work = self.copy_of(WRITERS[name])
            outcome = run(WRITERS[name].command, work)
            assert outcome.status == 0, f"{name} does not even work undisturbed: {outcome.err}"
            seconds.append(outcome.seconds)
        return contents(work), min(seconds)


def _songs(material: Material, path: Path) -> None:
    """Songs of the Lakh Pianoroll Dataset, sources of their genres, and MIDI files."""
    corpus = make_lakh_corpus(path)
    (corpus.workspace.root / "vaemusic.toml").write_text(
        '[folders]\nlpd = "../lpd"\nmsd = "../msd"\ngenres = "../labels"\n'
    )
    additional = path / "msd" / "AdditionalFiles"
    additional.mkdir()
    msd_databases.artist_term_db(additional / "artist_term.db")
    msd_databases.track_metadata_db(additional / "track_metadata.db", TRACKS)
    msd_databases.summary_h5(additional / "msd_summary_file.h5", TRACKS)
    (additional / "unique_tracks.txt").write_text("".join(f"{track}<SEP>SO<SEP>Ada<SEP>Train\n" for track in IDS))
    lists = path / "labels" / "lastfm"
    lists.mkdir(parents=True)
    (lists / "id_list_blues.txt").write_text("".join(f"{track}\n" for track in IDS[:3]))
    (path / "labels" / "msd_tagtraum_cd1.cls").write_text("".join(f"{track}\tBlues\tRock\n" for track in IDS))
    (path / "labels" / "masd_labels.txt").write_text("".join(f"{track}    1\n" for track in IDS))
    (path / "ids.txt").write_text("".join(f"{md5} {track}\n" for md5, track in zip(MD5S, IDS, strict=True)))
    (path / "midi").mkdir()
    for number in range(4):
        midi_file(path / "midi" / f"{number}.mid", beats=32, seed=number)


def _chosen(material: Material, path: Path) -> None:
    """Songs that have been selected."""
    _made(material, "songs", path, WRITERS["filter"].command)


def _learning(material: Material, path: Path) -> None:
    """A dataset."""
    thesis_dataset_workspace(path / "home", songs=6, segments=2)


def _trained(material: Material, path: Path) -> None:
    """A dataset, and networks that were trained on it."""
    _made(material, "learning", path, TRAINING)


def _playing(material: Material, path: Path) -> None:
    """A trained band and two songs."""
    small_thesis_workspace(path / "home")
    midi_file(path / "song.mid", beats=32)
    midi_file(path / "other.mid", beats=40, seed=5)


def _arranging(material: Material, path: Path) -> None:
    """A band that writes bars, and a song."""
    small_arranger_workspace(path / "home")
    midi_file(path / "song.mid", beats=32)


def _everything(material: Material, path: Path) -> None:
    """All of it in one workspace, for commands that run at the same time."""
    shutil.copytree(material.folder("chosen"), path)
    for name in ("learning", "playing"):
        shutil.copytree(material.folder(name), path, dirs_exist_ok=True, ignore=_keep_settings)


def _keep_settings(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in ("vaemusic.toml", ".vaemusic")]


_FOLDERS: Mapping[str, Callable[[Material, Path], None]] = {
    "songs": _songs,
    "chosen": _chosen,
    "learning": _learning,
    "trained": _trained,
    "playing": _playing,
    "arranging": _arranging,
    "everything": _everything,
}


def _made(material: Material, source: str, target: Path, command: Command) -> None:
    """A copy of a folder in which a command has run."""
    shutil.copytree(material.folder(source), target)
    outcome = run(command, target)
    assert outcome.status == 0, outcome.err


def contents(folder: Path) -> dict[str, bytes]:
    """The files that a command has written, or found, by path. They are the same wherever the folder is."""
    return {
        str(path.relative_to(folder)): path.read_bytes().replace(bytes(folder), b"FOLDER")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in NOT_COMPARED
    }


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.part*")]
