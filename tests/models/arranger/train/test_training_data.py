from pathlib import Path

import pytest

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.models.arranger.train.training_data import ArrangerTrainingData
from tests.arranger_dataset import arranger_dataset
from tests.small_arranger import SMALL_ARRANGER


def test_a_dataset_without_songs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="no training song") as caught:
        ArrangerTrainingData.of(arranger_dataset(tmp_path / "d.h5", songs=0), SMALL_ARRANGER)
    assert "vaemusic filter" in caught.value.hint
