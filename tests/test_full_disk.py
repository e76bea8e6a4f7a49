"""Every command that writes, on a full disk: one message with a hint, and nothing half written."""

from pathlib import Path

import pytest

from pianoroll_vae.listen.audio import default_soundfont
from pianoroll_vae.listen.soundfont_copy import playable_copy
from pianoroll_vae.workspace import Workspace
from tests.conftest import Done, Vaemusic
from tests.error_messages import assert_one_message, files_of
from tests.full_disk import limit_file_size
from tests.lakh_corpus import make_lakh_corpus
from tests.midi_files import midi_file
from tests.small_thesis import small_thesis_workspace


@pytest.fixture
def band(tmp_path: Path) -> Workspace:
    """A workspace that can play, and a primer beside it."""
    midi_file(tmp_path / "primer.mid")
    return small_thesis_workspace(tmp_path / "home")


def play(vaemusic: Vaemusic, band: Workspace, *more: str | Path, out: Path | None = None) -> Done:
    beside = band.root.parent
    words = ("--steps", "2", "--primer", beside / "primer.mid", *more, "-o", out or beside / "out" / "song.mid")
    return vaemusic("--quiet", "-w", band.root, "generate", *words)


def test_a_full_disk_is_one_message_wherever_something_is_written(
    tmp_path: Path, band: Workspace, vaemusic: Vaemusic
) -> None:
    corpus = make_lakh_corpus(tmp_path / "collection")
    home = corpus.workspace
    assert vaemusic("-w", home.root, "filter", "--all", "--lpd", corpus.lpd).status == 0
    playable_copy(default_soundfont())  # once for each process, and elsewhere: a full disk there is another message
    before = files_of(tmp_path)
    with limit_file_size(100):
        full = [
            play(vaemusic, band),
            vaemusic("--quiet", "-w", home.root, "filter", "--all", "--lpd", corpus.lpd),
            vaemusic("--quiet", "-w", home.root, "preprocess"),
            vaemusic("--quiet", "sample", tmp_path / "corpus", "--songs", "1"),
            vaemusic("--quiet", "plot", tmp_path / "primer.mid", "-o", tmp_path / "song.png"),
            vaemusic("--quiet", "render", tmp_path / "primer.mid", "-o", tmp_path / "song.wav"),
            vaemusic("--quiet", "init", tmp_path / "new"),
        ]
    for done in full:
        assert_one_message(done, "Cannot write")
        assert "Make room on the disk" in done.err
    assert files_of(tmp_path) == before
