"""Songs and a key: which one an option means, and how far a song is away from it."""

from pianoroll_vae.music.chart_reading import find_key
from pianoroll_vae.music.key import Key, in_key_share, named_key, parse_scale, semitones_between
from pianoroll_vae.music.song import Song

TOLERANCE = 0.03
"""Notes outside of their own key, as a share of the time that notes sound; a song a fifth away has more than that."""


def resolve_key(key: str | None, scale: str | None, song: Song) -> Key | None:
    """The named key, that of `song` for 'auto' or for a scale without a key, or None."""
    if key in (None, "none") and scale is None:
        return None
    found = named_key(key) or find_key(song)
    return found if found is None or scale is None else Key(found.root, parse_scale(scale))


def semitones_to_key(song: Song, key: Key) -> int:
    """`semitones_between` the key that is found in a song and a key. 0 without pitched notes."""
    found = find_key(song)
    return 0 if found is None else semitones_between(found, key)


def is_in_key(song: Song, key: Key) -> bool:
    """Whether no transposition brings much more of the song into the key, so that it can be in the key already."""
    drums = song.band.drums
    shares = [in_key_share(song.notes, drums, key.transposed(-semitones)) for semitones in range(12)]
    return not shares[0] < max(shares) - TOLERANCE
