"""The sound files and workspaces that the campaign damages, and the commands that write."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pianoroll_vae.config import TrainSettings
from pianoroll_vae.console import SilentWatch
from pianoroll_vae.models.model import KINDS
from pianoroll_vae.stages.train import TrainOptions
from pianoroll_vae.stages.train import run as train
from pianoroll_vae.workspace import Workspace
from tests.campaign.command import Command, run, vaemusic
from tests.lakh_corpus import Corpus, make_lakh_corpus
from tests.midi_files import midi_file
from tests.small_thesis import small_thesis_workspace
from tests.thesis_dataset import SMALL, thesis_dataset_workspace

NOT_COMPARED = ("lock", "artifacts.json", "metrics.jsonl", "last.safetensors")
"""They hold times, or the state of a run."""

PLAYED = ("generate", "--steps", "2", "--seed", "1", "--primer", "song.mid")


@dataclass(frozen=True)
class Material:
    """Folders, each with `home`, a workspace, and what commands read beside it."""

    root: Path
    writers: Mapping[str, tuple[Path, Command]] = field(default_factory=dict)
    """By name: a folder and a command that writes into it."""

    undisturbed: dict[str, tuple[dict[str, bytes], float]] = field(default_factory=dict)
    """By name: what is in the folder when the command has run, and how many seconds it took."""

    def copy(self, folder: Path) -> Path:
        """A copy of a folder to work in, in place of the last one."""
        work = self.root / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(folder, work)
        return work


def make(root: Path) -> Material:
    songs, playing, learning = root / "songs", root / "playing", root / "learning"
    corpus = make_lakh_corpus(songs)
    (corpus.workspace.root / "vaemusic.toml").write_text('[folders]\nlpd = "../lpd"\nmsd = "../msd"\n')
    (songs / "midi").mkdir()
    for number in range(4):
        midi_file(songs / "midi" / f"{number}.mid", beats=32, seed=number)
    small_thesis_workspace(playing / "home")
    midi_file(playing / "song.mid", beats=32)
    midi_file(playing / "other.mid", beats=40, seed=5)
    thesis_dataset_workspace(learning / "home", songs=6, segments=2)
    chosen, trained = root / "chosen", root / "trained"
    _made(songs, chosen, vaemusic("-w", "home", "filter", "--all", "--lpd", corpus.lpd))
    _made(learning, trained, _training)
    return Material(root, _writers(songs, chosen, playing, learning, trained, corpus))


def _writers(
    songs: Path, chosen: Path, playing: Path, learning: Path, trained: Path, corpus: Corpus
) -> dict[str, tuple[Path, Command]]:
    return {
        "init": (songs, vaemusic("init", "new")),
        "sample": (songs, vaemusic("sample", "corpus", "--songs", "2", "--seed", "1")),
        "filter": (songs, vaemusic("-w", "home", "filter", "--all", "--lpd", corpus.lpd)),
        "filter genres": (songs, vaemusic("-w", "home", "filter", "--genre", "blues,rock")),
        "import": (songs, vaemusic("-w", "home", "import", "midi", "--workers", "0")),
        "preprocess": (chosen, vaemusic("-w", "home", "preprocess", "--steps-per-beat", "2")),
        "train": (learning, _training),
        "train again": (trained, _training),
        "export": (playing, vaemusic("-w", "home", "export", "band")),
        "generate": (playing, vaemusic("-w", "home", *PLAYED, "-o", "new.mid", "-o", "new.npz")),
        "vary": (playing, vaemusic("-w", "home", "vary", "song.mid", "--noise", "0.5", "--seed", "1", "-o", "v.mid")),
        "interpolate": (playing, vaemusic("-w", "home", "interpolate", "song.mid", "other.mid", "-o", "i.mid")),
        "chart": (playing, vaemusic("chart", "song.mid", "-o", "c.chart")),
        "plot": (playing, vaemusic("plot", "song.mid", "-o", "p.png")),
        "render": (playing, vaemusic("render", "song.mid", "-o", "r.wav")),
    }


def _training() -> None:
    """Two epochs of each kind of network, in the workspace `home`."""
    options = TrainOptions(KINDS, precision="float32")
    train(Workspace(Path("home").resolve()), options, TrainSettings(device="cpu", epochs=2), SMALL, SilentWatch())


def _made(source: Path, target: Path, command: Command) -> None:
    """A copy of a folder in which a command has run."""
    shutil.copytree(source, target)
    outcome = run(command, target)
    assert outcome.status == 0, outcome.err


def contents(folder: Path) -> dict[str, bytes]:
    """The files that a command has written, or found, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in NOT_COMPARED
    }


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.part*")]
