"""Training that begins from a band keeps the band's genres."""

from pathlib import Path

from pianoroll_vae.bundled.bundle import BUNDLED
from pianoroll_vae.desk.initial_weights import known_genres
from pianoroll_vae.models.files import read_header
from pianoroll_vae.workspace import VAE, Workspace


def test_known_genres_are_those_of_the_bundled_band_an_exported_folder_or_the_own_vae(tmp_path: Path) -> None:
    own, path = Workspace(tmp_path), BUNDLED.parts[0]
    genres = tuple(read_header(path)["recipe"]["genres"])
    assert len(genres) == 16
    assert known_genres(own, "bundled") == known_genres(own, str(path.parent)) == genres
    assert known_genres(own, None) == ()
    own.path(VAE).parent.mkdir(parents=True)
    own.path(VAE).write_bytes(path.read_bytes())
    assert known_genres(own, None) == genres
