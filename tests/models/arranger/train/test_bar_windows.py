"""Windows of bars that the priors are trained on."""

import numpy as np
import torch

from pianoroll_vae.models.arranger.parameters import WROTE_NEW
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, REST, tokenize, writing_order
from pianoroll_vae.models.arranger.train.bar_windows import (
    BarWindow,
    bars_before,
    corrupt_history,
    cut_bar_windows,
    repeat_distance,
)
from pianoroll_vae.models.arranger.traits import transposed_traits
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from pianoroll_vae.music.chord_labels import NO_CHORD, transpose_labels
from tests.small_arranger import DRUMS, charted, loops, small_vae

CPU = torch.device("cpu")
SONGS = [charted(loops(40, 1, kinds=2), 1), charted(loops(6, 2), 2)]
STREAM = tokenize(SONGS, writing_order(LPD5))


def windows(starts: list[int], bars: int, semitones: list[int]) -> BarWindow:
    song = np.searchsorted(STREAM.song_starts, starts, side="right") - 1
    conditions = STREAM.conditions[song]
    return cut_bar_windows(
        small_vae().encoder, STREAM, np.array(starts), bars, np.array(semitones), DRUMS, conditions, CPU
    )


def test_the_repeat_distance_is_to_where_a_bar_was_played_last() -> None:
    source = np.array([[[7], [SILENT], [7], [8], [7], [8], [SILENT]]])
    assert repeat_distance(source, 4)[0, :, 0].tolist() == [0, 0, 2, 0, 2, 2, 0]
    assert repeat_distance(source, 1)[0, :, 0].tolist() == [0] * 7


def test_the_bars_before_are_those_before_each_bar_the_latest_first() -> None:
    cells = torch.arange(MEMORY_BARS + 5)[None]
    found = bars_before(cells)
    assert found.shape == (1, 4, MEMORY_BARS)
    for bar in range(1, 5):
        here = MEMORY_BARS + bar
        assert found[0, bar - 1].tolist() == list(range(here - 1, here - 1 - MEMORY_BARS, -1))


def test_bar_windows_have_kinds_actions_and_embeddings_of_their_bars() -> None:
    batch = windows([20, 43], 10, [2, 0])
    assert batch.in_song[0].tolist() == [bar >= 0 for bar in range(19 - MEMORY_BARS, 29)]
    assert batch.in_song[1].tolist() == [40 <= bar < 46 for bar in range(42 - MEMORY_BARS, 52)]
    played = STREAM.source.reshape(-1, 5)
    for place, bar in enumerate(range(19, 29)):
        at = MEMORY_BARS + place
        assert int(batch.bar[0, at]) == bar
        for instrument in range(5):
            cell = played[bar, instrument]
            kind = REST if cell == SILENT else NEW if cell == bar * 5 + instrument else REPEAT
            assert int(batch.kind[0, at, instrument]) == kind
            last = [
                back for back in range(1, MEMORY_BARS + 1) if bar >= back and played[bar - back, instrument] == cell
            ]
            assert (
                int(batch.action[0, at, instrument]) == {REST: 0, NEW: WROTE_NEW, REPEAT: last[0] if last else -1}[kind]
            )
            assert bool(batch.content[0, at, instrument].any()) == (kind != REST)
    outside = ~batch.in_song[1]
    assert not batch.content[1, outside].any()
    assert (batch.source[1, outside] == SILENT).all()


def test_bar_windows_have_chords_form_and_players_of_their_bars() -> None:
    batch = windows([20, 43], 10, [2, 0])
    for row, (song, start, semitones) in enumerate(((SONGS[0], 19, 2), (SONGS[1], 2, 0))):
        for place in range(MEMORY_BARS + 10):
            bar = start - MEMORY_BARS + place
            inside = 0 <= bar < len(song.bars)
            assert bool(batch.in_song[row, place]) == inside
            if not inside:
                assert (batch.chords[row, place] == NO_CHORD).all()
                assert not batch.form[row, place]
                assert not batch.active[row, place].any()
                continue
            chords = transpose_labels(song.chords[bar], semitones)
            assert batch.chords[row, place].tolist() == chords.tolist()
            assert int(batch.form[row, place]) == song.blocks.form[bar // 4]
            assert int(batch.block_bar[row, place]) == bar % 4
            assert batch.active[row, place].tolist() == song.blocks.active[bar // 4].tolist()
        assert batch.genres[row].tolist() == song.conditions.genres.tolist()
        assert int(batch.tempo[row]) == int(song.conditions.tempo)
        moved = transposed_traits(song.conditions.traits[None], np.array([semitones]), DRUMS)
        assert batch.traits[row].tolist() == moved[0].tolist()


def test_a_window_that_begins_with_a_song_has_a_silent_bar_before_it() -> None:
    batch = windows([40], 5, [0])
    assert batch.in_song[0, MEMORY_BARS:].tolist() == [False, True, True, True, True]
    assert not batch.content[0, : MEMORY_BARS + 1].any()
    assert batch.bar[0, MEMORY_BARS:].tolist() == [0, 0, 1, 2, 3]


def test_a_corrupted_history_has_other_bars_of_the_same_instrument_and_nothing_else_changes() -> None:
    batch = windows([20, 10], 30, [0, 0])
    corrupted = corrupt_history(batch, 0.5, np.random.default_rng(0))
    for name in ("content", "mean", "source", "action"):
        assert getattr(corrupted, name) is getattr(batch, name)
    changed = (corrupted.history != batch.history).any(-1)
    sounding = batch.source != SILENT
    assert not changed[~sounding].any()
    assert 0.05 < changed[sounding].float().mean() < 0.5
    for window, bar, instrument in changed.nonzero().tolist():
        own = batch.content[window, :, instrument]
        assert (corrupted.history[window, bar, instrument] == own).all(-1).any()
