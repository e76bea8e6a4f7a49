"""Readers of files fed with bytes that reach code which no bytes before reached: atheris finds them by its coverage."""

import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from tests.campaign.inputs import prepare
from tests.campaign.material import Material

SEEDS: Mapping[str, str] = {
    "midi": "song.mid",
    "npz": "a.npz",
    "chart": "c.chart",
    "settings": "home/vaemusic.toml",
    "recipe": "home/recipes/mine.toml",
    "weights": "home/models/groove/best.safetensors",
    "directions": "home/models/attributes.json",
}
"""The file of the folder `playing` that each reader's inputs begin with."""

BATCH_SECONDS = 20
GUIDED_BATCHES = 10 * len(SEEDS)


def guided_inputs(material: Material, rng: random.Random, number: int, midi: Path | None) -> Iterator[tuple[str, str]]:
    """One reader for `BATCH_SECONDS`; nothing where atheris is not installed."""
    if find_spec("atheris") is None:
        return
    name = list(SEEDS)[number % len(SEEDS)]
    seed = rng.randrange(1, 1 << 31)
    with tempfile.TemporaryDirectory(dir=material.root) as folder:
        sound = (prepare(material, "playing") / SEEDS[name]).read_bytes()
        (Path(folder) / "sound").write_bytes(sound)
        command = [sys.executable, "-m", "tests.campaign.guided_reader", name, str(BATCH_SECONDS), str(seed), folder]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    runs = int((re.findall(r"^(?:Done |#)(\d+)", done.stderr, re.MULTILINE) or ["0"])[-1])
    fault = "" if done.returncode == 0 else _last_line(done.stdout + done.stderr)
    for run in range(runs):
        yield f"{name} of seed {seed}", fault if run == runs - 1 else ""


def _last_line(output: str) -> str:
    """The exception that Python printed, or what the fuzzer names."""
    lines = re.findall(r"^(?:[\w.]*(?:Error|Exception)\b.*|==\d+== ERROR.*|SUMMARY.*)$", output, re.MULTILINE)
    return lines[0][:200] if lines else output[-200:]
