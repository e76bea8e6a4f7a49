"""Segments and rolls some semitones higher or lower."""

from pathlib import Path

import numpy as np
import torch

from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.transposition import in_one_key, transpose
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.key import key_of_notes
from pianoroll_vae.music.song import Song
from tests.thesis_dataset import SMALL, STEPS, thesis_dataset


def test_transposed_rolls_are_the_rolls_some_semitones_higher(tmp_path: Path) -> None:
    bank = thesis_dataset(tmp_path / "d.h5").bank("train")
    order = PatchOrder(SMALL.vae.kernels, STEPS, 128)
    rolls = Rolls(bank, order, (0,), 1.0)
    semitones = torch.tensor([0, 5, -7, 100, -1])
    found = order.to_rolls(transpose(rolls.batch(0, torch.arange(5)), semitones, order))
    for roll, shift in enumerate(semitones.tolist()):
        before = torch.from_numpy(bank.batch([roll], 0)[0]).float()
        expected = torch.zeros_like(before)
        if shift >= 0:
            expected[:, shift:] = before[:, : 128 - shift]
        else:
            expected[:, :shift] = before[:, -shift:]
        assert torch.equal(found[roll], expected)


def test_in_one_key_every_song_is_in_c_major_or_a_minor_and_drums_stay(tmp_path: Path) -> None:
    dataset = thesis_dataset(tmp_path / "d.h5")
    before = dataset.bank("train")
    after = in_one_key(before, dataset)
    segments = np.arange(len(before))
    assert np.array_equal(after.batch(segments)[:, 4], before.batch(segments)[:, 4])
    for song in np.unique(before.song_of):
        rolls = np.concatenate(list(after.batch(segments[after.song_of == song]).swapaxes(0, 1)), axis=0)
        whole = rolls.reshape(5, -1, 128)
        key = key_of_notes(Song.from_rolls(LPD5, whole, 2).notes, LPD5.drums)
        assert str(key) in ("C major", "A minor")
