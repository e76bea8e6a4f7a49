"""`test_band` has the songs themselves: alone, among others, and with what is given."""

from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.song_batches import SONGS_PER_BATCH, sample_songs
from pianoroll_vae.music.band import LPD5
from tests.models.arranger.play.test_song_state import WEIGHTS


def test_more_songs_than_fit_side_by_side_are_as_long_as_their_plans() -> None:
    unknown, lengths = Conditions.unknown(len(LPD5)), [1 + n % 3 for n in range(2 * SONGS_PER_BATCH + 1)]
    plans = [Plan.without_chart(bars, len(LPD5), unknown) for bars in lengths]
    done: list[int] = []
    given = [lambda bar, instrument: None] * len(plans)
    songs = sample_songs(WEIGHTS, LPD5, plans, given, range(len(plans)), on_bar=lambda song, cells: done.append(song))
    assert [len(song) for song in songs] == lengths
    assert sorted(done) == [song for song, bars in enumerate(lengths) for _ in range(bars)]
