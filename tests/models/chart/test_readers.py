"""One song alone, many side by side, and a whole stretch in training: the decoder answers the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pianoroll_vae.models.chart import networks
from pianoroll_vae.models.chart.readers import ManyReader, reader_of
from pianoroll_vae.models.chart.stream import NEW, NOTE, Stream, stream_of, writing_order
from pianoroll_vae.models.chart.windows import window, written
from pianoroll_vae.models.chart.writing import NextNote, Token
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from tests.small_chart import DRUMS, SMALL_CHART, loops, small_chart_weights

WIDE = replace(SMALL_CHART, chart=replace(SMALL_CHART.chart, tokens=256))
"""Nothing that is written here leaves its ring."""

W = {name: view[0] for name, view in small_chart_weights("vae").views().items()}
STREAM = stream_of([loops(3, 1), loops(3, 2)], writing_order(LPD5))


def tokens_of(stream: Stream, song: int) -> list[Token]:
    """What a song's writer would have told the decoder."""
    first, last = stream.start_of(stream.song_bar[song : song + 2])
    told = []
    for i in range(int(first), int(last)):
        who, says, time = int(stream.who[i]), int(stream.says[i]), int(stream.time[i])
        source = int(stream.source[stream.cell[i]])
        if says == NOTE:
            told.append(Token(who, says, time, tuple(stream.note[i].tolist())))
        elif source == SILENT:
            told.append(Token(who, says, time))
        else:
            content, mean = heard(stream, source)
            new = says == NEW
            told.append(Token(who, says, time, latent=mean if new else None, content=None if new else content))
    return told


def heard(stream: Stream, cell: int) -> tuple[np.ndarray, np.ndarray]:
    content = networks.hear(W, written(stream, np.array([cell]), np.array([0])))
    return content[0].numpy(), networks.latents(W, content)[0][0].numpy()


def shown_at_once(song: int, count: int) -> torch.Tensor:
    """(count, width): the training's way."""
    first, last = STREAM.start_of(STREAM.song_bar[song : song + 2])
    part = window(STREAM, np.array([first]), np.array([last]), count, np.array([0]), DRUMS)
    content = networks.hear(W, part.bars)
    mean, _ = networks.latents(W, content)
    return networks.read(W, WIDE.chart, part, mean, content)[0]


@pytest.mark.parametrize("rows", [1, 2])
@torch.inference_mode()
def test_told_token_by_token_the_decoder_makes_of_a_song_what_it_makes_of_a_stretch(rows: int) -> None:
    songs = [tokens_of(STREAM, song) for song in range(rows)]
    count = min(map(len, songs))
    reader, found = reader_of(WIDE, W, rows), []
    for i in range(count):
        found.append(reader.show({row: songs[row][i : i + 1] for row in range(rows)}))
    for row in range(rows):
        mine = torch.stack([torch.as_tensor(step[row]) for step in found])
        torch.testing.assert_close(mine, shown_at_once(row, count), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rows", [1, 3])
@torch.inference_mode()
def test_told_in_heaps_of_any_size_it_makes_the_same_of_the_last_token(rows: int) -> None:
    tokens = tokens_of(STREAM, 0)
    reader = reader_of(WIDE, W, rows)
    turn = rows - 1
    reader.show({turn: tokens[:7]})
    if rows > 1:
        reader.show({0: tokens[:20]})
    found = reader.show({turn: tokens[7:]})
    torch.testing.assert_close(torch.as_tensor(found[turn]), shown_at_once(0, len(tokens))[-1], rtol=1e-3, atol=1e-4)


@torch.inference_mode()
def test_one_song_alone_is_answered_as_among_others() -> None:
    hidden = shown_at_once(0, 20)[-1]
    for who in range(len(LPD5)):
        asked = NextNote(who, hidden), NextNote(who, hidden, 5), NextNote(who, hidden, 5, 61)
        alone = [reader_of(WIDE, W, 1).next_note({0: replace(each, hidden=hidden.numpy())})[0] for each in asked]
        together = ManyReader(WIDE, W, 3, torch.float32).next_note(dict(enumerate(asked)))
        for mine, theirs in zip(alone[:2], (together[0], together[1]), strict=True):
            assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-4)
        for mine, theirs in zip(alone[2], together[2], strict=True):
            assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-4)


@torch.inference_mode()
def test_a_song_that_is_longer_than_the_ring_is_read_to_its_end() -> None:
    tokens = tokens_of(STREAM, 0) * 3
    assert len(tokens) > 2 * SMALL_CHART.chart.tokens  # type: ignore[union-attr]
    for rows in (1, 2):
        found = reader_of(SMALL_CHART, W, rows).show({0: tokens})
        assert np.isfinite(np.asarray(found[0])).all()
