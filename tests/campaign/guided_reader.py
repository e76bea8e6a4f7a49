"""Feeds one reader of files with bytes, guided by the coverage of its code: a process of `guided`.

    python -m tests.campaign.guided_reader midi 60 1 FOLDER

For 60 seconds from seed 1, beginning with the files of a folder, to which it adds what it finds. A reader ends in a
result or in a `VaemusicError`; anything else is a fault, as is more than 10 s or two gibibytes. The package is imported
in `main`, so that its code can be instrumented.
"""

import contextlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def _reader(name: str, path: Path) -> Callable[[bytes], object]:
    """A function that reads the bytes as a file of that kind; `path`: where it writes them, if it needs a file."""
    from pianoroll_vae import config
    from pianoroll_vae.desk.directions_file import read_directions
    from pianoroll_vae.models.files import read_header
    from pianoroll_vae.models.groove.groove import load_groove
    from pianoroll_vae.models.recipe_files import read_recipe
    from pianoroll_vae.music.band import LPD5
    from pianoroll_vae.music.chart import parse_chart
    from pianoroll_vae.music.source_midi import SourceMidi
    from pianoroll_vae.sources.lakh import read_lakh

    def as_file(read: Callable[[Path], object]) -> Callable[[bytes], object]:
        def read_bytes(data: bytes) -> object:
            path.write_bytes(data)
            return read(path)

        return read_bytes

    return {
        "midi": lambda data: SourceMidi.from_bytes(data, LPD5, salvage=bool(data) and data[-1] > 127),
        "npz": as_file(lambda path: read_lakh(path, LPD5, 4)),
        "chart": lambda data: parse_chart(data.decode(errors="replace")),
        "settings": as_file(lambda path: config.load(path.parent)),
        "recipe": as_file(read_recipe),
        "weights": as_file(lambda path: (read_header(path), load_groove(path))),
        "directions": as_file(lambda path: read_directions(path, (5, 4), "vaemusic attributes learn")),
    }[name]


def main() -> None:
    import atheris

    name, seconds, seed, folder = sys.argv[1:]
    with atheris.instrument_imports(include=["pianoroll_vae"], enable_loader_override=False):
        from pianoroll_vae.errors import VaemusicError

        read = _reader(name, Path(tempfile.mkdtemp()) / "vaemusic.toml")

    def read_once(data: bytes) -> None:
        with contextlib.suppress(VaemusicError):
            read(data)

    limits = [f"-max_total_time={seconds}", f"-seed={seed}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=65536"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/", folder], read_once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
