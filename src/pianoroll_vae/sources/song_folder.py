"""Reads the MIDI and Lakh files below a folder as songs of a band."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable, NothingFound, VaemusicError
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.midi import read_midi
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import is_folder
from pianoroll_vae.progress import Watch
from pianoroll_vae.sources.dropped import DroppedFiles
from pianoroll_vae.sources.folders import files_under
from pianoroll_vae.sources.lakh import read_lakh


def read_songs(folder: Path, band: Band, most: int, seed: int, watch: Watch) -> list[Song]:
    """At most `most` random MIDI and Lakh files below a folder, without duplicates of the same music."""
    songs: dict[str, Song] = {}
    unreadable = same = 0
    paths = sorted(_song_files(folder))
    random.Random(seed).shuffle(paths)
    with watch.task(f"Reading {folder.name}", min(len(paths), most), "songs") as task:
        for path in paths:
            if len(songs) >= most:
                break
            try:
                read = read_lakh if path.suffix == ".npz" else read_midi
                song = read(path, band, FINE_STEPS_PER_BEAT)
            except VaemusicError:
                unreadable += 1
                continue
            digest = _music_digest(song)
            same += digest in songs
            songs.setdefault(digest, replace(song, name=path.stem))
            task.advance()
    if unreadable:
        watch.notice(f"Left out because they cannot be read: {unreadable} of the files below {folder}.")
    if same:
        watch.notice(f"Left out because they have the music of another: {same} of the files below {folder}.")
    if not songs:
        raise NothingFound(f"There is no song below {folder}.", "Name a folder of MIDI files.")
    return list(songs.values())


def _song_files(folder: Path) -> Iterator[Path]:
    if not is_folder(folder):
        raise FileUnreadable(f"{folder} is no folder.", "Name a folder of MIDI files, or a workspace.")
    for entry in files_under(folder, DroppedFiles()):
        if entry.name.lower().endswith((*MIDI_SUFFIXES, ".npz")):
            yield Path(entry.path)


def _music_digest(song: Song) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for column in song.notes.columns:
        digest.update(column.tobytes())
    return digest.hexdigest()
