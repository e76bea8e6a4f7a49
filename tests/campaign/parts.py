"""The parts of the campaign. Each yields the command of every trial, and its fault: empty where there is none."""

import itertools
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from safetensors import safe_open

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.models.files import write_arrays
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES, load_score
from tests.bench.midi_agreement import Note, mido_notes, our_notes, struck_again, symusic_notes
from tests.campaign.command import KILLED, run, run_together, vaemusic
from tests.campaign.material import PLAYED, Material, contents, leftovers
from tests.fuzz.spoiling import spoiled
from tests.wrong_datasets import break_anything

Found = tuple[str, str]
"""A command, and its fault."""

Trials = Iterator[Found]
PARTS: dict[str, Callable[[Material, random.Random, Path | None], Trials]] = {}


def part(trials: Callable[[Material, random.Random, Path | None], Trials]) -> Callable[..., Trials]:
    PARTS[trials.__name__.replace("_", " ")] = trials
    return trials


@part
def kills(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """Commands that are killed, then run again: the files are those of an undisturbed run."""
    undisturbed = _undisturbed(material)
    while True:
        for name, (folder, command) in material.writers.items():
            whole, seconds = undisturbed[name]
            before, work = contents(folder), material.copy(folder)
            for _ in range(rng.randrange(1, 3)):
                outcome = run(command, work, kill_after=rng.uniform(0, seconds * 1.1))
                if outcome.status not in (0, KILLED):
                    yield name, outcome.fault or f"status {outcome.status}: {outcome.err[-200:]}"
                torn = _torn(contents(work), before, whole) if not name.startswith(("train", "sample")) else ""
                if torn:
                    yield name, f"half written after a kill: {torn}"
            outcome = run(command, work)
            if name == "sample" and "is not empty" in outcome.err:
                yield name, ""
                continue
            yield name, outcome.fault or _difference(contents(work), whole) or ", ".join(leftovers(work))


@part
def full_disk(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """No file can grow beyond a size: one message, and what was there before is as it was."""
    undisturbed = _undisturbed(material)
    while True:
        for name, (folder, command) in material.writers.items():
            whole, before = undisturbed[name][0], contents(folder)
            new = [len(content) for path, content in whole.items() if before.get(path) != content] or [1]
            work = material.copy(folder)
            outcome = run(command, work, file_size=rng.randrange(max(new)))
            fault = outcome.fault or _torn(contents(work), before, whole) or ", ".join(leftovers(work))
            if outcome.status and "Cannot write" not in outcome.err:
                fault = fault or f"another message than of the disk: {outcome.err[:200]}"
            yield name, fault if not name.startswith("train") or "half" not in fault else ""
            outcome = run(command, work)
            if name != "sample":
                yield name, outcome.fault or _difference(contents(work), whole)


@part
def damaged_inputs(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """Files with changed bytes, and files that break their schema."""
    trained, playing = material.root / "trained", material.root / "playing"
    chosen = material.root / "chosen"
    work = material.copy(playing)
    (work / "home" / ".vaemusic").mkdir(exist_ok=True)
    for name in ("dataset.h5", "metrics.jsonl", ".vaemusic/artifacts.json"):
        (work / "home" / name).write_bytes((trained / "home" / name).read_bytes())
    (work / "home" / "selection.jsonl").write_bytes((chosen / "home" / "selection.jsonl").read_bytes())
    (work / "a.npz").write_bytes(next((material.root / "songs" / "lpd").rglob("*.npz")).read_bytes())
    (work / "home" / "vaemusic.toml").write_text("[train]\nepochs = 3\n[filter]\ngenre = ['blues']\n")
    run(vaemusic("chart", "song.mid", "-o", "c.chart"), work)
    places = _places(work)
    sound = {path: path.read_bytes() for path in places}
    while True:
        path = rng.choice(list(places))
        how = _damage(path, sound[path], rng)
        outcome = run(vaemusic(*rng.choice(places[path])), work)
        yield f"{path.name}: {how}", outcome.fault
        path.write_bytes(sound[path])


@part
def together(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """Two and three commands at once in one workspace."""
    by_folder: dict[Path, list[str]] = {}
    for name, (folder, _) in material.writers.items():
        by_folder.setdefault(folder, []).append(name)
    undisturbed = _undisturbed(material)
    groups = [(folder, pair) for folder, names in by_folder.items() for pair in itertools.product(names, repeat=2)]
    while True:
        rng.shuffle(groups)
        for folder, pair in groups:
            names = (*pair, rng.choice(by_folder[folder])) if rng.random() < 0.3 else pair
            work = material.copy(folder)
            for name, outcome in zip(
                names, run_together([material.writers[name][1] for name in names], work), strict=True
            ):
                fault = outcome.fault
                if outcome.status == 0 and "filter" not in name and "import" not in name:
                    missing = undisturbed[name][0].keys() - contents(work).keys()
                    fault = fault or (f"lost {', '.join(sorted(missing))}" if missing else "")
                yield " + ".join(names), fault
            yield " + ".join(names), ", ".join(leftovers(work))


@part
def other_readers(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """The notes of real MIDI files, as two other readers have them, in a folder that MIDI names."""
    files = sorted(path for path in midi.rglob("*") if path.suffix.lower() in MIDI_SUFFIXES) if midi else []
    rng.shuffle(files)
    for path in files:
        try:
            ours = Counter(our_notes(load_score(path)))
        except VaemusicError as refusal:
            yield path.name, "" if refusal.message and refusal.hint else "refused without a reason"
            continue
        either: Counter[Note] = Counter()
        for reader in (symusic_notes, mido_notes):
            try:
                either |= Counter(struck_again(reader(path)))
            except Exception:  # the other readers fail in ways of their own
                continue
        apart = sum((ours - either).values()) if either else 0
        yield path.name, f"{apart} notes that neither of the others has" if apart else ""


WORDS = (
    "",
    " ",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "[bold]markup[/bold]",
    "[/red]",
    "[link=file:///etc/passwd]x[/link]",
    "a\nb\rc",
    "x" * 300,
    "y" * 5000,
    "/dev/null",
    "/proc/self/mem",
    "/",
    ".",
    "..",
    "~",
    "\udcff.mid",
    "ünï ♯.mid",
    "‮gpj.mid",
    "--help",
    "-",
    "nan",
    "inf",
    "-1",
    "0",
    "1e400",
    "9" * 400,
    "9223372036854775808",
    "0x10",
    "1,2,3",
    "piano=",
    "=1",
    "C#" * 100,
    "dir.mid",
    "dir/",
    "loop.mid",
)

LINES = (
    *(("-w", "?", verb) for verb in ("status", "dataset", "history")),
    *((verb, "?") for verb in ("init", "show", "chart", "groove", "reconstruct")),
    *((verb, "?", "-o", "out.mid") for verb in ("continue", "accompany", "vary", "groove", "reconstruct")),
    *(("-w", "home", *PLAYED, option, "?", "-o", "out.mid") for option in (
        "--key", "--chords", "--noise", "--tempo", "--mute", "--solo", "--program", "--threshold", "--form", "--steps",
        "--seed", "--count", "--bars", "--seconds", "--temperature", "--primer", "--chart", "--genre", "--density",
    )),
    ("-w", "home", *PLAYED, "-o", "?"),
    ("vary", "song.mid", "--bars", "?", "-o", "out.mid"),
    ("plot", "song.mid", "-o", "?"),
    ("render", "song.mid", "-o", "?"),
    ("chart", "song.mid", "-o", "?"),
    ("plot", "?", "-o", "out.png"),
    ("compare", "song.mid", "?"),
    ("-w", "home", "blend", "song.mid", "--style", "?", "-o", "out.mid"),
    ("-w", "home", "average", "song.mid", "other.mid", "--weights", "?", "-o", "out.mid"),
    ("-w", "home", "accompany", "song.mid", "--keep", "?", "-o", "out.mid"),
    ("-w", "home", "filter", "--genre", "?", "--lpd", "."),
    ("-w", "home", "filter", "--all", "--lpd", "?"),
    ("-w", "home", "filter", "--genre", "blues", "--msd", "?", "--lpd", "."),
    ("-w", "home", "filter", "--genre", "blues", "--genres", "?", "--lpd", "."),
    ("-w", "home", "import", "?"),
    ("-w", "home", "export", "?"),
    ("-w", "home", "train", "vae", "--epochs", "?"),
    ("-w", "home", "train", "vae", "--device", "?"),
    ("-w", "home", "train", "?"),
    ("-w", "home", "preprocess", "--workers", "?"),
    ("sample", "?", "--songs", "1"),
    ("?",),
)  # fmt: skip


@part
def hostile_words(material: Material, rng: random.Random, midi: Path | None) -> Trials:
    """Words and paths that nobody should give, in every place where a word can be given."""
    work = material.copy(material.root / "playing")
    (work / "dir.mid").mkdir()
    (work / "loop.mid").symlink_to("loop.mid")
    while True:
        pairs = list(itertools.product(LINES, WORDS))
        rng.shuffle(pairs)
        for line, word in pairs:
            if line[0] in ("init", "sample") and word in ("/", "~", ".", ".."):
                continue
            outcome = run(vaemusic(*(word if part == "?" else part for part in line)), work)
            yield f"{' '.join(line)} with {word[:30]!r}", outcome.fault


def _undisturbed(material: Material) -> dict[str, tuple[dict[str, bytes], float]]:
    """By the name of each command: what it writes, and in how many seconds."""
    for name, (folder, command) in material.writers.items():
        if name not in material.undisturbed:
            work = material.copy(folder)
            outcome = run(command, work)
            if outcome.status != 0:
                sys.exit(f"{name} does not even work undisturbed: {outcome.err}")
            material.undisturbed[name] = contents(work), outcome.seconds
    return material.undisturbed


def _torn(now: dict[str, bytes], before: dict[str, bytes], whole: dict[str, bytes]) -> str:
    """Files that are neither as they were nor as they should become."""
    torn = [
        path
        for path, content in now.items()
        if content not in (before.get(path), whole.get(path)) and ".part" not in path
    ]
    return ", ".join([*torn, *(f"{path} is gone" for path in before.keys() - now.keys())])


def _difference(now: dict[str, bytes], whole: dict[str, bytes]) -> str:
    paths = sorted(path for path in now.keys() | whole.keys() if now.get(path) != whole.get(path))
    return f"other files than undisturbed: {', '.join(paths)}" if paths else ""


def _places(work: Path) -> dict[Path, list[tuple[str, ...]]]:
    """Every file that is read, and command lines that read it."""
    home, out = ("-w", "home"), ("-o", "out.mid")
    play = (*home, *PLAYED, *out)
    return {
        work / "song.mid": [("show", "song.mid"), play, (*home, "reconstruct", "song.mid"), ("chart", "song.mid")],
        work / "a.npz": [("show", "a.npz"), ("plot", "a.npz", "-o", "a.png")],
        work / "c.chart": [("show", "c.chart"), (*home, "continue", "song.mid", "--chart", "c.chart", *out)],
        work / "home" / "dataset.h5": [(*home, "dataset"), (*home, *PLAYED, "--primer", "random", *out)],
        work / "home" / "selection.jsonl": [(*home, "preprocess", "--workers", "0")],
        work / "home" / "metrics.jsonl": [(*home, "history")],
        work / "home" / ".vaemusic" / "artifacts.json": [(*home, "status")],
        work / "home" / "vaemusic.toml": [(*home, "status"), play, (*home, "filter", "--lpd", ".")],
        **{
            work / "home" / "models" / kind / "best.safetensors": [play, (*home, "vary", "song.mid", *out)]
            for kind in ("vae", "melody", "conditional")
        },
    }  # fmt: skip


VALUES: tuple[Any, ...] = (None, True, 0, -1, 1, 2.5, 10**9, 2**63, 1e300, "text", "", [], [1], [[1]], {}, {"a": 1})


def _damage(path: Path, sound: bytes, rng: random.Random) -> str:
    """Damage a file, and describe how."""
    if path.suffix == ".h5" and rng.random() < 0.7:
        whole = path.with_name(".whole.h5")
        whole.write_bytes(sound)
        return break_anything(path, whole, 100, rng)
    if path.suffix == ".safetensors" and rng.random() < 0.7:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = json.loads(file.metadata()["vaemusic"])
        where, how = header, ""
        while isinstance(where, dict) and where:
            key = rng.choice(list(where))
            how = f"{how}.{key}"
            if not isinstance(where[key], dict) or rng.random() < 0.2:
                where[key] = rng.choice(VALUES)
                how += f" = {where[key]!r}"
                break
            where = where[key]
        write_arrays(path, header, arrays)
        return how
    path.write_bytes(spoiled(sound, rng))
    return "bytes"
