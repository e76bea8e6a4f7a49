"""The networks bar by bar and note by note compute what they compute in training, of whole windows at once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.parameters import ACTIONS
from pianoroll_vae.models.arranger.play.batch_decoder import BarRequest, BatchDecoder, SamplingParams, SongBars
from pianoroll_vae.models.arranger.play.decoding import decoder_outputs, length_and_velocity_logits, pitch_logits
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.play.weights import PlayWeights
from pianoroll_vae.models.arranger.sampling import MAX_CHORD, MAX_NOTES, UNIFORMS
from pianoroll_vae.models.arranger.tokens import END, MEMORY_BARS, NEW, NOTE, REPEAT, REST, tokenize, writing_order
from pianoroll_vae.models.arranger.train.windows import EncoderBars, cut_windows
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES, BarNotes
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR
from tests.small_arranger import DRUMS, SMALL_ARRANGER, loops, small_prior, small_vae

SIZES = replace(SMALL_ARRANGER.arranger, context_tokens=256)
"""Its KV cache drops nothing here."""

WIDE = replace(SMALL_ARRANGER, arranger=SIZES)

TOLERANCE = 3e-2
"""Weights and the KV cache have eight significant bits."""


TRAINED, PRIORS, ORDER = small_vae(), (small_prior("melody"), small_prior("conditional")), writing_order(LPD5)
VAE, MELODY, CONDITIONAL = (
    {name: weight.numpy() for name, weight in network.state_dict().items()} for network in (TRAINED, *PRIORS)
)
WEIGHTS, SMALL_WEIGHTS = (PlayWeights(recipe, VAE, MELODY, CONDITIONAL, ORDER) for recipe in (WIDE, SMALL_ARRANGER))
STREAM = tokenize([loops(3, 1)], ORDER)


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def decode(weights: PlayWeights, song: SongBars) -> None:
    for _ in BatchDecoder(weights, 1).decode(iter([song])):
        pass


def read_bar_by_bar() -> tuple[np.ndarray, torch.Tensor]:
    """The last token of each bar and instrument (cells,), and the decoder's hidden states there (cells, width)."""
    state, decoder, found = SongState(WEIGHTS), BatchDecoder(WEIGHTS, 1), []

    def song() -> SongBars:
        for cell in STREAM.cell[STREAM.heading[:-1]].tolist():
            instrument, kind = int(STREAM.instrument[STREAM.heading[cell]]), int(STREAM.kind[STREAM.heading[cell]])
            notes, bar = notes_of(int(STREAM.source[cell])), cell // STREAM.instruments
            content, mean = state.encode(instrument, notes) if len(notes) else (None, None)
            made_from = mean if kind == NEW else None, content if kind == REPEAT else None
            heading = state.heading(instrument, kind, bar, *made_from)
            yield BarRequest(instrument, bar, heading, notes if kind == NEW else notes[:0])
            found.append(torch.from_numpy(decoder.batch.x[0].copy()))

    for _ in decoder.decode(iter([song()])):
        pass
    last = [np.flatnonzero(STREAM.cell == cell)[-1] for cell in STREAM.cell[STREAM.heading[:-1]]]
    return np.array(last), torch.stack(found)


def read_at_once() -> torch.Tensor:
    """Hidden states (tokens, width), as in training."""
    count = len(STREAM.kind)
    batch = cut_windows(STREAM, np.array([0]), np.array([count]), count, np.array([0]), DRUMS)
    content = TRAINED.encoder(batch.bars)
    mean, _ = TRAINED.encoder.posterior(content)
    hidden: torch.Tensor = TRAINED.decoder(batch, mean, content)[0]
    return hidden


def sampled(weights: PlayWeights, bars: Sequence[tuple[int, int, SamplingParams]]) -> list[BarNotes]:
    """The notes of new bars with random latents: instrument, bar and sampling parameters of each."""
    state, rng, found = SongState(weights), np.random.default_rng(0), []

    def song() -> SongBars:
        for instrument, bar, sampling in bars:
            heading = state.heading(instrument, NEW, bar, latent=rng.standard_normal(4).astype(np.float32))
            found.append((yield BarRequest(instrument, bar, heading, sampling=sampling)))

    decode(weights, song())
    return found


def notes_of(cell: int) -> BarNotes:
    notes: BarNotes = STREAM.note[(STREAM.cell == cell) & (STREAM.kind == NOTE)]
    return notes


def test_the_decoder_reads_a_song_bar_by_bar_as_it_reads_a_window() -> None:
    last, found = read_bar_by_bar()
    assert {REST, REPEAT, NEW, NOTE} == set(STREAM.kind.tolist())
    assert_close(TRAINED.decoder.norm(found), read_at_once()[last])


def test_the_logits_of_the_next_note_are_those_of_training() -> None:
    x = torch.randn(1, 32, generator=torch.Generator().manual_seed(1))
    decoder, outputs = WEIGHTS.decoder_weights, np.empty((1, WEIGHTS.decoder_weights.outputs.shape[1]), np.float32)
    decoder_outputs(decoder, x.numpy(), outputs)
    heads, normed = TRAINED.heads, TRAINED.decoder.norm(x)
    hidden = heads.hidden_states(normed)
    assert_close(torch.from_numpy(outputs[0, : END + 1]), heads.step_logits(normed)[0])
    for note in ((0, 0, 60), (3, 15, 127), (4, 7, 0)):
        instrument, step, pitch = note
        at_instrument, at_step, at_pitch = (torch.tensor([part]) for part in note)
        pitches, lengths, velocities = (np.empty(size, np.float32) for size in (128, len(LENGTHS), VELOCITIES))
        pitch_logits(decoder, outputs[0], instrument, step, pitches)
        length_and_velocity_logits(decoder, outputs[0], instrument, step, pitch, lengths, velocities)
        expected = heads.length_and_velocity_logits(hidden, at_instrument, at_step, at_pitch)
        assert_close(torch.from_numpy(pitches), heads.pitch_logits(hidden, at_instrument, at_step)[0])
        assert_close(torch.from_numpy(lengths), expected[0][0])
        assert_close(torch.from_numpy(velocities), expected[1][0])


def test_a_bar_is_encoded_as_in_training() -> None:
    new = STREAM.source == np.arange(len(STREAM.source))
    for instrument in range(len(LPD5)):
        notes = notes_of(int(np.flatnonzero(new & (np.arange(len(new)) % 5 == instrument))[0]))
        bar = torch.zeros(len(notes), dtype=torch.long)
        bars = EncoderBars(torch.from_numpy(notes.astype(np.int64)), bar, torch.tensor([instrument]))
        expected = TRAINED.encoder(bars)
        expected_mean, _ = TRAINED.encoder.posterior(expected)
        content, mean = SongState(WEIGHTS).encode(instrument, notes)
        torch.testing.assert_close(torch.from_numpy(content), expected[0], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(torch.from_numpy(mean), expected_mean[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("empty", [True, False])
def test_the_prior_bar_by_bar_is_that_of_training(empty: bool) -> None:
    rng = np.random.default_rng(3)
    bars, content_size = 6, SIZES.bar_width
    content = rng.standard_normal((bars, 5, content_size)).astype(np.float32)
    action = rng.integers(0, ACTIONS, (bars, 5))
    last_bars = rng.standard_normal((MEMORY_BARS, content_size)).astype(np.float32)
    played = np.zeros(MEMORY_BARS, bool) if empty else np.arange(MEMORY_BARS) % 2 == 0
    state = SongState(WEIGHTS)
    for bar in range(bars):
        state.append_bar(bar, content[bar], action[bar])
    all_content, all_action = torch.from_numpy(content), torch.from_numpy(action)
    for instrument in range(5):
        network, row = (0, 0) if instrument == ORDER[0] else (1, ORDER[1:].index(instrument))
        history = PRIORS[network].history(all_content[None], all_action[None], torch.arange(bars)[None])[0, -1]
        assert_close(torch.from_numpy(state.history[network]), history)
        rest = torch.from_numpy(last_bars), torch.from_numpy(played)
        expected = PRIORS[network].predict(row, history, all_content[0], all_action[0], *rest)
        output = state.predict(instrument, content[0], action[0], last_bars, played)
        for name, part in output._asdict().items():
            assert_close(torch.from_numpy(np.asarray(part)), getattr(expected, name))


def test_many_bars_are_encoded_as_each_alone() -> None:
    bars = [notes_of(cell) for cell in np.flatnonzero(STREAM.source == np.arange(len(STREAM.source)))[:6]]
    instrument = np.arange(6) % 5
    content, mean = WEIGHTS.encode(np.concatenate(bars), np.array([len(bar) for bar in bars]), instrument)
    for bar, notes in enumerate(bars):
        alone = SongState(WEIGHTS).encode(int(instrument[bar]), notes)
        assert content[bar] == pytest.approx(alone[0], abs=1e-5)
        assert mean[bar] == pytest.approx(alone[1], abs=1e-5)


def test_sampled_notes_are_in_order_in_range_and_within_the_limits() -> None:
    rng = np.random.default_rng(0)
    bars = [
        (bar % 5, bar, SamplingParams(1.5, 8.0, bool(DRUMS[bar % 5]), rng.random((MAX_NOTES, UNIFORMS))))
        for bar in range(40)
    ]
    for (instrument, _, _), notes in zip(bars, sampled(SMALL_WEIGHTS, bars), strict=True):
        order = notes[:, 0].astype(int) * 128 + notes[:, 1]
        assert 0 < len(notes) <= MAX_NOTES
        assert (np.diff(order) > 0).all()
        assert np.bincount(notes[:, 0]).max() <= MAX_CHORD
        assert not (DRUMS[instrument] and notes[:, 2].any())
        assert (notes < [SIXTEENTHS_PER_BAR, 128, len(LENGTHS), VELOCITIES]).all()


def test_with_guide_probability_1_the_guide_is_decoded() -> None:
    guide = np.array([(0, 40, 3, 4), (0, 45, 3, 4), (6, 40, 1, 2), (15, 127, 0, 7)], np.uint8)
    uniforms = np.random.default_rng(0).random((MAX_NOTES, UNIFORMS))
    (notes,) = sampled(WEIGHTS, [(0, 0, SamplingParams(1.0, 8.0, False, uniforms, guide, 1.0))])
    assert np.array_equal(notes, guide)


def test_bars_have_fewer_notes_where_the_mean_is_low() -> None:
    def notes_a_bar(mean_notes: float) -> float:
        rng = np.random.default_rng(0)
        sampling = [SamplingParams(1.0, mean_notes, False, rng.random((MAX_NOTES, UNIFORMS))) for _ in range(150)]
        return sum(map(len, sampled(SMALL_WEIGHTS, [(0, bar, params) for bar, params in enumerate(sampling)]))) / 150

    assert notes_a_bar(0.5) < 0.8 * notes_a_bar(MAX_NOTES)


def test_a_given_bar_of_more_notes_than_a_row_holds_is_read_to_its_end() -> None:
    many = np.array([(n // 16, 30 + n % 16, 0, 3) for n in range(2 * MAX_NOTES + 5)], np.uint8)
    decoder, state, token_counts = BatchDecoder(WEIGHTS, 1), SongState(WEIGHTS), []

    def song() -> SongBars:
        yield BarRequest(2, 0, state.heading(2, NEW, 0, latent=np.zeros(4, np.float32)), many)
        token_counts.append(decoder.batch.kv_cache.token_count.tolist())

    for _ in decoder.decode(iter([song()])):
        pass
    assert token_counts == [[1 + len(many)]]
