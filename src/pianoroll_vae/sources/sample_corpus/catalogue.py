"""Which songs the sample corpus holds and what is printed on their sleeves: ids, titles, artists, genre terms.

All of it is invented; a song's md5 is that of its notes and tempo, so the same music has the same name everywhere.
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

SONGS_PER_COVER, SONGS_PER_UNSUNG = 24, 12

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
class Sleeve:
    """What a Million Song Dataset file says of a track; `terms` as (term, weight), the heaviest first."""

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
    """A composed song under the ids it was released with; two ids are the same recording sold twice."""

    md5: str
    composition: Composition
    sleeves: tuple[Sleeve, ...]


def releases(songs: int, seed: int) -> Iterator[Release]:
    """The songs of the corpus of this seed, one at a time."""
    for number in range(songs):
        genre = ROUND[number % len(ROUND)]
        composition = compose(genre, number, seed)
        sleeves = [_sleeve(composition, number, seed, "single")]
        if number % SONGS_PER_COVER == 0:
            sleeves.append(_sleeve(composition, number, seed, "compilation"))
        yield Release(music_md5(composition.song), composition, tuple(sleeves))


def unsung(release: Release, number: int, seed: int) -> Sleeve | None:
    """Now and then a track that the Million Song Dataset knows and the Lakh Pianoroll Dataset does not."""
    return _sleeve(release.composition, number, seed, "b-side") if number % SONGS_PER_UNSUNG == 6 else None


def music_md5(song: Song) -> str:
    """The md5 of what is played: notes and tempo."""
    digest = hashlib.md5(usedforsecurity=False)
    for column in (*song.notes.columns, np.array(song.tempo, np.float64)):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _sleeve(composition: Composition, number: int, seed: int, edition: str) -> Sleeve:
    rng = Random(f"{seed}/{number}/{edition}")
    letters = "".join(chr(ord("A") + rng.randrange(26)) for _ in range(5))
    title = f"{rng.choice(FIRST_WORDS)} {rng.choice(LAST_WORDS)}"
    # a round's songs of one genre are one artist's
    artist = Random(f"{seed}/{composition.genre}/{number // len(ROUND)}/{edition}")
    return Sleeve(
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
    """An artist's terms, the heaviest first. One artist in eight is called 'classic rock' but never 'rock'."""
    main, second, *rest = TERMS[genre]
    names = [second] if artist_number % 8 == 7 else [main, second]
    chosen = set(rng.sample(rest, k=rng.randint(2, 4)))
    names += [term for term in rest if term in chosen]
    weighed = []
    for place, name in enumerate(names):
        weighed.append((name, 1.0 if place == 0 else round(1.0 - 0.09 * place - 0.04 * rng.random(), 6)))
    return tuple(weighed)
