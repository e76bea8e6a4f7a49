"""Charts read from songs."""

from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.chart_reading import (
    explained_share,
    find_key,
    half_bar_edges,
    pitch_class_cells,
    read_chart,
    read_labels,
)
from pianoroll_vae.music.chord_labels import CHORD_TONES, NO_CHORD, roots
from pianoroll_vae.music.key import parse_key
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.transposition import transpose_song

STEPS_PER_BEAT = 4
DRUMS = LPD5.index("drums")

VERSE = "| C | Am | F | G7 | C | Am | Dm7 | G |"
CHORUS = "| F | G | Em | Am | F | G F | C | C |"
FORM = f"[A]\n{VERSE}\n[B]\n{CHORUS}\n[A]\n[B]\n"


def song_of(text: str, seed: int = 0, beats_per_bar: int = 4, meter: tuple[int, int] = (4, 4)) -> Song:
    """A song that plays a chart: chords held by the piano, their tones in the guitar, roots in the bass, drums that
    differ from section to section, and a guitar that plays in every second one."""
    chart, _ = parse_chart(text)
    rng = np.random.default_rng(seed)
    edges = [0]
    first_half = -(-beats_per_bar // 2)
    for _ in range(chart.bars):
        edges += [edges[-1] + first_half * STEPS_PER_BEAT, edges[-1] + beats_per_bar * STEPS_PER_BEAT]
    notes: list[tuple[int, int, int, int, int]] = []
    sections = np.repeat([ord(s.name[0]) for s in chart.sections], [s.bars for s in chart.sections])
    for half, label in enumerate(chart.chords.ravel().tolist()):
        start, length = edges[half], edges[half + 1] - edges[half]
        notes.append((DRUMS, 36 + int(sections[half // 2]) % 7, start, 1, 90))
        if label == NO_CHORD:
            continue
        tones = np.flatnonzero(CHORD_TONES[label])
        notes += [(LPD5.index("piano"), 60 + int(tone), start, length, 80) for tone in tones]
        notes.append((LPD5.index("bass"), 36 + int(roots(np.array([label]))[0]), start, length, 90))
        if sections[half // 2] % 2 == 0:
            notes += [(LPD5.index("guitar"), 48 + int(rng.choice(tones)), start + at, 1, 80) for at in range(length)]
    columns = zip(*notes, strict=True)
    meters = ((0, *meter),)
    return Song(LPD5, Notes.tidy(*map(list, columns)), edges[-1], STEPS_PER_BEAT, meters=meters, tempo=((0, 100.0),))


def test_a_song_that_plays_a_chart_is_read_as_that_chart() -> None:
    chart, _ = parse_chart(FORM)
    found = read_chart(song_of(FORM))
    assert np.array_equal(found.chords, chart.chords)
    assert [section.name for section in found.sections] == ["A", "B", "A", "B"]
    assert [section.bars for section in found.sections] == [8, 8, 8, 8]
    assert [section.returns_to for section in found.sections] == [None, None, 0, 1]
    assert str(found.key) == "C major"
    assert found.tempo == 100


@pytest.mark.parametrize("semitones", [1, 6, 11])
def test_a_transposed_song_has_the_transposed_chart(semitones: int) -> None:
    song = song_of(str(parse_chart(FORM)[0].transposed(semitones)))
    assert np.array_equal(read_chart(song).chords, parse_chart(FORM)[0].transposed(semitones).chords)


def test_three_four_has_a_longer_first_half() -> None:
    text = "{time: 3/4}\n| C | F G | Am | G |"
    song = song_of(text, beats_per_bar=3, meter=(3, 4))
    assert half_bar_edges(song)[:5].tolist() == [0, 8, 12, 20, 24]
    found = read_chart(song)
    assert found.meter == (3, 4)
    assert np.array_equal(found.chords, parse_chart(text)[0].chords)


def test_every_sounding_cell_of_such_a_song_is_explained() -> None:
    song = song_of(FORM)
    cells = pitch_class_cells(song, half_bar_edges(song))
    assert explained_share(cells, read_chart(song).chords.ravel()) == 1


def test_half_bars_without_pitched_notes_have_no_chord() -> None:
    found = read_chart(song_of("| C | N.C. | C | C |"))
    assert found.symbols() == ["C", "C", "N.C.", "N.C.", "C", "C", "C", "C"]


@pytest.mark.parametrize("steps", [0, 1, 7, 64])
def test_a_song_without_notes_has_a_chart_without_chords(steps: int) -> None:
    chart = read_chart(Song(LPD5, Notes.empty(), steps, STEPS_PER_BEAT))
    assert chart.bars == -(-steps // 16)
    assert (chart.chords == NO_CHORD).all()
    assert sum(section.bars for section in chart.sections) == chart.bars
    assert chart.key is None


def test_sections_cover_the_song_and_return_to_first_sections_of_their_name() -> None:
    rng = np.random.default_rng(1)
    symbols = [str(rng.choice(["C", "F", "G", "Am", "Dm", "E7"])) for _ in range(75)]
    found = read_chart(song_of("|" + "|".join(symbols) + "|"))
    assert sum(section.bars for section in found.sections) == 75
    assert max(section.bars for section in found.sections) <= 16
    first: dict[str, int] = {}
    for place, section in enumerate(found.sections):
        assert section.returns_to == first.get(section.name)
        first.setdefault(section.name, place)


def test_labels_alone_are_the_chords_of_the_chart() -> None:
    song = song_of(FORM)
    assert np.array_equal(read_labels(song), read_chart(song).chords.ravel())


def test_notes_over_several_half_bars_sound_in_each_and_stop_at_the_songs_end() -> None:
    piano, drums = LPD5.index("piano"), DRUMS
    notes = Notes.tidy([piano, piano, piano, drums], [60, 64, 67, 36], [4, 8, 40, 0], [17, 99, 4, 30], [80] * 4)
    song = Song(LPD5, notes, 30, STEPS_PER_BEAT)
    cells = pitch_class_cells(song, half_bar_edges(song))
    assert cells[piano, :, 0].tolist() == [4, 8, 5, 0]
    assert cells[piano, :, 4].tolist() == [0, 8, 8, 6]
    assert cells.sum() == 4 + 8 + 5 + 8 + 8 + 6


def test_half_bars_stay_in_order_where_a_meter_change_cuts_a_bar_short() -> None:
    song = Song(LPD5, Notes.empty(), 22, STEPS_PER_BEAT, meters=((0, 4, 4), (6, 4, 4)))
    assert half_bar_edges(song).tolist() == [0, 6, 6, 14, 22]


LOOP = "[A]\n| Am | F | C | G |\n| Am | F | C | G |\n| Am | F | C | Am |\n"
"""In A minor, by its first and last chord; its notes fit C major better."""

IN_MAJOR = "[A]\n| C | G | Am | F |\n| C | G | F | C |\n"


@pytest.mark.parametrize(
    ("text", "signature", "key"),
    [
        (LOOP, "A minor", "A minor"),
        (LOOP, "C major", "A minor"),
        (LOOP, None, "A minor"),
        (LOOP, "E major", "A minor"),
        (LOOP, "E minor", "A minor"),
        (IN_MAJOR, "C major", "C major"),
        (IN_MAJOR, "A minor", "A minor"),
        (IN_MAJOR, None, "C major"),
        (IN_MAJOR, "Eb major", "C major"),
    ],
)
def test_a_key_signature_counts_unless_the_notes_are_in_another_scale_and_chords_tell_major_from_minor(
    text: str, signature: str | None, key: str
) -> None:
    song = replace(song_of(text), key_signature=parse_key(signature) if signature else None)
    assert str(read_chart(song).key) == key
    assert find_key(song) == read_chart(song).key
    moved = transpose_song(song, 3)
    assert find_key(moved) == parse_key(key).transposed(3)


def test_a_song_without_pitched_notes_has_no_key() -> None:
    song = song_of(LOOP)
    drums = replace(song, notes=song.notes[song.notes.instrument == DRUMS], key_signature=parse_key("A minor"))
    assert find_key(drums) is None


def test_a_scale_that_a_file_names_counts_where_the_notes_are_in_it() -> None:
    song = song_of("[A]\n| Dm | G | Dm | Am |\n| Dm | G | C | Dm |\n")
    for name, key in (("D dorian", "D dorian"), ("G mixolydian", "G mixolydian"), ("D phrygian", "D minor")):
        named = replace(song, key_signature=parse_key(name))
        assert str(find_key(named)) == key
        assert SourceMidi.from_bytes(midi_bytes(named)).song.key_signature == parse_key(name)
    assert str(find_key(song)) == "D minor"
