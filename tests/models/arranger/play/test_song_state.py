"""The networks beside one song answer what they answered in training, when they saw whole stretches at once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.parameters import ACTIONS
from pianoroll_vae.models.arranger.play.batch_decoder import (
    MOST_TOGETHER,
    BarRequest,
    BatchDecoder,
    SamplingParams,
    Song,
)
from pianoroll_vae.models.arranger.play.decoding import MOST_NOTES, answer, lengths_and_velocities, pitches
from pianoroll_vae.models.arranger.play.song_state import Networks, SongState
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, NOTE, REPEAT, REST, tokenize, writing_order
from pianoroll_vae.models.arranger.train import layers, prior, vae
from pianoroll_vae.models.arranger.train.windows import Written, window
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import BAR_STEPS, LENGTHS, VELOCITIES, BarNotes
from tests.small_arranger import DRUMS, SMALL_ARRANGER, loops, small_arranger_weights

WIDE = replace(SMALL_ARRANGER, arranger=replace(SMALL_ARRANGER.arranger, tokens=256))
"""Nothing that is written here leaves its ring."""

CLOSE = {"rtol": 3e-2, "atol": 3e-2}
"""Weights, and what was seen, have eight significant bits."""

VIEWS = {
    kind: {name: view[0] for name, view in small_arranger_weights(kind).views().items()}
    for kind in ("vae", "melody", "conditional")
}
W, ORDER = VIEWS["vae"], writing_order(LPD5)
ARRAYS = {kind: {name: view.numpy() for name, view in views.items()} for kind, views in VIEWS.items()}
NETWORKS = Networks(WIDE, *ARRAYS.values(), ORDER)
STREAM = tokenize([loops(3, 1)], ORDER)


def made_line_by_line() -> tuple[np.ndarray, torch.Tensor]:
    """The last token of each bar and instrument (cells,), and what the decoder makes of those (cells, width)."""
    state, scribe, found = SongState(NETWORKS), BatchDecoder(NETWORKS, 1), []

    def song() -> Song:
        for cell in STREAM.cell[STREAM.head[:-1]].tolist():
            instrument, kind = int(STREAM.instrument[STREAM.head[cell]]), int(STREAM.kind[STREAM.head[cell]])
            notes, bar = notes_of(int(STREAM.source[cell])), cell // STREAM.instruments
            content, mean = state.hear(instrument, notes) if len(notes) else (None, None)
            shape = mean if kind == NEW else None, content if kind == REPEAT else None
            yield BarRequest(
                instrument, bar, state.heading(instrument, kind, bar, *shape), notes if kind == NEW else None
            )
            found.append(torch.from_numpy(scribe.batch.x[0].copy()))

    for _ in scribe.write(iter([song()])):
        pass
    last = [np.flatnonzero(STREAM.cell == cell)[-1] for cell in STREAM.cell[STREAM.head[:-1]]]
    return np.array(last), torch.stack(found)


def written(networks: Networks, bars: Sequence[tuple[int, int, SamplingParams]]) -> list[BarNotes]:
    """The notes of new bars with latents drawn at random: who, bar and how each is to be written."""
    state, rng, found = SongState(networks), np.random.default_rng(0), []

    def song() -> Song:
        for instrument, bar, how in bars:
            latent = rng.standard_normal(4).astype(np.float32)
            found.append(
                (yield BarRequest(instrument, bar, state.heading(instrument, NEW, bar, latent=latent), how=how))
            )

    for _ in BatchDecoder(networks, 1).write(iter([song()])):
        pass
    return found


def notes_of(cell: int) -> np.ndarray:
    return STREAM.note[(STREAM.cell == cell) & (STREAM.kind == NOTE)]


def made_at_once() -> torch.Tensor:
    """(tokens, width): the training's way."""
    count = len(STREAM.kind)
    part = window(STREAM, np.array([0]), np.array([count]), count, np.array([0]), DRUMS)
    content = vae.hear(W, part.bars)
    mean, _ = vae.latents(W, content)
    return vae.read(W, WIDE.arranger, part, mean, content)[0]  # type: ignore[arg-type]


def test_told_line_by_line_the_decoder_makes_of_a_song_what_it_makes_of_a_stretch() -> None:
    last, mine = made_line_by_line()
    assert {REST, REPEAT, NEW, NOTE} == set(STREAM.kind.tolist())
    torch.testing.assert_close(layers.norm(mine, W["write.norm"]), made_at_once()[last], **CLOSE)


def test_it_says_of_the_next_note_what_the_training_said() -> None:
    x = torch.randn(1, 32, generator=torch.Generator().manual_seed(1))
    writer, output = NETWORKS.writer, np.empty((1, NETWORKS.writer.next.shape[1]), np.float32)
    answer(writer, x.numpy(), output)
    made = output[0]
    for instrument, place, pitch in ((0, 0, 60), (3, 15, 127), (4, 7, 0)):
        answers = vae.Answers(W, layers.norm(x, W["write.norm"]), torch.tensor([instrument]))
        at, which = torch.tensor([place]), torch.tensor([pitch])
        torch.testing.assert_close(torch.from_numpy(made[: BAR_STEPS + 1]), answers.places()[0], **CLOSE)
        high, long, loud = (np.empty(size, np.float32) for size in (128, len(LENGTHS), VELOCITIES))
        pitches(writer, made, instrument, place, high)
        lengths_and_velocities(writer, made, instrument, place, pitch, long, loud)
        lengths, velocities = answers.lengths_and_velocities(answers.hidden(), at, which)
        torch.testing.assert_close(torch.from_numpy(high), answers.pitches(answers.hidden(), at)[0], **CLOSE)
        torch.testing.assert_close(torch.from_numpy(long), lengths[0], **CLOSE)
        torch.testing.assert_close(torch.from_numpy(loud), velocities[0], **CLOSE)


def test_it_hears_in_a_bar_what_the_training_heard() -> None:
    for instrument in range(len(LPD5)):
        notes = notes_of(
            int(np.flatnonzero((STREAM.source >= 0) & (np.arange(len(STREAM.source)) % 5 == instrument))[0])
        )
        bar = torch.zeros(len(notes), dtype=torch.long)
        theirs = vae.hear(W, Written(torch.from_numpy(notes.astype(np.int64)), bar, torch.tensor([instrument])))
        content, mean = SongState(NETWORKS).hear(instrument, notes)
        torch.testing.assert_close(torch.from_numpy(content), theirs[0], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(torch.from_numpy(mean), vae.latents(W, theirs)[0][0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("empty", [True, False])
def test_it_decides_after_each_bar_as_it_did_when_it_saw_all_of_them(empty: bool) -> None:
    rng = np.random.default_rng(3)
    bars, content_size = 6, SMALL_ARRANGER.arranger.content  # type: ignore[union-attr]
    content = rng.standard_normal((bars, 5, content_size)).astype(np.float32)
    action = rng.integers(0, ACTIONS, (bars, 5))
    mine = rng.standard_normal((MEMORY_BARS, content_size)).astype(np.float32)
    there = np.zeros(MEMORY_BARS, bool) if empty else np.arange(MEMORY_BARS) % 2 == 0
    state = SongState(NETWORKS)
    for bar in range(bars):
        state.look_back(bar, content[bar], action[bar])
    for instrument in range(5):
        kind = "melody" if instrument == ORDER[0] else "conditional"
        planner = 0 if instrument == ORDER[0] else ORDER[1:].index(instrument)
        tensors = [torch.from_numpy(part) for part in (content, action)]
        past = prior.look_back(VIEWS[kind], WIDE, tensors[0][None], tensors[1][None], torch.arange(bars)[None])[0, -1]
        torch.testing.assert_close(torch.from_numpy(state.past[kind == "conditional"]), past, **CLOSE)
        rest = [torch.from_numpy(part) for part in (mine, there)]
        theirs = prior.decide(VIEWS[kind], WIDE, planner, past, tensors[0][0], tensors[1][0], *rest)
        output = state.decide(instrument, content[0], action[0], mine, there)
        for name, part in output._asdict().items():
            torch.testing.assert_close(torch.from_numpy(np.asarray(part)), getattr(theirs, name), **CLOSE)


def test_it_hears_many_bars_as_it_hears_each() -> None:
    bars = [notes_of(cell) for cell in np.flatnonzero(STREAM.source == np.arange(len(STREAM.source)))[:6]]
    instrument = np.arange(6) % 5
    content, mean = NETWORKS.hear(np.concatenate(bars), np.array([len(bar) for bar in bars]), instrument)
    for bar, notes in enumerate(bars):
        alone = SongState(NETWORKS).hear(int(instrument[bar]), notes)
        assert content[bar] == pytest.approx(alone[0], abs=1e-5)
        assert mean[bar] == pytest.approx(alone[1], abs=1e-5)


def test_notes_are_in_order_few_at_once_and_not_too_many() -> None:
    rng = np.random.default_rng(0)
    asked = [
        (bar % 5, bar, SamplingParams(1.5, 8.0, bool(DRUMS[bar % 5]), rng.random((MOST_NOTES, 5)))) for bar in range(40)
    ]
    for (instrument, _, _), notes in zip(
        asked, written(Networks(SMALL_ARRANGER, *ARRAYS.values(), ORDER), asked), strict=True
    ):
        order = notes[:, 0].astype(int) * 128 + notes[:, 1]
        assert 0 < len(notes) <= MOST_NOTES
        assert (np.diff(order) > 0).all()
        assert np.bincount(notes[:, 0]).max() <= MOST_TOGETHER
        assert not (DRUMS[instrument] and notes[:, 2].any())
        assert (notes < [BAR_STEPS, 128, len(LENGTHS), VELOCITIES]).all()


def test_whoever_follows_a_guide_to_the_letter_writes_it() -> None:
    guide = np.array([(0, 40, 3, 4), (0, 45, 3, 4), (6, 40, 1, 2), (15, 127, 0, 7)], np.uint8)
    draws = np.random.default_rng(0).random((MOST_NOTES, 5))
    (notes,) = written(NETWORKS, [(0, 0, SamplingParams(1.0, 8.0, False, draws, guide, 1.0))])
    assert np.array_equal(notes, guide)


def test_a_bar_that_is_fuller_than_usual_ends_sooner() -> None:
    def notes_a_bar(usual: float) -> float:
        rng = np.random.default_rng(0)
        asked = [(0, bar, SamplingParams(1.0, usual, False, rng.random((MOST_NOTES, 5)))) for bar in range(150)]
        return sum(map(len, written(Networks(SMALL_ARRANGER, *ARRAYS.values(), ORDER), asked))) / 150

    assert notes_a_bar(0.5) < 0.8 * notes_a_bar(MOST_NOTES)


def test_a_given_bar_of_more_notes_than_a_page_holds_is_read_to_its_end() -> None:
    many = np.array([(n // 16, 30 + n % 16, 0, 3) for n in range(2 * MOST_NOTES + 5)], np.uint8)
    scribe, state, got = BatchDecoder(NETWORKS, 1), SongState(NETWORKS), []

    def song() -> Song:
        got.append((yield BarRequest(2, 0, state.heading(2, NEW, 0, latent=np.zeros(4, np.float32)), many)))
        got.append(scribe.batch.kv_cache.tokens.copy())

    for _ in scribe.write(iter([song()])):
        pass
    assert got[1].tolist() == [1 + len(many)]
