"""Every attribute and genre gets its figures, and progress is counted from the first trial to the last."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.desk import attribute_directions, genre_directions
from pianoroll_vae.desk.direction_learning import learn_directions, segments_to_decode
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.labelled_segments import LabelledSegments
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES
from tests.arranger_dataset import loop_song
from tests.small_arranger import small_arranger_workspace


def test_as_many_segments_are_decoded_as_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribute_directions, "RIDGES", (0.05,))
    for module in (attribute_directions, genre_directions):
        monkeypatch.setattr(module, "NEWTON_STEPS", 2)
    band = load_ensemble(small_arranger_workspace(tmp_path))
    songs = [LabelledSegments.encode(band, loop_song(seed, 13), np.zeros(2, np.bool_), 13) for seed in range(4)]
    train = LabelledSegments.concatenate(songs * 4)
    with_genre = train.genres.copy()
    with_genre[:, 0] = train.latents[:, 0, 1] > np.median(train.latents[train.playing(0), 0, 1])
    train, held_out = replace(train, genres=with_genre), replace(train, genres=with_genre).subsample(40)
    decoded: list[int] = []
    directions = learn_directions(band, train, held_out, ("high", "absent"), decoded.append)
    assert [each.name for each in directions] == [*ATTRIBUTE_MEASURES, "high", "absent"]
    assert sum(decoded) == segments_to_decode(band, train, held_out, 2)
    high, absent = directions[-2:]
    assert np.isfinite(high.moves[0])
    assert not absent.vectors.any()
    assert np.isnan(absent.moves).all()
