"""Chooses songs: those of the Lakh Pianoroll Dataset that a source of genres gives a wanted genre.

Lists the songs first and asks the source for their tracks only. One music has one line, whatever number of track ids
it goes under.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pianoroll_vae.config import FilterSettings
from pianoroll_vae.console import Watch
from pianoroll_vae.errors import FileUnreadable, NothingFound, SettingInvalid
from pianoroll_vae.music.selection import SelectedSong, write_selection
from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles
from pianoroll_vae.sources.genre_sources import find_sources
from pianoroll_vae.sources.genres import GenreQuery, GenreSource, TrackLabels, join_terms, normalize_term
from pianoroll_vae.sources.lakh_tree import LakhFile, list_lakh, read_ids, read_published_ids
from pianoroll_vae.sources.track_names import find_track_names, read_track_names
from pianoroll_vae.sources.worker_pool import ReadFailure
from pianoroll_vae.workspace import SELECTION, Workspace, writing

UNKNOWN, OTHER, EXCLUDED, NOT_DRAWN = "no genre known", "another genre", "excluded genre", "not drawn"
TERMS_SHOWN = 12


@dataclass(frozen=True)
class Request:
    """Where to look. `everything` asks for no genre; `ids` restricts to the md5s and track ids in a file."""

    lpd: Path
    msd: Path | None = None
    genres: Path | None = None
    ids: Path | None = None
    everything: bool = False


@dataclass(frozen=True)
class FilterReport:
    """What was found, kept and left out."""

    files: int
    songs: int
    kept: int
    sources: tuple[str, ...]
    dropped: dict[str, int]
    terms: tuple[tuple[str, int], ...]
    """(term, songs that have it), the most frequent first."""

    dropped_list: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "songs": self.songs,
            "kept": self.kept,
            "sources": list(self.sources),
            "dropped": self.dropped,
            "dropped_list": str(self.dropped_list) if self.dropped_list else None,
            "terms": dict(self.terms),
        }


@dataclass
class _Music:
    """One md5: its first file, its ids, the file under each, and what the sources say of each id."""

    path: str
    track_ids: list[str] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)
    labels: dict[str, list[TrackLabels]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def run(workspace: Workspace, request: Request, settings: FilterSettings, watch: Watch) -> FilterReport:
    """Choose songs and write the selection and the list of what was left out."""
    query = _query(request, settings)
    dropped = DroppedFiles()
    with workspace.lock():
        files, musics = _list_songs(request, dropped, watch)
        sources = _sources(musics, request, settings, query) if query.genres or query.exclude else []
        _look_up(musics, sources, query, dropped, watch)
        terms = _count_terms(musics.values())
        chosen = [song for md5, music in sorted(musics.items()) if (song := _judge(md5, music, query, dropped))]
        if not chosen:
            raise _nothing_found(settings.genre, sources, terms, dropped, len(musics))
        kept = _named(_draw(chosen, settings, dropped), request)
        with writing(workspace.path(SELECTION)) as part:
            write_selection(part, kept)
        report_path = workspace.report("filter.csv")
        dropped.write(report_path)
        workspace.record(SELECTION, {"genre": list(settings.genre), "everything": request.everything})
    names = tuple(source.describe() for source in sources)
    return FilterReport(files, len(musics), len(kept), names, dict(dropped.counts), terms, report_path)


def list_terms(request: Request, settings: FilterSettings, watch: Watch) -> FilterReport:
    """Which terms the songs have; writes nothing."""
    dropped = DroppedFiles()
    files, musics = _list_songs(request, dropped, watch)
    sources = _sources(musics, request, settings, GenreQuery())
    nobodys = GenreQuery(("",))  # a genre that no song has: so no title is read
    _look_up(musics, sources, nobodys, dropped, watch)
    names = tuple(source.describe() for source in sources)
    return FilterReport(files, len(musics), 0, names, dict(dropped.counts), _count_terms(musics.values()))


def _query(request: Request, settings: FilterSettings) -> GenreQuery:
    if request.everything and settings.genre:
        raise SettingInvalid("Both all songs and some genres are asked for.", "Give --all or --genre, not both.")
    if not (request.everything or settings.genre or request.ids):
        raise SettingInvalid(
            "No genre is asked for.", "Give --genre blues,rock; --list shows which there are; --all takes every song."
        )
    if settings.limit is not None and settings.limit < 1:
        raise SettingInvalid(f"A limit of {settings.limit} songs leaves none.", "Give a limit of 1 or more.")
    return GenreQuery(settings.genre, settings.match, settings.min_weight, settings.exclude)


def _list_songs(request: Request, dropped: DroppedFiles, watch: Watch) -> tuple[int, dict[str, _Music]]:
    """How many files there are, and each music by its md5."""
    found: list[LakhFile] = []
    with watch.task("Listing songs", None, "files") as task:
        for file in list_lakh(request.lpd, dropped):
            found.append(file)
            task.advance()
    if not found:
        raise NothingFound(
            f"There is no npz file under {request.lpd}.", "Name the folder of the Lakh Pianoroll Dataset: --lpd DIR."
        )
    published = read_published_ids(request.lpd)
    asked = read_ids(request.ids) if request.ids else None
    if asked is not None and not asked:
        raise FileUnreadable(f"{request.ids} holds no md5 and no track id.", "A line needs an md5, a track id or both.")
    musics: dict[str, _Music] = {}
    for file in sorted(found, key=lambda file: (file.md5, file.track_id, file.path)):
        music = musics.setdefault(file.md5, _Music(file.path))
        ids = {file.track_id} - {""} or published.get(file.md5, set()) | (asked or {}).get(file.md5, set())
        music.paths[file.track_id] = file.path
        music.track_ids += sorted(ids - set(music.track_ids))
    if asked is not None:
        tracks = asked.get("", set())
        musics = {md5: m for md5, m in musics.items() if md5 in asked or not tracks.isdisjoint(m.track_ids)}
        if not musics:
            raise NothingFound(f"None of the songs in {request.ids} is under {request.lpd}.", "Check both.")
    return len(found), musics


def _sources(
    musics: dict[str, _Music], request: Request, settings: FilterSettings, query: GenreQuery
) -> list[GenreSource]:
    """Who is asked for genres."""
    tracks = sum(len(music.track_ids) for music in musics.values())
    sources = find_sources(request.msd, request.genres, settings.source, query, tracks)
    if not sources:
        raise SettingInvalid(
            "No source of genres is known.",
            "Name the Million Song Dataset (--msd DIR) or genre lists (--genres DIR), or take every song: --all.",
        )
    return sources


def _look_up(
    musics: dict[str, _Music], sources: list[GenreSource], query: GenreQuery, dropped: DroppedFiles, watch: Watch
) -> None:
    """Ask the sources for every track."""
    owner = {track_id: music for music in musics.values() for track_id in music.track_ids}
    track_ids = sorted(owner)
    for source in sources:
        known = broken = 0
        with watch.task(f"Genres from {source.name}", len(track_ids), "tracks") as task:
            for track_id, labels in source.labels(track_ids, query):
                task.advance()
                if isinstance(labels, ReadFailure) and track_id not in owner:  # a file about many tracks
                    dropped.add(track_id, UNREADABLE, labels.reason)
                elif isinstance(labels, ReadFailure):
                    broken += 1
                    owner[track_id].broken.append(labels.reason)
                else:
                    known += 1
                    owner[track_id].labels.setdefault(track_id, []).append(labels)
        if broken and not known:
            reasons = (reason for music in musics.values() for reason in music.broken)
            raise FileUnreadable(
                f"None of the {broken:,} files of {source.describe()} can be read. The first: {next(reasons)}",
                "Check whether this is the folder you mean, and whether the copy is whole.",
            )


def _judge(md5: str, music: _Music, query: GenreQuery, dropped: DroppedFiles) -> SelectedSong | None:
    """The song if it is wanted; otherwise why not goes into `dropped`."""
    by_id = {track_id: join_terms(part.terms for part in parts) for track_id, parts in music.labels.items()}
    all_terms = join_terms(by_id.values())
    if (query.genres or query.exclude) and not by_id:
        if music.broken:
            dropped.add(music.path, UNREADABLE, music.broken[0])
        else:
            dropped.add(music.path, UNKNOWN, " ".join(music.track_ids))
        return None
    if query.is_excluded(all_terms):
        dropped.add(music.path, EXCLUDED, " ".join(music.track_ids))
        return None
    matching_terms = query.matching_terms(all_terms)
    if query.genres and not matching_terms:
        dropped.add(music.path, OTHER, ", ".join(term for term, _ in all_terms[:3]))
        return None
    primary = max(music.track_ids, key=lambda track_id: _strength(by_id.get(track_id, ()), query), default="")
    parts = music.labels.get(primary, [])
    return SelectedSong(
        md5=md5,
        track_id=primary,
        other_ids=tuple(track_id for track_id in music.track_ids if track_id != primary),
        title=next((part.title for part in parts if part.title), ""),
        artist=next((part.artist for part in parts if part.artist), ""),
        year=max((part.year for part in parts), default=0),
        genres=tuple(normalize_term(term) for term, _ in matching_terms),
        weights=tuple(round(weight, 6) for _, weight in matching_terms),
        path=music.paths.get(primary, music.path),
    )


def _strength(terms: tuple[tuple[str, float], ...], query: GenreQuery) -> float:
    """How much a track id stands for the wanted genres: the id that does most gives the song its name."""
    return max((weight for _, weight in query.matching_terms(terms)), default=-1.0 if not terms else 0.0)


def _draw(chosen: list[SelectedSong], settings: FilterSettings, dropped: DroppedFiles) -> list[SelectedSong]:
    """`limit` of the songs: those with the smallest hashes, so that a larger limit adds songs and changes none.

    The hashes are others than those of the split into train, valid and test, which would else get no songs but train's.
    """
    if settings.limit is None or len(chosen) <= settings.limit:
        return chosen

    def lot(song: SelectedSong) -> bytes:
        return hashlib.sha256(f"draw {settings.seed}:{song.md5}".encode()).digest()

    drawn = {song.md5 for song in sorted(chosen, key=lot)[: settings.limit]}
    for song in chosen:
        if song.md5 not in drawn:
            dropped.add(song.path, NOT_DRAWN)
    return [song for song in chosen if song.md5 in drawn]


def _named(songs: list[SelectedSong], request: Request) -> list[SelectedSong]:
    """The songs with artist and title where the source of their genres knew none, and a list of tracks does."""
    nameless = {song.track_id for song in songs if song.track_id and not song.title}
    path = find_track_names(request.genres, request.msd) if nameless else None
    names = read_track_names(path, nameless) if path else {}
    return [
        replace(song, artist=names[song.track_id][0], title=names[song.track_id][1]) if song.track_id in names else song
        for song in songs
    ]


def _count_terms(musics: Iterable[_Music]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for music in musics:
        counts.update(
            {normalize_term(term) for parts in music.labels.values() for part in parts for term, _ in part.terms}
        )
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _nothing_found(
    genres: tuple[str, ...],
    sources: list[GenreSource],
    terms: tuple[tuple[str, int], ...],
    dropped: DroppedFiles,
    songs: int,
) -> NothingFound:
    where = " and ".join(source.describe() for source in sources) or "the folder"
    if not terms:
        return NothingFound(
            f"None of the {songs:,} songs has a genre: {where} knows none of their tracks.",
            "Check that both folders belong to the same collection; --all takes songs without asking for genres.",
        )
    frequent = ", ".join(f"{term} ({count:,})" for term, count in terms[:TERMS_SHOWN])
    left_out = ", ".join(f"{reason}: {count:,}" for reason, count in dropped.counts.items())
    return NothingFound(
        f"None of the {songs:,} songs is {' or '.join(genres) or 'left'} ({left_out}).",
        f"The most frequent terms are {frequent}; --match contains looks for parts of terms.",
    )
