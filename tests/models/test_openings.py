"""Openings are read as they were saved; files that hold none are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.openings import MAX_OPENINGS, load_openings, save_openings
from pianoroll_vae.models.training.checkpoint import write_tensors
from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import VAE
from tests.small_arranger import DRUMS, bar_notes, loops, small_arranger_workspace


def opening(seed: int, tempo: float = 97.5) -> Song:
    steps = 4 * SIXTEENTHS_PER_BAR
    return Song(LPD5, loops(4, seed).to_notes().between(0, steps), steps, 4, ((0, tempo),))


def test_openings_are_read_as_they_were_saved(tmp_path: Path) -> None:
    songs = [opening(seed, 60.25 + seed) for seed in range(5)]
    save_openings(tmp_path / "o", songs)
    back = load_openings(tmp_path / "o")
    assert len(back) == 5
    for mine, theirs in zip(songs, back, strict=True):
        assert (theirs.band, theirs.steps, theirs.steps_per_beat, theirs.tempo) == (LPD5, 64, 4, mine.tempo)
        bars, again = (Bars.of(song.notes, 64, DRUMS) for song in (mine, theirs))
        assert np.array_equal(bars.notes, again.notes)
        assert np.array_equal(bars.first, again.first)
        assert (theirs.notes.end <= theirs.steps).all()
    assert len({song.name for song in back}) == 5
    save_openings(tmp_path / "again", back)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "o").read_bytes()


def test_other_bands_and_silence_are_read_too(tmp_path: Path) -> None:
    silence = Song(LPD17, Notes.empty(), 64, 4)
    save_openings(tmp_path / "o", [silence, silence])
    back = load_openings(tmp_path / "o")
    assert [(song.band, len(song.notes), song.steps) for song in back] == [(LPD17, 0, 64)] * 2


def test_truncated_and_foreign_files_are_refused(tmp_path: Path) -> None:
    save_openings(tmp_path / "o", [opening(1), opening(2)])
    whole = (tmp_path / "o").read_bytes()
    for keep in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "torn").write_bytes(whole[:keep])
        refused(tmp_path / "torn")
    (tmp_path / "text").write_text("no openings, but a text that is long enough to be one")
    refused(tmp_path / "text")
    refused(tmp_path / "nowhere")
    refused(small_arranger_workspace(tmp_path / "w").path(VAE))


def written(path: Path, notes: Any = None, counts: Any = None, tempo: Any = None, **header: Any) -> Path:
    """A file of two openings of one bar, with the given parts replaced."""
    cells = [bar_notes(np.random.default_rng(i), 2, who == 4) for i in range(2) for who in range(5)]
    tensors = {
        "notes": torch.from_numpy(np.concatenate(cells)) if notes is None else notes,
        "counts": torch.tensor([[len(cell) for cell in cells[:5]], [len(cell) for cell in cells[5:]]]),
        "tempo": torch.tensor([100.0, 90.0]) if tempo is None else tempo,
    }
    if counts is not None:
        tensors["counts"] = counts
    shape = {name: list(tensor.shape) for name, tensor in tensors.items()}
    write_tensors(path, {"kind": "openings", "band": "lpd5", "shape": shape} | header, tensors)
    return path


def refused(path: Path) -> None:
    with pytest.raises(ArtifactDamaged) as caught:
        load_openings(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_the_unspoiled_file_is_read(tmp_path: Path) -> None:
    assert len(load_openings(written(tmp_path / "o"))) == 2


NOTES = torch.tensor([[0, 60, 0, 4]] * 10, dtype=torch.uint8)
COUNTS = torch.ones(2, 5, dtype=torch.int64)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"band": "quartet"},
        {"band": ["lpd5"]},
        {"kind": "vae"},
        {"shape": {}},
        {"shape": None},
        {"shape": {"notes": [1, 4], "counts": [2, 5], "tempo": [2]}},
        {"shape": {"notes": ["many", 4], "counts": [2, 5], "tempo": [2]}},
        {"tempo": torch.full((3,), 90.0)},
        {"tempo": torch.tensor([90.0, float("nan")])},
        {"tempo": torch.tensor([90.0, -4.0])},
        {"counts": torch.zeros(2, 5, dtype=torch.int64)},
        {"notes": NOTES, "counts": COUNTS * torch.tensor([1, 3, 1, 1, -1])},
        {"notes": NOTES, "counts": torch.full((2, 5), 2**62)},
        {"notes": NOTES, "counts": COUNTS.float()},
        {"notes": NOTES, "counts": torch.ones(2, 4, dtype=torch.int64)},
        {"notes": NOTES[:0], "counts": torch.zeros(2, 0, dtype=torch.int64)},
        {"notes": NOTES[:, :3].contiguous(), "counts": COUNTS},
        {"notes": NOTES.float(), "counts": COUNTS},
        *({"notes": NOTES + torch.eye(4, dtype=torch.uint8)[i] * 120, "counts": COUNTS} for i in range(4)),
        {
            "notes": NOTES[:0],
            "counts": torch.zeros(MAX_OPENINGS + 1, 5, dtype=torch.int64),
            "tempo": torch.ones(MAX_OPENINGS + 1),
        },
    ],
)
def test_spoiled_openings_are_refused(tmp_path: Path, spoiled: dict[str, Any]) -> None:
    refused(written(tmp_path / "o", **spoiled))
