"""Songs as latents of their bars: equal bars have equal latents, in whatever key."""

import numpy as np

from pianoroll_vae.models.arranger.play.bar_vae import BarVae
from pianoroll_vae.models.arranger.play.latent_song import LatentSong, count_notes, decode_song
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.key import transpose_pitches
from tests.small_arranger import DRUMS, loops


def transposed(song: Bars, semitones: int) -> Bars:
    cells = []
    for row in range(len(song.source)):
        notes = song.cell(*divmod(row, 5)).astype(np.int64)
        notes[:, 1] = transpose_pitches(notes[:, 1], 0 if DRUMS[row % 5] else semitones)
        cells.append(notes.astype(np.uint8))
    return Bars.from_cells(cells, 5)


def test_equal_bars_have_equal_latents_and_rests_have_none(vae: BarVae) -> None:
    song = loops(20, seed=2)
    encoded = LatentSong.encode(vae, song, DRUMS)
    source = song.source.reshape(20, 5)
    assert np.array_equal(encoded.plays, source >= 0)
    assert not encoded.latents[~encoded.plays].any()
    for bar, instrument in np.argwhere(source >= 0):
        first = encoded.latents[source[bar, instrument], instrument]
        assert np.array_equal(encoded.latents[bar, instrument], first)


def test_a_song_in_another_key_has_the_same_latents_and_decodes_in_its_own(vae: BarVae) -> None:
    song, higher = loops(8, seed=2), transposed(loops(8, seed=2), 3)
    one, other = (LatentSong.encode(vae, each, DRUMS) for each in (song, higher))
    assert np.array_equal(one.latents, other.latents)
    assert (other.semitones - one.semitones) % 12 == 9
    decoded = [decode_song(vae, one.latents, one.plays, np.full(8, each.semitones), DRUMS) for each in (one, other)]
    for cell in np.ndindex(8, 5):
        low, high = (each.cell(*cell)[:, 1].astype(int) for each in decoded)
        if len(low) == len(high) and not DRUMS[cell[1]]:
            assert np.array_equal(np.sort((low + 3) % 12), np.sort(high % 12))
    kept = LatentSong.encode(vae, higher, DRUMS, keep_key=True)
    assert kept.semitones == 0
    assert not np.array_equal(kept.latents, other.latents)


def test_notes_are_counted_as_they_are_decoded(vae: BarVae) -> None:
    encoded = LatentSong.encode(vae, loops(8, seed=2), DRUMS)
    decoded = decode_song(vae, encoded.latents, encoded.plays, np.zeros(8, np.int64), DRUMS)
    assert np.array_equal(count_notes(vae, encoded), np.diff(decoded.first).reshape(8, 5))
