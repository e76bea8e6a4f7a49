"""Segments are labelled with what is played in them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.labelled_segments import MIN_SEGMENTS, LabelledSegments
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from tests.small_arranger import small_arranger_workspace


def segments(count: int) -> LabelledSegments:
    """Of two instruments; the second one rests in every other segment."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(count, 2, len(ATTRIBUTE_MEASURES)))
    values[::2, 1] = np.nan
    latents = rng.normal(size=(count, 2, 3)).astype(np.float32)
    return LabelledSegments(latents, values, np.zeros((count, 1), np.bool_))


def test_each_bar_of_a_waltz_is_labelled_with_what_is_played_in_it(tmp_path: Path) -> None:
    band = load_ensemble(small_arranger_workspace(tmp_path))
    count = np.array([1, 2, 3, 1, 5, 1, 2, 1])  # notes in each bar of three beats
    start = np.repeat(np.arange(8) * 36, count) + np.concatenate([np.arange(n) * 6 for n in count])
    notes = Notes.tidy(np.zeros_like(start), 60 + np.arange(len(start)), start, np.full_like(start, 3), start * 0 + 90)
    waltz = Song(LPD5, notes, 8 * 36, 12, meters=((0, 3, 4),))
    segments = LabelledSegments.encode(band, waltz, np.zeros(0, np.bool_), 100)
    assert len(segments) == 8
    density = segments.attribute_values[:, 0, list(ATTRIBUTE_MEASURES).index("density")]
    assert (density / density[0]).round(3).tolist() == count.tolist()


def test_a_subsample_is_evenly_spaced_and_its_columns_stay_together() -> None:
    whole = segments(100)
    part = whole.subsample(4)
    assert np.array_equal(part.latents, whole.latents[[0, 33, 66, 99]])
    assert np.array_equal(part.attribute_values, whole.attribute_values[[0, 33, 66, 99]], equal_nan=True)
    assert len(whole.subsample(1000)) == 100
    joined = LabelledSegments.concatenate([part, part])
    assert len(joined) == len(joined.genres) == 8


def test_spreads_are_those_of_segments_in_which_the_instrument_plays() -> None:
    whole = segments(4 * MIN_SEGMENTS)
    assert np.allclose(whole.attribute_spread()[1], whole.attribute_values[1::2, 1].std(0))
    assert np.allclose(whole.latent_spread()[1], whole.latents[1::2, 1].std(0))
    few = segments(2 * MIN_SEGMENTS - 2)
    assert few.latent_spread()[0].all()
    assert not few.latent_spread()[1].any()
    silent = replace(few, attribute_values=np.full_like(few.attribute_values, np.nan))
    assert not silent.attribute_spread().any()
