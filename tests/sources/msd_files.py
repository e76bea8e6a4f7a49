"""Writes song files as the Million Song Dataset has them, whole or wrong in one place."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np


def song_file(
    root: Path,
    track_id: str,
    terms: Sequence[tuple[str, float]],
    title: str = "A title",
    artist: str = "An artist",
    year: int = 1970,
) -> Path:
    """A song file at its place in the tree, with the tables that are read and one that is not."""
    path = root / track_id[2] / track_id[3] / track_id[4] / f"{track_id}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    songs = np.zeros(1, [("analyzer_version", "S32"), ("artist_name", "S1024"), ("genre", "S1024"), ("title", "S1024")])
    songs[0]["artist_name"], songs[0]["title"] = artist.encode(), title.encode()
    with h5py.File(path, "w") as file:
        file["metadata/artist_terms"] = np.array([term.encode() for term, _ in terms], "S256")
        file["metadata/artist_terms_weight"] = np.array([weight for _, weight in terms], np.float64)
        file["metadata/songs"] = songs
        file["musicbrainz/songs"] = np.array([(3, year)], [("idx_artist_mbtags", "<i4"), ("year", "<i4")])
        file["analysis/bars_start"] = np.arange(50.0)
    return path
