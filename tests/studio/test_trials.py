"""Blind comparisons: excerpts that show nothing of their origin, votes that are kept, and the score."""

from pathlib import Path

import pytest

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.trials import (
    EXCERPT_BARS,
    Origin,
    Trials,
    Vote,
    binomial_p_value,
    excerpt,
    is_comparable,
    score,
)
from tests.midi_files import midi_file

ORIGINS = {"real": Origin("A Sketch"), "generated": Origin("New song", "vaemusic generate --seed 1")}


def trials(tmp_path: Path) -> Trials:
    made = Trials(tmp_path / "trials")
    songs = [SourceMidi.read(midi_file(tmp_path / f"{seed}.mid", beats=96, seed=seed)).song for seed in (1, 2)]
    assert made.add(songs[0], songs[1], ORIGINS) == 1
    return made


def test_both_excerpts_have_the_bands_programs_and_no_name(tmp_path: Path) -> None:
    made = trials(tmp_path)
    read = [SourceMidi.read(made.path(1, side)) for side in ("a", "b")]
    assert [midi.programs for midi in read] == [{"piano": 0, "guitar": 24, "bass": 32}] * 2
    assert [midi.song.name for midi in read] == ["", ""]
    assert all(4 * EXCERPT_BARS - 4 < midi.song.beats <= 4 * EXCERPT_BARS for midi in read)


def test_an_excerpt_is_of_the_middle_bars(tmp_path: Path) -> None:
    song = SourceMidi.read(midi_file(tmp_path / "song.mid", beats=128)).song
    assert is_comparable(song)
    assert excerpt(song).tempo[0][1] == pytest.approx(97, abs=0.01)
    short = SourceMidi.read(midi_file(tmp_path / "short.mid", beats=32)).song
    assert not is_comparable(short)


def test_a_vote_shows_the_origins_and_is_kept_once(tmp_path: Path) -> None:
    made = trials(tmp_path)
    vote = made.vote(1, "a", "a")
    assert (vote.better == "real") == vote.correct
    assert (vote.real, vote.generated) == ("A Sketch", "vaemusic generate --seed 1")
    with (tmp_path / "trials" / "votes.jsonl").open("a") as file:
        file.write('{"torn')
    assert Trials(tmp_path / "trials").votes() == [vote]
    with pytest.raises(SettingInvalid, match="have voted") as error:
        made.vote(1, "b", "a")
    assert error.value.hint == "Ask for two others."
    with pytest.raises(NothingFound, match="no trial 9"):
        made.vote(9, "a", "a")


def test_the_score_counts_decided_votes_and_their_chance() -> None:
    votes = [Vote(n, better, n < 8, "", "") for n, better in enumerate(["generated"] * 7 + ["real", "same"])]
    assert score(votes) == {
        "votes": 9,
        "same": 1,
        "preferred": 7,
        "decided": 8,
        "preferred_p": 18 / 256,
        "recognised": 8,
        "recognised_p": 20 / 512,
    }
    assert binomial_p_value(5, 10) == 1 and binomial_p_value(0, 0) == 1
