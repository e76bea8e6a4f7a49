"""`generate`: what is there after Ctrl-C, and what songs are said to begin from."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pianoroll_vae.config import GenerateSettings
from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.progress import SilentWatch, Task
from pianoroll_vae.stages import generate
from tests.midi_files import melody_file, midi_file
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace


class InterruptedWatch(SilentWatch):
    """Ctrl-C is pressed after some phrases."""

    def __init__(self, phrases: int) -> None:
        super().__init__()
        self.phrases = phrases

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        yield self

    def advance(self, n: int = 1) -> None:
        self.phrases -= n
        if self.phrases < 0:
            raise KeyboardInterrupt


def test_ctrl_c_names_the_songs_that_are_written_and_the_next_seed(tmp_path: Path) -> None:
    workspace, watch = small_thesis_workspace(tmp_path / "thesis"), InterruptedWatch(100)
    settings = GenerateSettings(primer=str(midi_file(tmp_path / "a.mid")), steps=1)
    out, options = tmp_path / "songs", MusicOptions(seed=5, count=150)
    with pytest.raises(KeyboardInterrupt):
        generate.run(workspace, settings, options, Length(), [out], False, ChartOptions(), watch)
    written = len(list(out.iterdir()))
    assert 0 < written < 150
    assert watch.notices[-1] == f"{written} of 150 songs are written; the next one has --seed {5 + written}."


def test_a_song_with_a_primer_without_a_title_is_from_its_file_and_one_without_from_its_own_chart(
    tmp_path: Path,
) -> None:
    workspace, file = small_arranger_workspace(tmp_path / "arranger"), melody_file(tmp_path / "a.mid", (60, 64) * 8)
    for primer, source in ((str(file), str(file)), ("none", "its own chart"), ("auto", "its own chart")):
        settings, out = GenerateSettings(primer=primer, steps=2), tmp_path / "song.mid"
        written = generate.run(
            workspace, settings, MusicOptions(seed=5), Length(), [out], False, ChartOptions(), SilentWatch()
        )
        assert written[0].source == source
