"""Training data and a trained groove model, made once."""

import pytest

from pianoroll_vae.models.groove.groove import Groove
from pianoroll_vae.models.groove.trainer import GrooveTrainer
from pianoroll_vae.models.groove.training_data import GrooveTrainingData, gather
from tests.models.groove.songs import DRUMS_INDEX, drum_song

EPOCHS, SEED = 10, 1


@pytest.fixture(scope="package")
def data() -> GrooveTrainingData:
    return gather(((f"{n}", drum_song(n)) for n in range(60)), DRUMS_INDEX)


@pytest.fixture(scope="package")
def held_out() -> GrooveTrainingData:
    return gather(((f"{n}", drum_song(n)) for n in range(1000, 1020)), DRUMS_INDEX, triplets=(False,))


@pytest.fixture(scope="package")
def groove(data: GrooveTrainingData, held_out: GrooveTrainingData) -> Groove:
    trainer = GrooveTrainer(data, held_out, SEED, EPOCHS)
    for epoch in range(EPOCHS):
        trainer.train_epoch(epoch + 1, lambda slots: None)
    return trainer.groove()
