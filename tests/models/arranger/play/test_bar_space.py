"""Songs in the latent space of the bar VAE."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.play.bar_space import BarSpace
from pianoroll_vae.models.arranger.play.bar_vae import BarVae
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR
from tests.small_arranger import DRUMS, SMALL_ARRANGER, loops, small_arranger_weights


@pytest.fixture(scope="module")
def space() -> BarSpace:
    views = small_arranger_weights("bar_vae").views()
    return BarSpace(BarVae(SMALL_ARRANGER.bar_vae, {name: view[0].numpy() for name, view in views.items()}), DRUMS)


def test_a_mix_of_one_song_is_its_reconstruction(space: BarSpace) -> None:
    song = loops(8, seed=1)
    mixed = space.mix([song], np.array([[0, 1]]), np.ones((1, 2)), False, False)
    assert np.array_equal(mixed.notes, space.reconstruct(song).notes)


def test_no_step_and_no_amount_change_nothing(space: BarSpace) -> None:
    song, nothing = loops(8, seed=1), np.zeros((8, 5), np.bool_)
    step = np.zeros((5, SMALL_ARRANGER.bar_vae.latent_size), np.float32)
    assert np.array_equal(space.shift(song, step, nothing).notes, song.notes)
    assert np.array_equal(space.blend(song, loops(8, seed=2), 0.0, nothing).notes, song.notes)


def test_what_is_varied_keeps_the_ranges_of_the_song_and_its_drums(space: BarSpace) -> None:
    song = loops(8, seed=1)
    varied = space.vary(song, np.ones(5, np.float32), np.random.default_rng(0), np.zeros((8, 5), np.bool_))
    for instrument in range(5):
        old, new = (np.concatenate([bars.cell(bar, instrument)[:, 1] for bar in range(8)]) for bars in (song, varied))
        assert new.min() >= old.min() and new.max() <= old.max()
        assert not DRUMS[instrument] or np.isin(new, old).all()


def test_no_note_begins_after_the_song_where_it_ends_within_its_last_bar(space: BarSpace) -> None:
    song, noise, nothing = loops(8, seed=1), np.ones(5, np.float32), np.zeros((8, 5), np.bool_)
    steps = 7 * TWELFTHS_PER_BAR + 5
    varied, whole = (space.vary(song, noise, np.random.default_rng(0), nothing, end) for end in (steps, None))
    own = np.flatnonzero(song.source[-5:] == 7).tolist()
    assert own, "the others are the same bars as earlier ones, and stay the same"
    for instrument in own:
        last, usual = varied.cell(7, instrument), whole.cell(7, instrument)
        assert (last[:, 0] < 5).all()
        assert len(last) == len(usual)
        assert all(np.array_equal(varied.cell(bar, instrument), whole.cell(bar, instrument)) for bar in range(7))


def test_what_a_song_repeats_stays_repeated(space: BarSpace) -> None:
    song, nothing = loops(16, seed=1, kinds=2), np.zeros((16, 5), np.bool_)
    noise = np.full(5, 0.7, np.float32)
    for changed in (
        space.vary(song, noise, np.random.default_rng(0), nothing),
        space.blend(song, loops(12, seed=2), 1.0, nothing),
    ):
        for cell, first in enumerate(song.source):
            if first >= 0:
                bar, instrument = divmod(cell, 5)
                assert np.array_equal(changed.cell(bar, instrument)[:, :3], changed.cell(first, instrument)[:, :3])
