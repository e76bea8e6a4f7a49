"""What a band is asked for and what it plays, measured on songs that do it and on songs that do not."""

from collections.abc import Mapping

import numpy as np
import pytest

from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.listen import following
from pianoroll_vae.listen.following import BARS, FollowingScore, measure_following, songs_to_measure
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import SilentWatch
from tests.small_arranger import DRUMS, loops, small_arranger_workspace

C_MAJOR, C_ROOT = (48, 52, 55), 36
STEPS_PER_BAR = 16


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Ensemble:
    return load_ensemble(small_arranger_workspace(tmp_path_factory.mktemp("band")))


@pytest.fixture
def one_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """One progression and one key, of one song each: so that a test is soon done."""
    for name, value in {"PROGRESSIONS": ("C",), "KEYS": ("C major",), "DENSITIES": ("low",)}.items():
        monkeypatch.setattr(following, name, value)
    for name in ("SONGS_A_PROGRESSION", "SONGS_A_KEY", "SONGS_A_DENSITY"):
        monkeypatch.setattr(following, name, 1)


def always_c_major(
    seed: int, *, chords: str | None = None, key: str | None = None, density: Mapping[str, str] | None = None
) -> Song:
    """Every bar is a C major triad of the piano over a C of the bass."""
    bars = np.arange(BARS) * STEPS_PER_BAR
    notes = [(0, pitch, start) for start in bars for pitch in C_MAJOR] + [(2, C_ROOT, start) for start in bars]
    instrument, pitch, start = np.array(notes).T
    columns = instrument, pitch, start, np.full(len(notes), STEPS_PER_BAR), np.full(len(notes), 90)
    return Song(LPD5, Notes.tidy(*columns), BARS * STEPS_PER_BAR, 4)


def real_song(seed: int) -> Song:
    bars = loops(24, seed)
    steps = int(bars.lines.edges[-1])
    return Song(LPD5, bars.to_notes().between(0, steps), steps, 12)


def measured(band: Ensemble) -> dict[tuple[str, str], FollowingScore]:
    with SilentWatch().task("", None, "songs") as task:
        rows = measure_following(band, [real_song(0), real_song(1)], always_c_major, task)
    return {(row.asked, row.measure): row for row in rows}


@pytest.mark.usefixtures("one_of_each")
def test_a_song_of_the_chords_and_the_key_that_are_asked_for_follows_wholly(band: Ensemble) -> None:
    rows = measured(band)
    for measure in (
        "cells in the chord",
        "bars in which the bass begins on the root",
        "half bars heard in the bass",
        "songs heard in the bass",
    ):
        assert rows["--chords", measure].band == 1
    assert rows["--key", "songs whose key is found to be it"].band == 1
    assert rows["--density", "piano low: notes a bar"].band == len(C_MAJOR)
    assert rows["--density", "strings low: notes a bar"].band is None


@pytest.mark.usefixtures("one_of_each")
def test_a_song_of_other_chords_and_another_key_does_not_follow(
    band: Ensemble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PROGRESSIONS", ("F#",))
    monkeypatch.setattr(following, "KEYS", ("F# major",))
    rows = measured(band)
    assert rows["--chords", "cells in the chord"].band == 0
    assert rows["--chords", "songs heard in the bass"].band == 0
    assert rows["--key", "songs whose key is found to be it"].band == 0


@pytest.mark.usefixtures("one_of_each")
def test_what_is_added_to_real_songs_is_measured_beside_their_own_parts(band: Ensemble) -> None:
    rows = measured(band)
    pitched = [name for name, drums in zip(LPD5.names, DRUMS, strict=True) if not drums and name != "piano"]
    accompanied = [row for (asked, _), row in rows.items() if asked.startswith("accompany")]
    assert [row.measure for row in accompanied] == [
        *(f"{name} in the others' triads" for name in pitched),
        "silent parts",
    ]
    filled = rows["vary --noise 1.5 --bars 9-16", "notes shared with the bar that follows"]
    for row in (*accompanied[:-1], filled):
        assert row.songs == 2
        assert row.band is not None and 0 < row.band < 1
        assert row.real is not None and 0 < row.real < 1


def test_no_more_songs_are_written_than_are_announced(band: Ensemble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PROGRESSIONS", ("C", "F"))
    monkeypatch.setattr(following, "KEYS", ("C major",))
    written = 0

    class Count:
        def advance(self, n: int = 1) -> None:
            nonlocal written
            written += n

    measure_following(band, [real_song(0)], always_c_major, Count())
    assert 0 < written <= songs_to_measure(band, 1)
