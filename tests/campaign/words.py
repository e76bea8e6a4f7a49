"""Words and paths that nobody should give, in every place where a word or a path can be given."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

from tests.campaign.command import run_each, vaemusic
from tests.campaign.material import HOME, PLAYED, Material

IN_A_PROCESS = 20
"""Commands that share a process."""

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
    *((*HOME, *PLAYED, option, "?", "-o", "out.mid") for option in (
        "--key", "--chords", "--noise", "--tempo", "--mute", "--solo", "--program", "--threshold", "--form", "--steps",
        "--seed", "--count", "--bars", "--seconds", "--temperature", "--primer", "--chart", "--genre", "--density",
    )),
    (*HOME, *PLAYED, "-o", "?"),
    ("vary", "song.mid", "--bars", "?", "-o", "out.mid"),
    ("plot", "song.mid", "-o", "?"),
    ("render", "song.mid", "-o", "?"),
    ("chart", "song.mid", "-o", "?"),
    ("plot", "?", "-o", "out.png"),
    ("compare", "song.mid", "?"),
    (*HOME, "blend", "song.mid", "--style", "?", "-o", "out.mid"),
    (*HOME, "average", "song.mid", "other.mid", "--weights", "?", "-o", "out.mid"),
    (*HOME, "accompany", "song.mid", "--keep", "?", "-o", "out.mid"),
    (*HOME, "filter", "--genre", "?", "--lpd", "."),
    (*HOME, "filter", "--all", "--lpd", "?"),
    (*HOME, "filter", "--genre", "blues", "--msd", "?", "--lpd", "."),
    (*HOME, "filter", "--genre", "blues", "--genres", "?", "--lpd", "."),
    (*HOME, "import", "?"),
    (*HOME, "export", "?"),
    (*HOME, "train", "vae", "--epochs", "?"),
    (*HOME, "train", "vae", "--device", "?"),
    (*HOME, "train", "?"),
    (*HOME, "preprocess", "--workers", "?"),
    (*HOME, "train", "vae", "--recipe", "?"),
    (*HOME, "train", "vae", "--name", "?"),
    (*HOME, "train", "vae", "-i", "?"),
    (*HOME, "evaluate", "?"),
    (*HOME, "evaluate", ".", "--against", "?"),
    (*HOME, "attributes", "apply", "song.mid", "--attribute", "?", "-o", "out.mid"),
    (*HOME, "interpolate", "song.mid", "?", "-o", "out.mid"),
    (*HOME, "interpolate", "song.mid", "song.mid", "--steps", "?", "-o", "out.mid"),
    (*HOME, "dataset", "--plot", "?"),
    (*HOME, "history", "--plot", "?"),
    (*HOME, "generate", "--model", "?", "-o", "out.mid"),
    ("groove", "song.mid", "--channel", "?", "-o", "out.mid"),
    ("groove", "song.mid", "--amount", "?", "-o", "out.mid"),
    ("render", "song.mid", "--soundfont", "?", "-o", "out.wav"),
    ("show", "song.mid", "--bars", "?"),
    ("show", "song.mid", "--band", "?"),
    ("recipe", "show", "?"),
    ("recipe", "check", "?"),
    ("band", "show", "?"),
    ("band", "check", "?"),
    ("sample", "?", "--songs", "1"),
    ("?",),
)  # fmt: skip


DANGEROUS = ("/", "~", ".", "..")
"""Not for commands that make folders, or read all of one."""

PLACES = [
    (line, word)
    for line, word in itertools.product(LINES, WORDS)
    if not (word in DANGEROUS and any(verb in line for verb in ("init", "sample", "import")))
]
WORD_BATCHES = -(-len(PLACES) // IN_A_PROCESS)


def hostile_words(material: Material, rng: random.Random, number: int, midi: Path | None) -> Iterator[tuple[str, str]]:
    """Every word in every place, in a random order that each turn has anew."""
    turn, batch = divmod(number, WORD_BATCHES)
    work = material.copy("playing")
    (work / "dir.mid").mkdir()
    (work / "loop.mid").symlink_to("loop.mid")
    pairs = random.Random(turn).sample(PLACES, len(PLACES))[batch * IN_A_PROCESS : (batch + 1) * IN_A_PROCESS]
    lines = [tuple(word if part == "?" else part for part in line) for line, word in pairs]
    for line, outcome in zip(lines, run_each([vaemusic(*line) for line in lines], work), strict=True):
        yield " ".join(part if len(part) < 40 else f"{part[:30]!r}…" for part in line), outcome.fault
