"""Some parts of songs from nothing double others: which, how often, and that they then play the same notes."""

from collections import Counter
from dataclasses import replace

import numpy as np

from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.play.doubling import doubled_in_bars, draw_doublings, with_doublings
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.song_batches import sample_songs
from pianoroll_vae.models.arranger.sampling import DOUBLED_BARS, DOUBLES_LEAD, DOUBLES_OTHER
from pianoroll_vae.models.arranger.traits import PLAYING, TRAITS
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from tests.models.arranger.play.test_song_state import WEIGHTS

PIANO, GUITAR, BASS, STRINGS, DRUMS = range(5)
EVERYONE = np.ones(5, np.bool_)


def test_guitars_and_strings_double_what_is_written_before_them() -> None:
    rng, songs = np.random.default_rng(0), 4000
    found = Counter(pair for _ in range(songs) for pair in draw_doublings(LPD5, EVERYONE, rng).items())
    assert set(found) == {(GUITAR, PIANO), (STRINGS, PIANO), (STRINGS, GUITAR)}
    shares = {pair: count / songs for pair, count in found.items()}
    for pair in ((GUITAR, PIANO), (STRINGS, PIANO)):
        assert abs(shares[pair] - DOUBLES_LEAD) < 0.03
    assert abs(shares[STRINGS, GUITAR] - DOUBLES_OTHER) < 0.02


def test_what_is_asked_of_a_part_keeps_it_from_doubling() -> None:
    rng, free = np.random.default_rng(0), np.arange(5) != STRINGS
    assert {part for _ in range(200) for part in draw_doublings(LPD5, free, rng)} == {GUITAR}


def test_a_part_that_doubles_has_the_traits_of_the_other_but_for_when_it_plays() -> None:
    conditions = Conditions.unknown(5)
    conditions.traits[:] = 1 + np.arange(5)[:, None]
    traits = with_doublings(conditions, {STRINGS: PIANO}).traits
    assert traits[STRINGS].tolist() == [4 if trait == PLAYING else 1 for trait in range(len(TRAITS))]
    assert np.array_equal(np.delete(traits, STRINGS, 0), np.delete(conditions.traits, STRINGS, 0))


def test_most_bars_are_doubled() -> None:
    doubled = doubled_in_bars({STRINGS: PIANO}, 4000, 5, np.random.default_rng(0))
    assert (np.delete(doubled, STRINGS, 1) == SILENT).all()
    assert set(doubled[:, STRINGS].tolist()) == {PIANO, SILENT}
    assert abs((doubled[:, STRINGS] == PIANO).mean() - DOUBLED_BARS) < 0.03


def test_a_longer_song_begins_with_the_same_doubled_bars() -> None:
    both = {GUITAR: PIANO, STRINGS: PIANO}
    short, long = (doubled_in_bars(both, bars, 5, np.random.default_rng(0)) for bars in (12, 40))
    assert np.array_equal(long[:12], short)


def test_new_notes_of_a_part_that_doubles_are_those_of_the_other() -> None:
    plan = Plan.without_chart(24, 5, Conditions.unknown(5))
    doubled = np.full((24, 5), SILENT)
    doubled[:, STRINGS] = PIANO
    songs = [
        sample_songs(WEIGHTS, LPD5, [each], [lambda bar, instrument: None], [3])[0]
        for each in (plan, replace(plan, doubled=doubled))
    ]
    same = [0, 0]
    for place, song in enumerate(songs):
        for bar in range(len(song)):
            piano, strings = song.cell(bar, PIANO), song.cell(bar, STRINGS)
            is_new = song.source[5 * bar + STRINGS] == bar
            if is_new and len(piano):
                same[place] += 1 if np.array_equal(piano, strings) else -1
    assert same[0] < 0 < same[1]
