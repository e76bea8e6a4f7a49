"""The sample corpus is music: a band that plays together, in key, in sections that return."""

from functools import cache

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BAR
from pianoroll_vae.sources.sample_corpus.catalogue import ROUND
from pianoroll_vae.sources.sample_corpus.composer import Composition, compose
from pianoroll_vae.sources.sample_corpus.form import Section
from pianoroll_vae.sources.sample_corpus.harmony import Chord
from pianoroll_vae.sources.sample_corpus.styles import GENRES

SONGS = tuple(enumerate(ROUND + ROUND))
REGISTERS = {"piano": (40, 88), "guitar": (40, 76), "bass": (26, 53), "strings": (53, 88), "drums": (35, 81)}
each_song = pytest.mark.parametrize(
    "made", range(len(SONGS)), indirect=True, ids=[f"{number}-{genre}" for number, genre in SONGS]
)


@cache
def song(number: int) -> Composition:
    return compose(SONGS[number][1], number, seed=0)


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Composition:
    return song(request.param)


def chord_at(made: Composition, step: int) -> Chord:
    bars = [bar for section in made.plan.sections for bar in section.bars]
    bar = bars[step // FINE_STEPS_PER_BAR]
    return bar[step % FINE_STEPS_PER_BAR * len(bar) // FINE_STEPS_PER_BAR]


def notes_of(made: Composition, name: str, first_bar: int, bars: int) -> set[tuple[int, int]]:
    """(step, pitch) of every note that begins in these bars, counted from the first of them."""
    part = made.song.between(first_bar * FINE_STEPS_PER_BAR, (first_bar + bars) * FINE_STEPS_PER_BAR).notes
    mine = part.instrument == LPD5.index(name)
    return set(zip(part.start[mine].tolist(), part.pitch[mine].tolist(), strict=True))


def returning_sections(made: Composition) -> tuple[Section, Section]:
    """The first two sections of one kind."""
    for section in made.plan.sections:
        for later in made.plan.sections:
            if later.kind == section.kind and later.repeat == section.repeat + 1:
                return section, later
    raise AssertionError("no section of the song returns")


@each_song
def test_every_instrument_plays_throughout_and_in_its_register(made: Composition) -> None:
    for index, name in enumerate(LPD5.names):
        mine = made.song.notes.instrument == index
        if name == made.plan.absent:
            assert not mine.any()
            continue
        low, high = REGISTERS[name]
        assert low <= made.song.notes.pitch[mine].min() and made.song.notes.pitch[mine].max() <= high
        phrases = np.unique(made.song.notes.start[mine] // (4 * FINE_STEPS_PER_BAR))
        assert len(phrases) == made.plan.bars // 4, f"{name} leaves out a phrase of four bars"


@each_song
def test_the_bass_stands_on_a_chord_tone_at_the_head_of_a_bar(made: Composition) -> None:
    mine = made.song.notes.instrument == LPD5.index("bass")
    heads = mine & (made.song.notes.start % FINE_STEPS_PER_BAR == 0)
    pairs = zip(made.song.notes.start[heads].tolist(), made.song.notes.pitch[heads].tolist(), strict=True)
    assert all(pitch % 12 in chord_at(made, step).tones for step, pitch in pairs)


@each_song
def test_the_melody_rests_on_the_harmony(made: Composition) -> None:
    piano = made.song.notes.instrument == LPD5.lead_index
    strong = piano & (made.song.notes.start % (FINE_STEPS_PER_BAR // 2) == 0)
    steps, pitches = made.song.notes.start[strong].tolist(), made.song.notes.pitch[strong].tolist()
    fits = [pitch % 12 in chord_at(made, step).tones for step, pitch in zip(steps, pitches, strict=True)]
    assert np.mean(fits) > 0.95 if made.plan.absent != "piano" else not fits


@each_song
def test_songs_are_whole_phrases_with_an_intro_and_an_ending_on_the_tonic(made: Composition) -> None:
    kinds = [section.kind for section in made.plan.sections]
    assert (kinds[0], kinds[-1]) == ("intro", "ending")
    assert 32 <= made.plan.bars <= 64
    assert made.plan.bars % 4 == 0
    assert made.plan.final_chord.root == made.plan.tonic
    assert made.song.steps == made.plan.bars * FINE_STEPS_PER_BAR


@each_song
def test_a_section_that_returns_is_recognised_and_yet_varied(made: Composition) -> None:
    first, again = returning_sections(made)
    shared = []
    for name in LPD5.names:
        if name != made.plan.absent:
            before = notes_of(made, name, first.first_bar, len(first.bars))
            after = notes_of(made, name, again.first_bar, len(again.bars))
            shared.append(len(before & after) / len(before | after))
    assert 0.4 < np.mean(shared) < 1.0


def test_blues_is_twelve_bars_and_swings_on_the_triplet() -> None:
    made = song(0)
    assert [len(section.bars) for section in made.plan.sections if section.kind == "verse"] == [12, 12]
    assert GENRES["blues"].swing
    offbeats = made.song.notes.start % 24
    assert np.isin(offbeats, (0, 8, 16)).all()
    assert (offbeats == 16).sum() > 100


def test_straight_songs_stay_on_sixteenths() -> None:
    for made in map(song, range(len(SONGS))):
        if not made.plan.genre.swing:
            assert (made.song.notes.start % 6 == 0).all()


def test_repeated_notes_leave_a_gap_that_a_roll_can_show() -> None:
    for made in map(song, range(3)):
        notes = made.song.notes
        follows = (notes.row[1:] == notes.row[:-1]) & (notes.start[1:] == notes.end[:-1])
        assert follows.mean() < 0.03


def test_velocities_vary_within_every_part() -> None:
    for made in map(song, range(5)):
        for index, name in enumerate(LPD5.names):
            velocities = made.song.notes.velocity[made.song.notes.instrument == index]
            assert name == made.plan.absent or velocities.std() > 3


def test_the_corpus_has_many_keys_tempi_and_both_modes() -> None:
    corpus = [song(number) for number in range(len(SONGS))]
    assert len({made.plan.tonic for made in corpus}) >= 5
    assert len({made.plan.tempo for made in corpus}) >= 10
    assert {made.plan.mode for made in corpus} == {"major", "minor"}
    assert any(len(made.song.tempo) > 1 for made in corpus)


def test_the_same_seed_composes_the_same_song_and_another_seed_another() -> None:
    again, other = compose("rock", 1, seed=0), compose("rock", 1, seed=1)
    assert again.song == song(1).song
    assert other.song.notes != song(1).song.notes
