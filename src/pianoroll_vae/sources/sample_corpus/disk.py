"""Writes the sample corpus in the formats and folders of the Million Song Dataset (HDF5) and LPD-5 (npz).

The bytes depend on the songs only: no timestamp is written.
"""

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.song import Song
from pianoroll_vae.sources.lakh import METERS
from pianoroll_vae.sources.sample_corpus.catalogue import TrackMetadata

LPD_ORDER = ("drums", "piano", "guitar", "bass", "strings")
"""The order of the instruments in an LPD-5 file."""

FIRST_DOWNBEAT = np.zeros(1, np.int64)

_EPOCH = (1980, 1, 1, 0, 0, 0)
_METADATA = np.dtype(
    [
        ("analyzer_version", "S32"),
        ("artist_7digitalid", "<i4"),
        ("artist_familiarity", "<f8"),
        ("artist_hotttnesss", "<f8"),
        ("artist_id", "S32"),
        ("artist_latitude", "<f8"),
        ("artist_location", "S1024"),
        ("artist_longitude", "<f8"),
        ("artist_mbid", "S40"),
        ("artist_name", "S1024"),
        ("artist_playmeid", "<i4"),
        ("genre", "S1024"),
        ("idx_artist_terms", "<i4"),
        ("idx_similar_artists", "<i4"),
        ("release", "S1024"),
        ("release_7digitalid", "<i4"),
        ("song_hotttnesss", "<f8"),
        ("song_id", "S32"),
        ("title", "S1024"),
        ("track_7digitalid", "<i4"),
    ]
)
_ANALYSIS = np.dtype(
    [
        ("analysis_sample_rate", "<i4"),
        ("audio_md5", "S32"),
        ("danceability", "<f8"),
        ("duration", "<f8"),
        ("end_of_fade_in", "<f8"),
        ("energy", "<f8"),
        *((f"idx_{what}", "<i4") for what in ("bars_confidence", "bars_start", "beats_confidence", "beats_start")),
        ("idx_sections_confidence", "<i4"),
        ("idx_sections_start", "<i4"),
        ("idx_segments_confidence", "<i4"),
        ("idx_segments_loudness_max", "<i4"),
        ("idx_segments_loudness_max_time", "<i4"),
        ("idx_segments_loudness_start", "<i4"),
        *((f"idx_{what}", "<i4") for what in ("segments_pitches", "segments_start", "segments_timbre")),
        ("idx_tatums_confidence", "<i4"),
        ("idx_tatums_start", "<i4"),
        ("key", "<i4"),
        ("key_confidence", "<f8"),
        ("loudness", "<f8"),
        ("mode", "<i4"),
        ("mode_confidence", "<f8"),
        ("start_of_fade_out", "<f8"),
        ("tempo", "<f8"),
        ("time_signature", "<i4"),
        ("time_signature_confidence", "<f8"),
        ("track_id", "S32"),
    ]
)
_MUSICBRAINZ = np.dtype([("idx_artist_mbtags", "<i4"), ("year", "<i4")])


def write_msd(root: Path, track: TrackMetadata) -> Path:
    """Write the HDF5 file of a track under `root`."""
    path = _folder(root, track.track_id) / f"{track.track_id}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = np.zeros(1, _METADATA)
    metadata["artist_name"], metadata["title"] = track.artist.encode(), track.title.encode()
    metadata["artist_id"] = b"AR" + track.track_id[2:].encode()
    metadata["song_id"] = b"SO" + track.track_id[2:].encode()
    metadata["release"] = b"vaemusic sample corpus"
    analysis = np.zeros(1, _ANALYSIS)
    analysis["track_id"], analysis["duration"], analysis["tempo"] = track.track_id, track.seconds, track.tempo
    analysis["key"], analysis["mode"], analysis["time_signature"] = track.key, not track.minor, 4
    musicbrainz = np.zeros(1, _MUSICBRAINZ)
    musicbrainz["year"] = track.year
    weights = np.array([weight for _, weight in track.terms])
    tables = {
        "metadata/songs": metadata,
        "metadata/artist_terms": np.array([term.encode() for term, _ in track.terms], "S256"),
        "metadata/artist_terms_freq": weights,
        "metadata/artist_terms_weight": weights,
        "metadata/similar_artists": np.zeros(0, "S20"),
        "analysis/songs": analysis,
        "musicbrainz/songs": musicbrainz,
        "musicbrainz/artist_mbtags": np.zeros(0, "S256"),
        "musicbrainz/artist_mbtags_count": np.zeros(0, "<i4"),
    }
    with h5py.File(path, "w") as file:
        for name, table in tables.items():
            file.create_dataset(name, data=table, chunks=(64,), maxshape=(None,), compression="gzip", track_times=False)
    return path


def write_lpd(root: Path, track_id: str, md5: str, content: bytes) -> Path:
    """Write an npz file under `root`, in the folder of `track_id`."""
    path = _folder(root, track_id) / track_id / f"{md5}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _folder(root: Path, track_id: str) -> Path:
    return root / track_id[2] / track_id[3] / track_id[4]


def lpd_bytes(song: Song, md5: str, downbeats: NDArray[np.int64] | None = None) -> bytes:
    """The song as a file of the dataset: one sparse matrix per instrument, (0, 128) for a silent one. The instruments
    of LPD-5 are in its order, those of another band in the band's. downbeats: the steps at which bars begin, with which
    the song's meters are written too, as downbeats do not tell 6/8 from 3/4; the dataset's files have the first one
    alone, and pypianoroll reads no meters."""
    members: dict[str, NDArray[np.generic]] = {}
    info: dict[str, object] = {"name": md5, "beat_resolution": song.steps_per_beat}
    if downbeats is None:
        downbeats = FIRST_DOWNBEAT
    else:
        info[METERS] = song.meters
    row, step, note = song.notes.cells(song.steps)  # in CSC order: by instrument, pitch, time
    names = LPD_ORDER if set(song.band.names) == set(LPD_ORDER) else song.band.names
    for place, name in enumerate(names):
        index = song.band.index(name)
        instrument = song.band.instruments[index]
        own = row // 128 == index
        pointers = np.searchsorted(row[own], index * 128 + np.arange(129))
        plays = bool(own.any())
        members[f"pianoroll_{place}_csc_data"] = song.notes.velocity[note[own]] if plays else np.zeros(0, np.bool_)
        members[f"pianoroll_{place}_csc_indices"] = step[own].astype(np.int32)
        members[f"pianoroll_{place}_csc_indptr"] = pointers.astype(np.int32)
        members[f"pianoroll_{place}_csc_shape"] = np.array([song.steps if plays else 0, 128], np.int64)
        info[str(place)] = {"is_drum": instrument.is_drum, "program": instrument.program, "name": name.capitalize()}
    members["tempo"] = _tempo(song)
    members["downbeat"] = np.isin(np.arange(song.steps), downbeats)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, array in sorted(members.items()):
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            _add(archive, f"{name}.npy", content.getvalue())
        _add(archive, "info.json", json.dumps(info).encode())
    return packed.getvalue()


def _tempo(song: Song) -> NDArray[np.float64]:
    """(steps,) beats per minute."""
    starts = [start for start, _ in song.tempo]
    which = np.searchsorted(starts, np.arange(song.steps), side="right") - 1
    return np.array([bpm for _, bpm in song.tempo], np.float64)[which]


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, content, compresslevel=6)
