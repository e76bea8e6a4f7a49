import torch

from pianoroll_vae.models.groove.training_data import GrooveTrainingData, gather
from tests.models.groove.songs import DRUMS_INDEX, drum_song


def test_quantised_songs_have_neither_dynamics_nor_timing() -> None:
    data = gather([("performed", drum_song(1)), ("quantised", drum_song(1, quantised=True))], DRUMS_INDEX)
    assert data.names == ("performed", "quantised")
    assert data.has_dynamics.tolist() == [True, False]
    assert data.has_timing.tolist() == [True, False]


def test_songs_with_few_hits_are_left_out() -> None:
    assert len(gather([("short", drum_song(1).between(0, 96))], DRUMS_INDEX)) == 0


def test_the_hits_of_slots_are_found_in_any_order(data: GrooveTrainingData) -> None:
    row, hit = data.hits_of(torch.tensor([3, 1, 3]))
    assert torch.equal(data.slot[hit], torch.tensor([3, 1, 3])[row])


def test_the_fingerprint_follows_the_songs(data: GrooveTrainingData, held_out: GrooveTrainingData) -> None:
    again = gather(((f"{n}", drum_song(n)) for n in range(60)), DRUMS_INDEX)
    assert again.fingerprint() == data.fingerprint() != held_out.fingerprint()
