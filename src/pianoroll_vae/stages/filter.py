"""Selects songs of the Lakh Pianoroll Dataset by genre.

The songs are listed first, and the sources of genres are queried for their tracks only. A song with several track ids
is one line of the selection.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import writing
from pianoroll_vae.config import FilterSettings
from pianoroll_vae.errors import FileUnreadable, NothingFound, SettingInvalid, suggest
from pianoroll_vae.music.selection import SelectedSong, write_selection
from pianoroll_vae.progress import Watch
from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles
from pianoroll_vae.sources.genre_sources import find_sources
from pianoroll_vae.sources.genres import GenreQuery, GenreSource, TrackLabels, join_terms, normalize_term
from pianoroll_vae.sources.lakh_tree import LakhFile, list_lakh, read_ids, read_published_ids
from pianoroll_vae.sources.track_names import find_track_names, read_track_names
from pianoroll_vae.sources.worker_pool import ReadFailure
from pianoroll_vae.workspace import SELECTION, Workspace

NO_GENRE, OTHER, EXCLUDED, NOT_DRAWN = "no genre known", "another genre", "excluded genre", "not drawn"
TERMS_SHOWN = 12


@dataclass(frozen=True)
class Request:
    """The collections. `everything` selects all genres; `ids` is a file of the only md5s and track ids to select."""

    lpd: Path
    msd: Path | None = None
    genres: Path | None = None
    ids: Path | None = None
    everything: bool = False


@dataclass(frozen=True)
class FilterReport:
    """The numbers of songs found, kept and dropped."""

    files: int
    songs: int
    kept: int
    sources: tuple[str, ...]
    dropped: dict[str, int]
    terms: tuple[tuple[str, int], ...]
    """(term, number of songs with it), the most frequent first."""

    dropped_list: Path | None = None
    genres: Mapping[str, int] = field(default_factory=dict)
    """Kept songs by wanted genre; a song can have several."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "songs": self.songs,
            "kept": self.kept,
            "genres": dict(self.genres),
            "sources": list(self.sources),
            "dropped": self.dropped,
            "dropped_list": str(self.dropped_list) if self.dropped_list else None,
            "terms": dict(self.terms),
        }


@dataclass
class _Candidate:
    """A song that may be selected: its first file, its track ids, and the file and labels of each id."""

    path: str
    track_ids: list[str] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)
    labels: dict[str, list[TrackLabels]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def run(workspace: Workspace, request: Request, settings: FilterSettings, watch: Watch) -> FilterReport:
    """Write the selection, and the list of dropped files."""
    query = _query(request, settings)
    dropped = DroppedFiles()
    with workspace.lock():
        files, candidates = _list_songs(request, dropped, watch)
        sources = _sources(candidates, request, settings, query) if query.genres or query.exclude else []
        _query_sources(candidates, sources, query, dropped, watch)
        terms = _count_terms(candidates.values())
        chosen = [
            song for md5, candidate in sorted(candidates.items()) if (song := _select(md5, candidate, query, dropped))
        ]
        if not chosen:
            raise _nothing_found(settings.genre, sources, terms, dropped, len(candidates))
        for genre, count in _count_genres(chosen, query).items():
            if not count:
                watch.notice(f"No song is {genre}. {suggest(genre, dict(terms))}")
        kept = _add_track_names(_draw(chosen, settings, dropped), request)
        with writing(workspace.path(SELECTION)) as part:
            write_selection(part, kept)
        report_path = workspace.report("filter.csv")
        dropped.write(report_path)
        workspace.record(SELECTION, {}, {"genre": list(settings.genre), "everything": request.everything})
    names = tuple(source.describe() for source in sources)
    genres = _count_genres(kept, query)
    return FilterReport(files, len(candidates), len(kept), names, dict(dropped.counts), terms, report_path, genres)


def list_terms(request: Request, settings: FilterSettings, watch: Watch) -> FilterReport:
    """Count the terms of the songs; writes nothing."""
    dropped = DroppedFiles()
    files, candidates = _list_songs(request, dropped, watch)
    sources = _sources(candidates, request, settings, GenreQuery())
    no_song = GenreQuery(("",))  # no song matches, so titles are not read
    _query_sources(candidates, sources, no_song, dropped, watch)
    names = tuple(source.describe() for source in sources)
    return FilterReport(files, len(candidates), 0, names, dict(dropped.counts), _count_terms(candidates.values()))


def _query(request: Request, settings: FilterSettings) -> GenreQuery:
    if request.everything and settings.genre:
        raise SettingInvalid("--all and --genre exclude each other.", "Give one of them.")
    if not (request.everything or settings.genre or request.ids):
        raise SettingInvalid(
            "No genre is given.", "Give --genre blues,rock; --list shows the genres; --all selects every song."
        )
    if settings.limit is not None and settings.limit < 1:
        raise SettingInvalid(f"The limit is {settings.limit}; it must be 1 or more.", "Give --limit 100.")
    return GenreQuery(settings.genre, settings.match, settings.min_weight, settings.exclude)


def _list_songs(request: Request, dropped: DroppedFiles, watch: Watch) -> tuple[int, dict[str, _Candidate]]:
    """The number of files, and the songs by md5."""
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
    requested = read_ids(request.ids) if request.ids else None
    if requested is not None and not requested:
        raise FileUnreadable(
            f"{request.ids} contains no md5 and no track id.", "Each line must have an md5, a track id or both."
        )
    candidates: dict[str, _Candidate] = {}
    for file in sorted(found, key=lambda file: (file.md5, file.track_id, file.path)):
        candidate = candidates.setdefault(file.md5, _Candidate(file.path))
        ids = {file.track_id} - {""} or published.get(file.md5, set()) | (requested or {}).get(file.md5, set())
        candidate.paths[file.track_id] = file.path
        candidate.track_ids += sorted(ids - set(candidate.track_ids))
    if requested is not None:
        tracks = requested.get("", set())
        candidates = {md5: m for md5, m in candidates.items() if md5 in requested or not tracks.isdisjoint(m.track_ids)}
        if not candidates:
            raise NothingFound(
                f"None of the songs in {request.ids} is under {request.lpd}.",
                "Check both paths: --ids FILE, --lpd DIR.",
            )
    return len(found), candidates


def _sources(
    candidates: dict[str, _Candidate], request: Request, settings: FilterSettings, query: GenreQuery
) -> list[GenreSource]:
    """The sources of genres to query."""
    tracks = sum(len(candidate.track_ids) for candidate in candidates.values())
    sources = find_sources(request.msd, request.genres, settings.source, query, tracks)
    if not sources:
        raise SettingInvalid(
            "There is no source of genres.",
            "Name the Million Song Dataset (--msd DIR) or genre lists (--genres DIR), or select every song: --all.",
        )
    return sources


def _query_sources(
    candidates: dict[str, _Candidate],
    sources: list[GenreSource],
    query: GenreQuery,
    dropped: DroppedFiles,
    watch: Watch,
) -> None:
    """Query the sources for every track."""
    owner = {track_id: candidate for candidate in candidates.values() for track_id in candidate.track_ids}
    track_ids = sorted(owner)
    for source in sources:
        known = broken = 0
        with watch.task(f"Genres from {source.name}", len(track_ids), "tracks") as task:
            for track_id, labels in source.labels(track_ids, query):
                task.advance()
                if isinstance(labels, ReadFailure) and track_id not in owner:  # a file of many tracks
                    dropped.add(track_id, UNREADABLE, labels.reason)
                elif isinstance(labels, ReadFailure):
                    broken += 1
                    owner[track_id].broken.append(labels.reason)
                else:
                    known += 1
                    owner[track_id].labels.setdefault(track_id, []).append(labels)
        if broken and not known:
            reasons = (reason for candidate in candidates.values() for reason in candidate.broken)
            raise FileUnreadable(
                f"None of the {broken:,} files of {source.describe()} can be read. The first: {next(reasons)}",
                "Check that this is the right folder and that the copy is complete.",
            )


def _select(md5: str, candidate: _Candidate, query: GenreQuery, dropped: DroppedFiles) -> SelectedSong | None:
    """The song if it matches; otherwise its file is added to `dropped`."""
    by_id = {track_id: join_terms(part.terms for part in parts) for track_id, parts in candidate.labels.items()}
    all_terms = join_terms(by_id.values())
    if (query.genres or query.exclude) and not by_id:
        if candidate.broken:
            dropped.add(candidate.path, UNREADABLE, candidate.broken[0])
        else:
            dropped.add(candidate.path, NO_GENRE, " ".join(candidate.track_ids))
        return None
    if query.is_excluded(all_terms):
        dropped.add(candidate.path, EXCLUDED, " ".join(candidate.track_ids))
        return None
    matching_terms = query.matching_terms(all_terms)
    if query.genres and not matching_terms:
        dropped.add(candidate.path, OTHER, ", ".join(term for term, _ in all_terms[:3]))
        return None
    primary = max(candidate.track_ids, key=lambda track_id: _match_weight(by_id.get(track_id, ()), query), default="")
    parts = candidate.labels.get(primary, [])
    return SelectedSong(
        md5=md5,
        track_id=primary,
        other_ids=tuple(track_id for track_id in candidate.track_ids if track_id != primary),
        title=next((part.title for part in parts if part.title), ""),
        artist=next((part.artist for part in parts if part.artist), ""),
        year=max((part.year for part in parts), default=0),
        genres=tuple(normalize_term(term) for term, _ in matching_terms),
        weights=tuple(round(weight, 6) for _, weight in matching_terms),
        path=candidate.paths.get(primary, candidate.path),
    )


def _match_weight(terms: tuple[tuple[str, float], ...], query: GenreQuery) -> float:
    """The greatest weight of a matching term; the track id with the greatest one names the song."""
    return max((weight for _, weight in query.matching_terms(terms)), default=-1.0 if not terms else 0.0)


def _draw(chosen: list[SelectedSong], settings: FilterSettings, dropped: DroppedFiles) -> list[SelectedSong]:
    """`limit` of the songs: those with the smallest hashes, so that a larger limit only adds songs.

    The hashes differ from those of the split into train, valid and test, or all drawn songs would be in train.
    """
    if settings.limit is None or len(chosen) <= settings.limit:
        return chosen

    def draw_key(song: SelectedSong) -> bytes:
        return hashlib.sha256(f"draw {settings.seed}:{song.md5}".encode()).digest()

    drawn = {song.md5 for song in sorted(chosen, key=draw_key)[: settings.limit]}
    for song in chosen:
        if song.md5 not in drawn:
            dropped.add(song.path, NOT_DRAWN)
    return [song for song in chosen if song.md5 in drawn]


def _add_track_names(songs: list[SelectedSong], request: Request) -> list[SelectedSong]:
    """The songs, with artists and titles from a list of tracks where the source of genres had none."""
    untitled = {song.track_id for song in songs if song.track_id and not song.title}
    path = find_track_names(request.genres, request.msd) if untitled else None
    names = read_track_names(path, untitled) if path else {}
    return [
        replace(song, artist=names[song.track_id][0], title=names[song.track_id][1]) if song.track_id in names else song
        for song in songs
    ]


def _count_terms(candidates: Iterable[_Candidate]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for candidate in candidates:
        counts.update(
            {normalize_term(term) for parts in candidate.labels.values() for part in parts for term, _ in part.terms}
        )
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _count_genres(songs: Iterable[SelectedSong], query: GenreQuery) -> dict[str, int]:
    """The number of songs of each wanted genre."""
    songs = list(songs)
    wanted = {normalize_term(genre): replace(query, genres=(genre,)) for genre in query.genres}
    return {
        genre: sum(bool(one.matching_terms(tuple(zip(song.genres, song.weights, strict=True)))) for song in songs)
        for genre, one in wanted.items()
    }


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
            f"None of the {songs:,} songs has a genre: {where} has none of their tracks.",
            "Check that both folders belong to the same collection; --all selects songs without genres.",
        )
    frequent = ", ".join(f"{term} ({count:,})" for term, count in terms[:TERMS_SHOWN])
    close = [hint for genre in genres if (hint := suggest(genre, dict(terms))).startswith("Did you mean")]
    left_out = ", ".join(f"{reason}: {count:,}" for reason, count in dropped.counts.items())
    return NothingFound(
        f"None of the {songs:,} songs is {' or '.join(genres) or 'left'} ({left_out}).",
        " ".join([*close, f"The most frequent terms are {frequent}; --match contains also matches parts of terms."]),
    )
