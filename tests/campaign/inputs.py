"""Files of every format with changed bytes, and files that break their schema, each read by a command."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.numpy import save

from pianoroll_vae.stages.groove import BUNDLED_GROOVE
from tests.campaign.command import Command, run, run_each, vaemusic
from tests.campaign.material import HOME, PLAYED, TRAINING, WRITERS, Material
from tests.fuzz.spoiling import spoiled
from tests.wrong_datasets import break_anything

IN_A_PROCESS = 100
"""Inputs that are read in one process, unless one of them ends it."""

INPUT_BATCHES = 100_000 // IN_A_PROCESS

PLOTTED = 0.05
"""How often a command that draws, which takes half a second, is among those to choose from."""

OUT = ("-o", "out.mid", "--force")
PLAY = (*HOME, *PLAYED, *OUT)
MODEL = "home/models/{}/best.safetensors"
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2.5, 10**9, 2**63, 10**400, 1e300, float("nan"), float("inf")),
    *("text", "", "x" * 10**5, [], [1], [[1]], [[]] * 300, {}, {"a": 1}, {"": {}}),
)  # fmt: skip

ATTRIBUTES = [
    {"name": name, "kind": kind, "vectors": [[0.5] * 4] * 5, "moves": [1.0] * 4 + [None], "others": [0.1] * 4 + [None]}
    for name, kind in (("density", "attribute"), ("blues", "genre"))
]

PLACES: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "playing": {
        "song.mid": (("show", "song.mid"), PLAY, (*HOME, "reconstruct", "song.mid", *OUT), ("chart", "song.mid"),
                     ("groove", "song.mid", *OUT), ("show", "song.mid", "--salvage"),
                     ("plot", "song.mid", "-o", "a.png"), ("render", "song.mid", "-o", "a.wav"),
                     (*HOME, "vary", "song.mid", *OUT),
                     ("compare", "song.mid", "other.mid"), (*HOME, "continue", "song.mid", "--steps", "1", *OUT)),
        "a.npz": (("show", "a.npz"), ("plot", "a.npz", "-o", "a.png")),
        "c.chart": (("show", "c.chart"), (*HOME, "continue", "song.mid", "--steps", "1", "--chart", "c.chart", *OUT)),
        "home/vaemusic.toml": ((*HOME, "status"), PLAY, (*HOME, "filter", "--lpd", ".")),
        "home/models/attributes.json": (
            (*HOME, "attributes", "list"),
            (*HOME, "attributes", "apply", "song.mid", "--attribute", "density=1", *OUT),
        ),
        "home/models/groove/best.safetensors": ((*HOME, "groove", "song.mid", *OUT),),
        "home/recipes/mine.toml": (("recipe", "check", "home/recipes/mine.toml"), (*HOME, "recipe", "list")),
        **{MODEL.format(kind): (PLAY, (*HOME, "status")) for kind in ("vae", "melody", "conditional")},
    },
    "trained": {
        "home/dataset.h5": ((*HOME, "dataset"), (*HOME, *PLAYED[:-1], "random", *OUT), (*HOME, "train", "vae"),
                            (*HOME, "dataset", "--plot", "a.png")),
        "home/metrics.jsonl": ((*HOME, "history"), (*HOME, "history", "--plot", "a.png"), (*HOME, "status")),
        "home/.vaemusic/artifacts.json": ((*HOME, "status"),),
        "home/models/vae/last.safetensors": ((*HOME, "status"), ("train",)),
    },
    "chosen": {
        "home/selection.jsonl": ((*HOME, "preprocess", "--workers", "0"), (*HOME, "status")),
        "msd/AdditionalFiles/artist_term.db": ((*HOME, "filter", "--genre", "blues", "--source", "sqlite"),),
        "msd/AdditionalFiles/track_metadata.db": ((*HOME, "filter", "--genre", "blues", "--source", "sqlite"),),
        "msd/AdditionalFiles/msd_summary_file.h5": ((*HOME, "filter", "--genre", "blues", "--source", "summary"),),
        "msd/AdditionalFiles/unique_tracks.txt": ((*HOME, "filter", "--genre", "blues", "--source", "lastfm"),),
        "labels/lastfm/id_list_blues.txt": ((*HOME, "filter", "--genre", "blues", "--source", "lastfm"),),
        "labels/msd_tagtraum_cd1.cls": ((*HOME, "filter", "--list", "--source", "msd_tagtraum_cd1"),),
        "labels/masd_labels.txt": ((*HOME, "filter", "--genre", "pop", "--source", "masd"),),
        "ids.txt": ((*HOME, "filter", "--ids", "ids.txt"),),
        "midi/0.mid": ((*HOME, "import", "midi", "--workers", "0"),),
    },
    "arranging": {
        **{MODEL.format(kind): ((*HOME, "generate", "--bars", "4", *OUT), (*HOME, "vary", "song.mid", *OUT))
           for kind in ("vae", "melody", "conditional", "bar_vae")},
    },
}  # fmt: skip
"""By folder: every file that is read, and command lines that read it; `train`: training goes on."""


@dataclass(frozen=True)
class Trial:
    """A file that is damaged, read by a command, and restored."""

    path: Path
    sound: bytes
    words: tuple[str, ...]
    seed: int

    def __str__(self) -> str:
        return f"{self.path.name} of seed {self.seed}: {' '.join(self.words)}"

    def run(self) -> None:
        damage(self.path, self.sound, random.Random(self.seed))
        try:
            (TRAINING if self.words == ("train",) else vaemusic(*self.words))()
        finally:
            self.path.write_bytes(self.sound)


def damaged_inputs(material: Material, rng: random.Random, number: int, midi: Path | None) -> Iterator[tuple[str, str]]:
    """Every file as often as every other, in one folder after the other."""
    folder = list(PLACES)[number % len(PLACES)]
    work = prepare(material, folder)
    trials = []
    for _ in range(IN_A_PROCESS):
        path = rng.choice(list(PLACES[folder]))
        lines = [words for words in PLACES[folder][path] if "--plot" not in words or rng.random() < PLOTTED]
        place = work / path
        trials.append(Trial(place, place.read_bytes(), rng.choice(lines), rng.randrange(1 << 32)))
    commands: list[Command] = [trial.run for trial in trials]
    for trial, outcome in zip(trials, run_each(commands, work), strict=True):
        if outcome.status is None or outcome.status < 0:  # it was ended before it could restore the file itself
            trial.path.write_bytes(trial.sound)
        yield str(trial), outcome.fault


def prepare(material: Material, folder: str) -> Path:
    """A copy of a folder, with what its commands do not write by themselves."""
    work = material.copy(folder)
    if folder == "playing":
        npz = next((material.folder("songs") / "lpd").rglob("*.npz"))
        (work / "a.npz").write_bytes(npz.read_bytes())
        run(WRITERS["chart"].command, work)
        (work / "home" / "vaemusic.toml").write_text("[train]\nepochs = 3\n[filter]\ngenre = ['blues']\n")
        (work / "home" / "recipes").mkdir()
        (work / "home" / "recipes" / "mine.toml").write_text('base = "thesis"\nlatent_size = 16\n[vae]\nepochs = 3\n')
        (work / "home" / "models" / "groove").mkdir()
        (work / "home" / "models" / "groove" / "best.safetensors").write_bytes(BUNDLED_GROOVE.read_bytes())
        (work / "home" / "models" / "attributes.json").write_text(json.dumps(ATTRIBUTES))
    return work


def damage(path: Path, sound: bytes, rng: random.Random) -> None:
    """Write a file with changed bytes, or one that its format allows and its schema does not."""
    breaks: Mapping[str, Callable[[], object]] = {
        ".h5": lambda: _break_dataset(path, sound, rng),
        ".safetensors": lambda: _break_header(path, rng),
        ".json": lambda: path.write_text(json.dumps(_broken(json.loads(sound), rng))),
        ".jsonl": lambda: path.write_text(_broken_line(sound.decode().splitlines(), rng)),
    }
    if path.suffix in breaks and path.name != "msd_summary_file.h5" and rng.random() < 0.7:
        breaks[path.suffix]()
    else:
        path.write_bytes(spoiled(sound, rng))


def _break_dataset(path: Path, sound: bytes, rng: random.Random) -> None:
    whole = path.with_name(".whole.h5")
    whole.write_bytes(sound)
    break_anything(path, whole, 100, rng)
    whole.unlink()


def _break_header(path: Path, rng: random.Random) -> None:
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(file.metadata()["vaemusic"])
    path.write_bytes(save(arrays, {"vaemusic": json.dumps(_broken(header, rng))}))


def _broken_line(lines: list[str], rng: random.Random) -> str:
    place = rng.randrange(len(lines))
    lines[place] = json.dumps(_broken(json.loads(lines[place]), rng))
    return "\n".join(lines) + "\n"


def _broken(value: Any, rng: random.Random) -> Any:
    """A JSON value in which one value, somewhere, is another, missing, or there twice."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.1:
        return rng.choice(VALUES)
    if isinstance(value, list):
        place = rng.randrange(len(value))
        return [*value[:place], _broken(value[place], rng), *value[place + rng.randrange(2) :]]
    key = rng.choice(list(value))
    if rng.random() < 0.1:
        return {name: each for name, each in value.items() if name != key}
    return value | {key: _broken(value[key], rng)}
