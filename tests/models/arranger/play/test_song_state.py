"""The networks bar by bar and note by note compute what they compute in training, of whole windows at once."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, FORMS
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.parameters import ACTIONS
from pianoroll_vae.models.arranger.play import decode_batch, decoding, kernels
from pianoroll_vae.models.arranger.play.batch_decoder import BarRequest, BatchDecoder, SamplingParams, SongBars
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.play.weights import PlayWeights, matvec
from pianoroll_vae.models.arranger.sampling import MAX_CHORD, MAX_NOTES, UNIFORMS
from pianoroll_vae.models.arranger.tokens import END, MEMORY_BARS, NEW, NOTE, REPEAT, REST, tokenize, writing_order
from pianoroll_vae.models.arranger.train.prior import PlanInContext
from pianoroll_vae.models.arranger.train.windows import EncoderBars, Window, WindowSpec, cut_windows
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bar_lines import HALF_BAR, BarLines
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES, BarNotes
from pianoroll_vae.music.chord_labels import CHORDS, NO_CHORD, QUALITIES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR
from tests.models.arranger.play.inner_functions import callable_from_python
from tests.small_arranger import (
    DRUMS,
    SMALL_ARRANGER,
    charted,
    loops,
    random_chords,
    random_conditions,
    small_prior,
    small_vae,
)

add, add_and_gelu, add_chord_tones, head = map(
    callable_from_python, (kernels.add, decoding.add_and_gelu, decoding.add_chord_tones, decoding.head)
)

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

BARS = 4
SONG = charted(loops(BARS, 9), 1)
SONG.chords[-1, 1] = NO_CHORD  # what follows a song's last half bar is not known
STREAM, PLAN = tokenize([SONG], ORDER), Plan.from_blocks(SONG.blocks, SONG.chords, SONG.conditions)
SILENCE = Plan.without_chart(200, len(LPD5), Conditions.unknown(len(LPD5)))

GIVEN = np.array([False, True, False, False, True])
"""Instruments that come first in each bar."""


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def decode(weights: PlayWeights, song: SongBars) -> None:
    BatchDecoder(weights, 1).decode(iter([song]))


@cache
def window() -> Window:
    """The whole song: some instruments are given, and of the second bar on the next bar of all is known."""
    plain = WindowSpec.plain(STREAM, np.array([0]), len(STREAM.kind), DRUMS)
    next_known = np.arange(plain.tokens)[None] == 1
    return cut_windows(STREAM, replace(plain, given=GIVEN[None], next_known=next_known))


def future_of(state: SongState, bar: int) -> np.ndarray | None:
    """(instruments, content): what the window knows of the bar after."""
    known = np.ones(5, np.bool_) if bar == 1 else GIVEN
    future = np.zeros((5, SIZES.bar_width), np.float32)
    for instrument in np.flatnonzero(known & (bar + 1 < BARS)).tolist():
        notes = SONG.bars.cell(bar + 1, instrument)
        if len(notes):
            future[instrument] = state.encode(instrument, notes)[0]
    return future if future.any() else None


def read_bar_by_bar() -> tuple[np.ndarray, torch.Tensor]:
    """The last token of each bar and instrument (cells,), and what the transformer's head makes of it (cells, …)."""
    state, decoder, last, found = SongState(WEIGHTS, PLAN), BatchDecoder(WEIGHTS, 1), [], []
    batch = window()
    headings = [token for token in range(len(STREAM.kind)) if int(batch.kind[0, token]) != NOTE]

    def song() -> SongBars:
        for number, token in enumerate(headings):
            instrument, kind = int(batch.instrument[0, token]), int(batch.kind[0, token])
            bar = int(batch.time[0, token]) // TWELFTHS_PER_BAR
            source = int(STREAM.source[bar * STREAM.instruments + instrument])
            notes = notes_of(source)
            content, mean = state.encode(instrument, notes) if len(notes) else (None, None)
            made_from = mean if kind == NEW else None, content if kind == REPEAT else None
            future = future_of(state, bar) if kind == NEW else None
            heading = state.heading(instrument, kind, bar, *made_from, future)
            given = notes if kind == NEW else notes[:0]
            yield BarRequest(instrument, bar, heading, given, chords=PLAN.chords_around[bar])
            last.append([*headings, len(STREAM.kind)][number + 1] - 1)
            found.append(torch.from_numpy(decoder.batch.outputs[0].copy()))

    decoder.decode(iter([song()]))
    return np.array(last), torch.stack(found)


def read_at_once() -> torch.Tensor:
    """What the head makes of all tokens (tokens, …), as in training."""
    content = TRAINED.encoder(window().bars)
    mean, _ = TRAINED.encoder.posterior(content)
    hidden: torch.Tensor = TRAINED.decoder(window(), mean, content)[0]
    return torch.cat([hidden @ TRAINED.heads.step.weight.T, hidden @ TRAINED.heads.hidden.weight.T], -1)


def sampled(weights: PlayWeights, bars: Sequence[tuple[int, int, SamplingParams]]) -> list[BarNotes]:
    """The notes of new bars with random latents: instrument, bar and sampling parameters of each."""
    state, rng, found = SongState(weights, SILENCE), np.random.default_rng(0), []

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
    known = (window().future[0] >= 0).sum(-1)
    assert set(np.minimum(known.numpy(), 3).tolist()) >= {0, 1, 3}, "given instruments, and before a known bar all"
    assert_close(found, read_at_once()[last])


def test_the_logits_of_the_next_note_are_those_of_training() -> None:
    normed = torch.randn(1, 32, generator=torch.Generator().manual_seed(1))
    w, heads, buffers = (
        WEIGHTS.decoder_weights.heads,
        TRAINED.heads,
        decode_batch.empty_batch(WEIGHTS.decoder.empty_kv_cache()).buffers,
    )
    outputs = matvec(WEIGHTS.decoder.layers.head, normed[0].numpy())[None]
    add(outputs[0, : END + 1], w.step_bias)
    hidden = heads.hidden_states(normed)
    assert_close(torch.from_numpy(outputs[0, : END + 1]), heads.step_logits(normed)[0])
    for note in ((0, 0, 60, NO_CHORD), (3, 47, 127, CHORDS - 1), (4, 7, 0, 0), (1, 20, 64, 9 * len(QUALITIES) + 1)):
        instrument, step, pitch, chord = note
        at_instrument, at_step, at_pitch, at_chord = (torch.tensor([part]) for part in note)
        pitches, lengths, velocities = (np.empty((1, size), np.float32) for size in (128, len(LENGTHS), VELOCITIES))
        of_pitch, of_others = outputs[0, END + 1 : END + 33].copy(), outputs[0, END + 33 :].copy()
        add_and_gelu(of_pitch, w.after_step[step, :32], w.after_chord[chord])
        head(w.pitch, of_pitch, buffers, pitches)
        add(pitches[0], w.pitch_bias[instrument])
        add_chord_tones(pitches[0], instrument, chord, 1.0, w.chord_tone)
        add_and_gelu(of_others, w.after_step[step, 32:], w.after_pitch[instrument * 128 + pitch])
        head(w.length, of_others[:32], buffers, lengths)
        head(w.velocity, of_others[32:], buffers, velocities)
        add(velocities[0], w.velocity_bias[instrument])
        expected = heads.length_and_velocity_logits(hidden, at_instrument, at_step, at_pitch)
        assert_close(torch.from_numpy(pitches[0]), heads.pitch_logits(hidden, at_instrument, at_step, at_chord)[0])
        assert_close(torch.from_numpy(lengths[0]), expected[0][0])
        assert_close(torch.from_numpy(velocities[0]), expected[1][0])


def test_a_bar_is_encoded_as_in_training() -> None:
    new = STREAM.source == np.arange(len(STREAM.source))
    for instrument in range(len(LPD5)):
        notes = notes_of(int(np.flatnonzero(new & (np.arange(len(new)) % 5 == instrument))[0]))
        bar = torch.zeros(len(notes), dtype=torch.long)
        bars = EncoderBars(torch.from_numpy(notes.astype(np.int64)), bar, torch.tensor([instrument]))
        expected = TRAINED.encoder(bars)
        expected_mean, _ = TRAINED.encoder.posterior(expected)
        content, mean = SongState(WEIGHTS, SILENCE).encode(instrument, notes)
        torch.testing.assert_close(torch.from_numpy(content), expected[0], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(torch.from_numpy(mean), expected_mean[0], rtol=1e-3, atol=1e-4)


def random_plan(bars: int, rng: np.random.Generator) -> Plan:
    """Its chords are of two labels, so that some bars have the same ones."""
    kinds = random_chords(1, rng).ravel()
    return Plan(
        kinds[rng.integers(0, len(kinds), (bars, 2))],
        rng.integers(0, FORMS, bars),
        np.arange(bars) % BLOCK_BARS,
        rng.random((bars, 5)) < 0.5,
        random_conditions(rng),
        BarLines.even(bars),
    )


def bar_plan(plan: Plan, bar: int, future: np.ndarray | None) -> PlanInContext:
    """One bar of a plan as training has it."""
    conditions, bars = plan.conditions, [bar - back for back in range(1, MEMORY_BARS + 1)]
    same = [int((plan.chords[b] == plan.chords[bar]).sum()) if b >= 0 else 0 for b in bars]
    returns = [bar - b == plan.form[bar] * BLOCK_BARS for b in bars]
    return PlanInContext(
        torch.from_numpy(plan.chords[bar]),
        torch.tensor(plan.form[bar]),
        torch.tensor(plan.block_bar[bar]),
        torch.from_numpy(plan.active[bar]),
        torch.from_numpy(conditions.genres),
        torch.tensor(int(conditions.tempo)),
        torch.zeros(5, SIZES.bar_width) if future is None else torch.from_numpy(future),
        torch.tensor(same),
        torch.tensor(returns),
    )


@pytest.mark.parametrize(("empty", "form"), [(True, 0), (False, 0), (False, 1), (False, 16)])
def test_the_prior_bar_by_bar_is_that_of_training(empty: bool, form: int) -> None:
    rng = np.random.default_rng(5)
    bars, content_size = 6, SIZES.bar_width
    content = rng.standard_normal((bars, 5, content_size)).astype(np.float32)
    action = rng.integers(0, ACTIONS, (bars, 5))
    last_bars = rng.standard_normal((MEMORY_BARS, content_size)).astype(np.float32)
    played = np.zeros(MEMORY_BARS, bool) if empty else np.arange(MEMORY_BARS) % 2 == form % 2
    future = None if empty else rng.standard_normal((5, content_size)).astype(np.float32)
    plan = random_plan(bars + 1, rng)
    plan.form[bars] = form
    state = SongState(WEIGHTS, plan)
    for bar in range(bars):
        state.append_bar(bar, content[bar], action[bar], plan.chords[bar])
    all_content, all_action = torch.from_numpy(content), torch.from_numpy(action)
    all_chords, now = torch.from_numpy(plan.chords[:bars]), bar_plan(plan, bars, future)
    assert set(now.same_chords[:bars].tolist()) == {0, 1, 2}, "the gates of none, one and both half bars are compared"
    for instrument in range(5):
        network, row = (0, 0) if instrument == ORDER[0] else (1, ORDER[1:].index(instrument))
        past = all_content[None], all_action[None], torch.arange(bars)[None], all_chords[None]
        history = PRIORS[network].history(*past)[0, -1]
        assert_close(torch.from_numpy(state.history[network]), history)
        rest = torch.from_numpy(last_bars), torch.from_numpy(played)
        expected = PRIORS[network].predict(row, instrument, history, all_content[0], all_action[0], *rest, now)
        output = state.predict(instrument, content[0], action[0], last_bars, played, bars, future)
        for name, part in output._asdict().items():
            assert_close(torch.from_numpy(np.asarray(part)), getattr(expected, name))


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
        assert (notes < [TWELFTHS_PER_BAR, 128, len(LENGTHS), VELOCITIES]).all()


def test_bars_have_fewer_notes_where_the_mean_is_low() -> None:
    def notes_a_bar(mean_notes: float) -> float:
        rng = np.random.default_rng(0)
        sampling = [SamplingParams(1.0, mean_notes, False, rng.random((MAX_NOTES, UNIFORMS))) for _ in range(150)]
        return sum(map(len, sampled(SMALL_WEIGHTS, [(0, bar, params) for bar, params in enumerate(sampling)]))) / 150

    assert notes_a_bar(0.5) < 0.8 * notes_a_bar(MAX_NOTES)


def test_a_given_bar_of_more_notes_than_a_row_holds_is_read_to_its_end() -> None:
    many = np.array([(n // 16, 30 + n % 16, 0, 3) for n in range(2 * MAX_NOTES + 5)], np.uint8)
    decoder, state, token_counts = BatchDecoder(WEIGHTS, 1), SongState(WEIGHTS, SILENCE), []

    def song() -> SongBars:
        yield BarRequest(2, 0, state.heading(2, NEW, 0, latent=np.zeros(4, np.float32)), many)
        token_counts.append(decoder.batch.kv_cache.token_count.tolist())

    decoder.decode(iter([song()]))
    assert token_counts == [[1 + len(many)]]


def test_notes_are_sampled_to_the_chord_of_their_half_bar() -> None:
    """With chord tones that are certain, each pitch is a tone of the chord at its step, but for the highest one, which
    may be all that is left above another note of the step."""
    tones = np.full((5 * len(QUALITIES), 12), -50, np.float32)
    for quality, steps in enumerate(QUALITIES.values()):
        tones[quality :: len(QUALITIES), list(steps)] = 0
    certain = PlayWeights(WIDE, {**VAE, "heads.chord_tone.weight": tones}, MELODY, CONDITIONAL, ORDER)
    state, rng = SongState(certain, SILENCE), np.random.default_rng(0)
    chords = np.array([0, 6 * len(QUALITIES) + 1, NO_CHORD])  # C, F#m
    found: list[BarNotes] = []

    def song() -> SongBars:
        for bar in range(30):
            sampling = SamplingParams(1.0, MAX_NOTES, False, rng.random((MAX_NOTES, UNIFORMS)))
            heading = state.heading(0, NEW, bar, latent=rng.standard_normal(4).astype(np.float32))
            found.append((yield BarRequest(0, bar, heading, sampling=sampling, chords=chords)))

    decode(certain, song())
    notes = np.concatenate(found)
    notes = notes[notes[:, 1] < 127]
    for half, expected in ((0, {0, 4, 7}), (1, {6, 9, 1})):
        assert set((notes[notes[:, 0] // HALF_BAR == half][:, 1] % 12).tolist()) <= expected
        assert (notes[:, 0] // HALF_BAR == half).any()
