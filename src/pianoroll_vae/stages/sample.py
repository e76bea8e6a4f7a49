"""Composes the practice corpus into a folder: songs made by rule, for practice and tests, not for evaluation."""

import os
import shutil
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import wrap_write_errors
from pianoroll_vae.errors import FileUnwritable
from pianoroll_vae.paths import exists, is_file, is_folder, list_folder
from pianoroll_vae.progress import Watch
from pianoroll_vae.sources.sample_corpus.catalogue import compose_releases, track_without_song
from pianoroll_vae.sources.sample_corpus.disk import lpd_bytes, write_lpd, write_msd

try:
    import fcntl
except ImportError:  # Windows, where what killed runs have left stays
    fcntl = None  # type: ignore[assignment]

MSD, LPD, NOTE = "msd", "lpd", "SAMPLE.txt"
PART = ".sample-"
"""How the names of folders begin in which a corpus is composed."""

ABOUT = """\
A practice corpus for vaemusic, composed by rule.

It is for practice and for tests: every command can be tried without a download. The songs, artists and titles are
invented. A model trained on them learns the few rules that composed them, not real music.

msd/  metadata of each track, in the format of the Million Song Dataset (HDF5)
lpd/  the music, in the format of the Lakh Pianoroll Dataset (LPD-5 npz)

{songs} songs, seed {seed}. The same seed gives the same bytes.
"""


@dataclass(frozen=True)
class SampleReport:
    """What was composed: songs by genre, the ids they go under, and how many songs lack which instrument."""

    folder: Path
    songs: int
    tracks: int
    msd_files: int
    bars: int
    seconds: float
    genres: dict[str, int]
    absent: dict[str, int]
    existed: bool
    """The same corpus was there already, and nothing was written."""

    @property
    def msd(self) -> Path:
        return self.folder / MSD

    @property
    def lpd(self) -> Path:
        return self.folder / LPD

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"folder": str(self.folder)}


def run(folder: Path, songs: int, seed: int, watch: Watch) -> SampleReport:
    """Compose `songs` songs into `folder`: all of them, or none after an error."""
    with wrap_write_errors(folder):
        _finish_killed_runs(folder)
    existed = _is_there(folder, songs, seed)
    for name in (MSD, LPD, NOTE):
        if exists(folder / name) and not existed:
            raise FileUnwritable(f"{folder / name} is already there.", "Name a new folder; nothing is overwritten.")
    with wrap_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=PART, dir=folder))
        lock = _lock(part)
    try:
        with wrap_write_errors(folder):
            report = _compose(part, folder, songs, seed, watch)
            if not existed:
                _move_corpus(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if lock is not None:
            os.close(lock)
    return replace(report, existed=existed)


def _move_corpus(part: Path, folder: Path) -> None:
    """Move the corpus to its place, its note last: a folder with the note has all of it."""
    for name in (MSD, LPD, NOTE):
        if exists(part / name):
            (part / name).replace(folder / name)


def _finish_killed_runs(folder: Path) -> None:
    """Remove what killed runs have left in the folder; a corpus that was whole is moved to its place first."""
    for part in list_folder(folder, f"{PART}*"):
        lock = _lock(part) if fcntl and is_folder(part) else None
        if lock is None:
            continue
        if is_file(part / NOTE) and not is_file(folder / NOTE):  # it was killed while it moved the corpus
            _move_corpus(part, folder)
        shutil.rmtree(part, ignore_errors=True)
        os.close(lock)


def _lock(part: Path) -> int | None:
    """A handle that locks a folder for as long as it is open; None where another run has locked it."""
    if not fcntl:
        return None
    handle = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _is_there(folder: Path, songs: int, seed: int) -> bool:
    """Whether the folder contains the corpus of these arguments."""
    try:
        return (folder / NOTE).read_text(encoding="utf-8") == ABOUT.format(songs=songs, seed=seed)
    except (OSError, UnicodeDecodeError):
        return False


def _compose(part: Path, folder: Path, songs: int, seed: int, watch: Watch) -> SampleReport:
    genres: Counter[str] = Counter()
    absent: Counter[str] = Counter()
    tracks = msd_files = bars = 0
    seconds = 0.0
    with watch.task("Composing", songs, "songs") as task:
        for number, release in enumerate(compose_releases(songs, seed)):
            song, plan = release.composition.song, release.composition.plan
            content = lpd_bytes(song, release.md5)
            for track in release.tracks:
                write_lpd(part / LPD, track.track_id, release.md5, content)
                write_msd(part / MSD, track)
            extra = track_without_song(release, number, seed)
            if extra is not None:
                write_msd(part / MSD, extra)
            tracks += len(release.tracks)
            msd_files += len(release.tracks) + (extra is not None)
            bars += plan.bars
            seconds += song.seconds
            genres[release.composition.genre] += 1
            if plan.absent is not None:
                absent[plan.absent] += 1
            task.advance()
    (part / NOTE).write_text(ABOUT.format(songs=songs, seed=seed), encoding="utf-8")
    return SampleReport(folder, songs, tracks, msd_files, bars, seconds, dict(genres), dict(absent), existed=False)
