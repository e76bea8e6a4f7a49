"""What both latents decode to alike stays as it was in the song."""

from dataclasses import replace

import numpy as np

from pianoroll_vae.models.arranger.play.bar_vae import BarVae
from pianoroll_vae.models.arranger.play.latent_changes import LatentChange, add_noise
from pianoroll_vae.models.arranger.play.latent_song import LatentSong
from pianoroll_vae.music.bars import Bars
from tests.small_arranger import DRUMS, loops

ONES = np.ones(5, np.float32)


def changed(vae: BarVae, song: Bars, latents: np.ndarray, fixed: bool = False) -> Bars:
    before = LatentSong.encode(vae, song, DRUMS)
    after = replace(before, latents=before.latents + latents)
    kept = np.full((len(song), 5), fixed)
    return LatentChange(vae, song, before, after, DRUMS, ONES).apply(kept)


def test_the_same_latents_change_nothing(vae: BarVae) -> None:
    song = loops(8, seed=3)
    assert np.array_equal(changed(vae, song, np.zeros(8, np.float32)).notes, song.notes)


def test_a_larger_step_changes_more_and_fixed_bars_do_not_change(vae: BarVae) -> None:
    song, step = loops(8, seed=3), np.random.default_rng(0).standard_normal(8).astype(np.float32)
    small, large = (changed(vae, song, size * step) for size in (0.1, 2.0))
    old = {note.tobytes() for note in song.notes}
    kept = [sum(note.tobytes() in old for note in each.notes) for each in (small, large)]
    assert kept[0] > kept[1]
    assert np.array_equal(changed(vae, song, 2 * step, fixed=True).notes, song.notes)


def test_equal_bars_get_the_same_noise(vae: BarVae) -> None:
    song = loops(12, seed=3)
    before, source = LatentSong.encode(vae, song, DRUMS), song.source.reshape(12, 5).astype(np.int64)
    noisy = add_noise(before, source, ONES, np.random.default_rng(0))
    for bar, instrument in np.argwhere(source >= 0):
        assert np.array_equal(noisy[bar, instrument], noisy[source[bar, instrument], instrument])
