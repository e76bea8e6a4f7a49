"""Every verb with every kind of MIDI file works or ends with one message."""

import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import symusic

from pianoroll_vae.workspace import Workspace
from tests.conftest import Vaemusic
from tests.midi_files import UNUSUAL_FILES, midi_file, notes_of, unusual_file
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace

VERBS: dict[str, tuple[str, ...]] = {
    "continue": ("--steps", "1", "--seed", "1"),
    "accompany": ("--seed", "1"),
    "vary": ("--seed", "1"),
    "interpolate": ("usual.mid", "--steps", "2"),
    "average": ("usual.mid",),
    "blend": ("--style", "usual.mid"),
    "reconstruct": (),
    "groove": (),
}
REFUSED = {
    "continue": {"no notes"},
    "accompany": {"no notes", "20 tracks"},  # in twenty tracks every instrument plays already
    "groove": {"no notes", "one note", "12 minutes"},  # there are no drums in these
}


@pytest.fixture(scope="module", params=[small_thesis_workspace, small_arranger_workspace], ids=["rolls", "arranger"])
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace: Workspace = request.param(tmp_path_factory.mktemp("odd"))
    return workspace


@pytest.mark.parametrize("what", UNUSUAL_FILES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_command_writes_a_song_or_one_message(
    vaemusic: Vaemusic, here: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    midi_file(tmp_path / "usual.mid", beats=16)
    unusual_file(tmp_path / "odd.mid", what)
    done = vaemusic("-w", here.root, verb, "odd.mid", *VERBS[verb], "-o", "out.mid")
    refused = what in REFUSED.get(verb, ())
    assert done.status == int(refused), done.err
    assert "Traceback" not in done.err
    if refused:
        assert "Hint:" in done.err
        assert not (tmp_path / "out.mid").exists()
    else:
        assert (tmp_path / "out.mid").read_bytes()[8:10] in (b"\0\0", b"\0\1"), "the type of the file"
        score: Any = symusic.Score("out.mid")
        assert score.note_num() or what in ("no notes", "one note") or verb not in ("accompany", "vary")
        if verb == "continue":
            assert set(notes_of(tmp_path / "odd.mid")) <= set(notes_of(tmp_path / "out.mid")), "note for note"


@pytest.mark.parametrize("what", [what for what in UNUSUAL_FILES if what != "no notes"])
def test_any_file_is_a_primer(vaemusic: Vaemusic, here: Workspace, tmp_path: Path, what: str) -> None:
    source, out = unusual_file(tmp_path / "odd.mid", what), tmp_path / "out.mid"
    done = vaemusic("-w", here.root, "generate", "--primer", source, "--steps", "1", "--seed", "1", "-o", out)
    assert done.status == 0, done.err
    assert len(notes_of(out))


def without_progress(shown: str) -> list[str]:
    """The lines but those that a busy machine adds: how long it takes, and how far it is every ten seconds."""
    added = re.compile(r"· (\w+: .*\d:\d\d:\d\d|This takes about .*)")
    return [line for line in shown.splitlines() if not added.fullmatch(line)]


@pytest.mark.parametrize("what", UNUSUAL_FILES)
def test_any_file_is_shown_plotted_and_compared(vaemusic: Vaemusic, tmp_path: Path, what: str) -> None:
    source = unusual_file(tmp_path / "odd.mid", what)
    for command in (("show", source), ("plot", source), ("compare", source, source)):
        done = vaemusic(*command)
        assert (done.status, without_progress(done.err)) == (0, []), command[0]
    assert source.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("what", UNUSUAL_FILES)
def test_any_file_is_rendered_without_clipping(vaemusic: Vaemusic, tmp_path: Path, what: str) -> None:
    source = unusual_file(tmp_path / "odd.mid", what)
    done = vaemusic("render", source)
    assert (done.status, without_progress(done.err)) == (0, [])
    with wave.open(str(source.with_suffix(".wav"))) as sound:
        heard = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert -32_767 < heard.min() <= heard.max() < 32_767
    assert heard.any() == (what != "no notes")
    source.with_suffix(".wav").unlink()  # twelve minutes are 120 MB
