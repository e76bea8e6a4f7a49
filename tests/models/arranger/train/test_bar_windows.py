"""Windows of bars that the priors are trained on."""

import numpy as np
import torch

from pianoroll_vae.models.arranger.parameters import WROTE_NEW
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, REST, tokenize, writing_order
from pianoroll_vae.models.arranger.train.bar_windows import bars_before, cut_bar_windows, repeat_distance
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from tests.small_arranger import DRUMS, loops, small_vae


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
    songs = [loops(40, 1, kinds=2), loops(6, 2)]
    stream = tokenize(songs, writing_order(LPD5))
    batch = cut_bar_windows(
        small_vae().encoder, stream, np.array([20, 43]), 10, np.array([2, 0]), DRUMS, torch.device("cpu")
    )
    assert batch.in_song[0].tolist() == [bar >= 0 for bar in range(20 - MEMORY_BARS, 30)]
    assert batch.in_song[1].tolist() == [40 <= bar < 46 for bar in range(43 - MEMORY_BARS, 53)]
    played = stream.source.reshape(-1, 5)
    for place, bar in enumerate(range(20, 30)):
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
