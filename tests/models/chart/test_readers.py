"""One song alone, many side by side, and a whole stretch in training: the decoder answers the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pianoroll_vae.models.chart import networks
from pianoroll_vae.models.chart.readers import Reader, reader_of
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


QUESTIONS = tuple(
    NextNote(who, None, *known) for who in range(len(LPD5)) for known in ((None, None), (5, None), (5, 61))
)


def said(reader: Reader, row: int, made: object) -> torch.Tensor:
    """All that a reader answers of what it has made of a token."""
    found = [reader.next_note({row: replace(asked, hidden=made)})[row] for asked in QUESTIONS]
    parts = [part for each in found for part in (each if isinstance(each, tuple) else (each,))]
    return torch.cat([torch.as_tensor(part) for part in parts])


def said_at_once(x: torch.Tensor) -> torch.Tensor:
    """The training's answers of x (width,)."""
    parts = []
    for asked in QUESTIONS:
        answers = networks.Answers(W, x[None], torch.tensor([asked.who]))
        place, pitch = (None if part is None else torch.tensor([part]) for part in (asked.place, asked.pitch))
        if place is None:
            parts.append(answers.places())
        elif pitch is None:
            parts.append(answers.pitches(answers.hidden(), place))
        else:
            parts += answers.lengths_and_velocities(answers.hidden(), place, pitch)
    return torch.cat([part[0] for part in parts])


@pytest.mark.parametrize("rows", [1, 2])
@torch.inference_mode()
def test_told_token_by_token_the_decoder_makes_of_a_song_what_it_makes_of_a_stretch(rows: int) -> None:
    songs = [tokens_of(STREAM, song) for song in range(rows)]
    count = min(map(len, songs))
    reader, found = reader_of(WIDE, W, rows), []
    for i in range(count):
        found.append(reader.show({row: songs[row][i : i + 1] for row in range(rows)}))
    for row in range(rows):
        mine = torch.stack([said(reader, row, step[row]) for step in found])
        theirs = torch.stack([said_at_once(x) for x in shown_at_once(row, count)])
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)


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
    theirs = said_at_once(shown_at_once(0, len(tokens))[-1])
    torch.testing.assert_close(said(reader, turn, found[turn]), theirs, rtol=1e-3, atol=1e-4)


@torch.inference_mode()
def test_a_song_that_is_longer_than_the_ring_is_read_to_its_end() -> None:
    tokens = tokens_of(STREAM, 0) * 3
    assert len(tokens) > 2 * SMALL_CHART.chart.tokens  # type: ignore[union-attr]
    for rows in (1, 2):
        found = reader_of(SMALL_CHART, W, rows).show({0: tokens})
        assert np.isfinite(np.asarray(found[0])).all()
