"""The drummer learns what drummers do in a place, is measured on others' songs, and comes back from disk as it was."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.groove.measures import (
    completion,
    fitting_thresholds,
    offset_errors,
    pattern_of,
    velocity_errors,
)
from pianoroll_vae.models.groove.network import DRUMS, Groove, load_groove, middle, save_groove
from pianoroll_vae.models.groove.trainer import decided_before, learn, tapped
from pianoroll_vae.models.groove.training_data import GrooveTrainingData, gather
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.drum_rhythm import played_rhythm
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

DRUMMER = 4


def played_song(number: int, stiff: bool = False) -> Song:
    """Hats in eighths, the second of each beat soft and late; where the kick plays twice in a bar, hats are louder."""
    chance = np.random.default_rng(number)
    busy = bool(number % 2)
    notes = []
    for beat in range(64):
        for half in range(2):
            late = 0 if stiff else 2 * half
            loud = 70 if stiff else 100 - 40 * half + 20 * busy + int(chance.integers(-4, 5))
            notes.append((DRUMMER, 42, 24 * beat + 12 * half + late, 2, loud))
        if beat % 4 == 0 or (busy and beat % 4 == 2):
            notes.append((DRUMMER, 36, 24 * beat, 2, 90))
        notes.append((0, 60, 24 * beat, 20, 80))
    return Song(LPD5, Notes.tidy(*np.array(notes).T), 64 * 24, 24)


@pytest.fixture(scope="module")
def data() -> GrooveTrainingData:
    return gather(((f"{n}", played_song(n)) for n in range(60)), DRUMMER)


@pytest.fixture(scope="module")
def held_out() -> GrooveTrainingData:
    return gather(((f"{n}", played_song(n)) for n in range(1000, 1020)), DRUMMER, triplets=(False,))


@pytest.fixture(scope="module")
def drummer(data: GrooveTrainingData) -> Groove:
    return learn(data, 0, lambda slots: None, epochs=15)


def test_stiff_songs_teach_neither_dynamics_nor_timing() -> None:
    data = gather([("played", played_song(1)), ("stiff", played_song(1, stiff=True))], DRUMMER)
    assert data.names == ("played", "stiff")
    assert data.lively.tolist() == [True, False]
    assert data.played.tolist() == [True, False]


def test_songs_with_few_hits_are_left_out() -> None:
    assert len(gather([("short", played_song(1).between(0, 96))], DRUMMER)) == 0


def test_hits_lie_in_the_slots_they_are_said_to(data: GrooveTrainingData) -> None:
    row, hit = data.hits_of(torch.tensor([3, 1, 3]))
    assert torch.equal(data.row[hit], torch.tensor([3, 1, 3])[row])


def test_it_learns_what_depends_on_place_and_company(
    drummer: Groove, data: GrooveTrainingData, held_out: GrooveTrainingData
) -> None:
    velocity, offset = velocity_errors(drummer, data, held_out), offset_errors(drummer, data, held_out)
    assert velocity.ours < velocity.place * 0.8, "that a busy kick makes hats louder, no mean by place can know"
    assert velocity.place < velocity.drum
    assert offset.ours < 0.1 < offset.drum
    assert velocity.hits == offset.hits
    assert velocity.songs == 20


def test_it_completes_taps_as_the_songs_have_it(
    drummer: Groove, data: GrooveTrainingData, held_out: GrooveTrainingData
) -> None:
    whole = Groove(drummer.network, fitting_thresholds(drummer, held_out), {})
    rhythms = [played_rhythm(played_song(n), DRUMMER, with_triplets=False) for n in range(1000, 1010)]
    ours, pattern = completion(whole, pattern_of(data), rhythms)
    assert ours > 0.75, "hats alone do not say where the second kick of a bar is"
    assert 0 < pattern < 1


def test_the_same_seed_teaches_the_same_drummer(data: GrooveTrainingData) -> None:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    drummers = [learn(data, seed, lambda slots: None, epochs=1) for seed in (0, 0, 1)]
    first, again, other = (list(drummer.network.parameters()) for drummer in drummers)
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    assert not all(torch.equal(one, two) for one, two in zip(first, other, strict=True))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_one_or_two_drums_of_the_song_are_tapped() -> None:
    usual = torch.zeros(200, 16, DRUMS)
    usual[:, 0, [0, 1, 5]] = 1
    taps = tapped(usual, torch.Generator().manual_seed(1))
    assert set(taps.sum(1).tolist()) == {1.0, 2.0}
    assert taps[:, [2, 3, 4, 6, 7, 8, 9]].sum() == 0
    assert decided_before(torch.tensor([0, 2])).sum(1).tolist() == [0, 2]


def test_the_middle_of_an_offset_lies_within_its_step() -> None:
    sure = np.zeros((3, 7))
    sure[0, 3] = sure[1, 0] = 1
    sure[2, 2:4] = 0.5
    assert middle(sure).tolist() == pytest.approx([0, -3, -0.5])


def test_a_drummer_comes_back_from_disk_as_it_was(drummer: Groove, tmp_path: Path) -> None:
    path = tmp_path / "groove.safetensors"
    save_groove(path, Groove(drummer.network, drummer.thresholds, {"songs": 3}))
    again = load_groove(path)
    rhythm = played_rhythm(played_song(7), DRUMMER, with_triplets=True)
    for one, other in zip(drummer.touch(rhythm), again.touch(rhythm), strict=True):
        assert np.array_equal(one, other)
    assert again.about == {"songs": 3}
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ArtifactDamaged):
        load_groove(path)
