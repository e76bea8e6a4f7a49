"""Makes a selection of all songs in a folder of MIDI files.

Every file is opened once, in worker processes; songs with the same notes are one song. The selection does not depend on
the number of processes or the order in which the disk lists the files.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import writing
from pianoroll_vae.errors import FileUnreadable, NothingFound
from pianoroll_vae.music.selection import SelectedSong, write_selection
from pianoroll_vae.progress import Watch
from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles
from pianoroll_vae.sources.genres import normalize_term
from pianoroll_vae.sources.midi_folder import IdentifyMidi, MidiFile, MidiSong, list_midi
from pianoroll_vae.sources.worker_pool import ReadFailure, cores, map_in_workers
from pianoroll_vae.workspace import SELECTION, Workspace

BATCH_FILES = 32
MAX_SEQUENTIAL_FILES = 200
"""Up to this number, one process reads them faster than workers start."""

SAME, SILENT, MORE_TRACKS = "the same music", "no notes", "tracks behind those the file declares"


@dataclass(frozen=True)
class ImportReport:
    """The numbers of files found, kept and dropped."""

    files: int
    kept: int
    notes: int
    seconds: float
    dropped: dict[str, int]
    genres: dict[str, int]
    """Songs by genre, the most frequent first; songs without one are not counted."""

    dropped_list: Path

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "seconds": round(self.seconds, 1), "dropped_list": str(self.dropped_list)}


def run(workspace: Workspace, folder: Path, watch: Watch, genre: str = "", workers: int | None = None) -> ImportReport:
    """Write the selection, and the list of dropped files; `genre` is that of files in no subfolder."""
    dropped = DroppedFiles()
    with workspace.lock():
        files = _list(folder.absolute(), normalize_term(genre), dropped, watch)
        songs: dict[str, SelectedSong] = {}
        notes, seconds = 0, 0.0
        for file, found in _read(files, workers, watch):
            if isinstance(found, ReadFailure):
                dropped.add(file.path, UNREADABLE, found.reason)
            elif not found.notes:
                dropped.add(file.path, SILENT)
            elif (known := songs.get(found.md5)) is not None:
                dropped.add(file.path, SAME, f"as {known.path}")
                songs[found.md5] = _add_genre(known, file.genre)
            else:
                songs[found.md5] = _selected(file, found)
                if found.unread:
                    dropped.add(file.path, MORE_TRACKS, found.unread)
                notes, seconds = notes + found.notes, seconds + found.seconds
        if not songs:
            raise _nothing_found(folder, len(files), dropped)
        with writing(workspace.path(SELECTION)) as part:
            write_selection(part, (songs[md5] for md5 in sorted(songs)))
        dropped.write(workspace.report("import.csv"))
        workspace.record(SELECTION, {}, {"folder": str(folder.absolute())})
    genres = Counter(genre for song in songs.values() for genre in song.genres)
    return ImportReport(
        len(files),
        len(songs),
        notes,
        seconds,
        dict(dropped.counts),
        dict(sorted(genres.items(), key=lambda item: (-item[1], item[0]))),
        workspace.report("import.csv"),
    )


def _list(folder: Path, genre: str, dropped: DroppedFiles, watch: Watch) -> list[MidiFile]:
    files: list[MidiFile] = []
    with watch.task("Listing files", None, "files") as task:
        for file in list_midi(folder, dropped):
            files.append(file if file.genre else replace(file, genre=genre))
            task.advance()
    if not files:
        raise NothingFound(
            f"There is no MIDI file under {folder}.",
            "Name a folder that contains .mid, .midi or .kar files, at any depth.",
        )
    return sorted(files)


def _read(
    files: Sequence[MidiFile], workers: int | None, watch: Watch
) -> Iterator[tuple[MidiFile, MidiSong | ReadFailure]]:
    """Each file with its song, in order."""
    batches = (files[start : start + BATCH_FILES] for start in range(0, len(files), BATCH_FILES))
    pool_size = 0 if len(files) <= MAX_SEQUENTIAL_FILES else cores() if workers is None else workers
    with watch.task("Reading MIDI files", len(files), "files") as task:
        for result in map_in_workers(IdentifyMidi(), batches, pool_size):
            yield from result
            task.advance(len(result))


def _selected(file: MidiFile, song: MidiSong) -> SelectedSong:
    genres = (file.genre,) if file.genre else ()
    return SelectedSong(
        md5=song.md5, title=song.title, genres=genres, weights=tuple(1.0 for _ in genres), path=file.path
    )


def _add_genre(song: SelectedSong, genre: str) -> SelectedSong:
    """The song with one genre more: a copy of it is in another folder."""
    genres = tuple(sorted({*song.genres, genre} - {""}))
    return replace(song, genres=genres, weights=tuple(1.0 for _ in genres))


def _nothing_found(folder: Path, files: int, dropped: DroppedFiles) -> FileUnreadable | NothingFound:
    if dropped.counts[UNREADABLE]:
        detail = next(f"{path} {detail}" for reason, path, detail in dropped.entries if reason == UNREADABLE)
        return FileUnreadable(
            f"None of the {files:,} MIDI files under {folder} can be read. The first: {detail}.",
            "Check that this is the right folder and that the copy is complete.",
        )
    return NothingFound(f"None of the {files:,} MIDI files under {folder} has a note.", "Name another folder.")
