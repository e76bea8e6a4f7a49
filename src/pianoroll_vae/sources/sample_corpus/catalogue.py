"""Lists the songs of the sample corpus with their metadata: ids, titles, artists and genre terms.

All metadata are invented. The md5 of a song is that of its notes and tempo.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np

from pianoroll_vae.music.song import Song
from pianoroll_vae.sources.sample_corpus.composer import Composition, compose

ROUND = ("blues", "rock", "jazz", "blues", "rock", "country", "blues", "rock", "soul")
"""The genres of nine songs in a row."""

SONGS_PER_REISSUE, SONGS_PER_EXTRA_TRACK = 24, 12

TERMS = {
    "blues": ("blues", "electric blues", "blues-rock", "chicago blues", "delta blues", "guitar", "rock", "r&b"),
    "rock": ("rock", "classic rock", "hard rock", "pop rock", "blues-rock", "guitar", "alternative rock", "80s"),
    "jazz": ("jazz", "swing", "cool jazz", "bebop", "piano", "smooth jazz", "instrumental", "blues"),
    "country": ("country", "folk", "country rock", "honky tonk", "americana", "singer-songwriter", "guitar", "rock"),
    "soul": ("soul", "funk", "r&b", "motown", "disco", "70s", "pop", "blues"),
}
FIRST_NAMES = ("Ada", "Bram", "Clara", "Dexter", "Ella", "Floyd", "Greta", "Hector", "Ida", "Jonas", "Lena", "Milo")
LAST_NAMES = ("Ash", "Brook", "Cole", "Dale", "Ember", "Frost", "Grove", "Hale", "Lark", "Marsh", "Reed", "Stone")
FIRST_WORDS = ("Blue", "Long", "Lonesome", "Midnight", "Paper", "Silver", "Slow", "Sunday", "Velvet", "Winter")
LAST_WORDS = ("Avenue", "Engine", "Harbour", "Kitchen", "Letter", "Mirror", "River", "Station", "Train", "Window")


@dataclass(frozen=True)
class TrackMetadata:
    """The content of a track's Million Song Dataset file; `terms`: (term, weight) by descending weight."""

    track_id: str
    title: str
    artist: str
    year: int
    terms: tuple[tuple[str, float], ...]
    key: int
    minor: bool
    tempo: float
    seconds: float


@dataclass(frozen=True)
class Release:
    """A composed song and its tracks: one, or two if the same recording was released twice."""

    md5: str
    composition: Composition
    tracks: tuple[TrackMetadata, ...]


def compose_releases(songs: int, seed: int) -> Iterator[Release]:
    """The songs of the corpus of this seed, one at a time."""
    for number in range(songs):
        genre = ROUND[number % len(ROUND)]
        composition = compose(genre, number, seed)
        tracks = [_metadata(composition, number, seed, "single")]
        if number % SONGS_PER_REISSUE == 0:
            tracks.append(_metadata(composition, number, seed, "compilation"))
        yield Release(music_md5(composition.song), composition, tuple(tracks))


def track_without_song(release: Release, number: int, seed: int) -> TrackMetadata | None:
    """For some songs: a track that is in the Million Song Dataset but not in the Lakh Pianoroll Dataset."""
    return _metadata(release.composition, number, seed, "b-side") if number % SONGS_PER_EXTRA_TRACK == 6 else None


def music_md5(song: Song) -> str:
    """The md5 of the notes and the tempo."""
    digest = hashlib.md5(usedforsecurity=False)
    for column in (*song.notes.columns, np.array(song.tempo, np.float64)):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _metadata(composition: Composition, number: int, seed: int, edition: str) -> TrackMetadata:
    rng = Random(f"{seed}/{number}/{edition}")
    letters = "".join(chr(ord("A") + rng.randrange(26)) for _ in range(5))
    title = f"{rng.choice(FIRST_WORDS)} {rng.choice(LAST_WORDS)}"
    # the songs of one genre within a round have the same artist
    artist = Random(f"{seed}/{composition.genre}/{number // len(ROUND)}/{edition}")
    return TrackMetadata(
        track_id=f"TR{letters}128F{rng.randrange(16**7):07X}",
        title=f"{title} Blues" if composition.genre == "blues" else title,
        artist=f"{artist.choice(FIRST_NAMES)} {artist.choice(LAST_NAMES)}",
        year=0 if rng.random() < 0.2 else rng.randint(1958, 2009),
        terms=_terms(composition.genre, number // len(ROUND), artist),
        key=composition.plan.tonic,
        minor=composition.plan.mode == "minor",
        tempo=composition.plan.tempo,
        seconds=composition.song.seconds,
    )


def _terms(genre: str, artist_number: int, rng: Random) -> tuple[tuple[str, float], ...]:
    """An artist's terms by descending weight. One artist in eight lacks the main term, like 'rock'."""
    main, second, *rest = TERMS[genre]
    names = [second] if artist_number % 8 == 7 else [main, second]
    chosen = set(rng.sample(rest, k=rng.randint(2, 4)))
    names += [term for term in rest if term in chosen]
    weighted = []
    for place, name in enumerate(names):
        weighted.append((name, 1.0 if place == 0 else round(1.0 - 0.09 * place - 0.04 * rng.random(), 6)))
    return tuple(weighted)
