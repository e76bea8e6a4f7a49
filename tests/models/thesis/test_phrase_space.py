"""Phrases and their latents: what is changed in latent space, and what stays."""

from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.models.model_files import load_band
from pianoroll_vae.models.thesis.band import ThesisBand
from pianoroll_vae.models.thesis.phrase_space import PHRASES_PER_BATCH, PhraseSpace
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE
from tests.midi_files import midi_file, notes_of
from tests.small_thesis import small_thesis_workspace


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> PhraseSpace:
    workspace = small_thesis_workspace(tmp_path_factory.mktemp("thesis"))
    band = load_band(*(workspace.path(part) for part in (VAE, MELODY, CONDITIONAL)))
    assert isinstance(band, ThesisBand)
    return band.space


def test_batches_of_phrases_are_encoded_as_phrases_alone_are(space: PhraseSpace) -> None:
    rng = np.random.default_rng(0)
    shape = (PHRASES_PER_BATCH + 2, len(space.band), space.phrase_steps, 128)
    phrases = ((rng.random(shape, np.float32) < 0.01) * 90).astype(np.uint8)
    together = space.encode_phrases(phrases)
    assert together.shape == (len(phrases), len(space.band), space.recipe.latent_size)
    np.testing.assert_allclose(together[-1:], space.encode_phrases(phrases[-1:]), rtol=1e-3, atol=1e-4)


def test_no_cell_below_the_threshold_sounds(space: PhraseSpace) -> None:
    latents = np.random.default_rng(0).standard_normal((4, len(space.band), space.recipe.latent_size), np.float32)
    assert space.decode_phrases(latents).any()
    assert not space.decode_phrases(latents, 100.0).any()


def test_without_noise_a_step_or_an_amount_nothing_changes(space: PhraseSpace, tmp_path: Path) -> None:
    song = midi_file(tmp_path / "song.mid")
    source, before = SourceMidi.read(song), notes_of(song)
    nothing = np.zeros((len(space.band), space.recipe.latent_size), np.float32)
    unchanged = (
        space.vary(source, nothing[:, 0]),
        space.shift(source, nothing),
        space.blend(source, source.song, 0.0),
    )
    for arrangement in unchanged:
        song.write_bytes(arrangement.midi())
        assert notes_of(song) == before
