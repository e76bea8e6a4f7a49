"""The model's errors on held-out songs are smaller than those of the baselines."""

from pianoroll_vae.models.groove.groove import Groove
from pianoroll_vae.models.groove.metrics import (
    best_repeated_bar,
    completion_f1,
    fit_thresholds,
    offset_errors,
    velocity_errors,
)
from pianoroll_vae.models.groove.training_data import GrooveTrainingData
from pianoroll_vae.music.drum_rhythm import played_rhythm
from tests.models.groove.songs import DRUMS_INDEX, drum_song


def test_velocities_and_offsets_depend_on_slot_and_context(
    groove: Groove, data: GrooveTrainingData, held_out: GrooveTrainingData
) -> None:
    velocity, offset = velocity_errors(groove, data, held_out), offset_errors(groove, data, held_out)
    assert velocity.model < velocity.slot_mean * 0.8, "a mean by slot cannot follow the number of kicks"
    assert velocity.slot_mean < velocity.key_mean
    assert offset.model < 0.1 < offset.key_mean
    assert velocity.hits == offset.hits
    assert velocity.songs == 20


def test_tapped_hats_are_completed_with_the_songs_kicks(
    groove: Groove, data: GrooveTrainingData, held_out: GrooveTrainingData
) -> None:
    fitted = Groove(groove.weights, fit_thresholds(groove, held_out))
    rhythms = [played_rhythm(drum_song(n), DRUMS_INDEX, with_triplets=False) for n in range(1000, 1010)]
    model, repeated_bar = completion_f1(fitted, best_repeated_bar(data), rhythms)
    assert model > 0.75, "hats alone do not determine the second kick of a bar"
    assert 0 < repeated_bar < 1
