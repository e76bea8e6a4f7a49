"""Charts are written as the network has learned to, known parts are kept, and every part that is asked for enters."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, BLOCK_HALVES, Blocks
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.parameters import CHORD_LABELS
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft, ChartWriter
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.sampling import ABSENT_BLOCKS, ENTRY_PROBABILITY
from pianoroll_vae.models.arranger.tokens import ChartedSong, tokenize, writing_order
from pianoroll_vae.models.arranger.train.chart_writer import cut_chart_windows
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import NOTE_COLUMNS, Bars
from pianoroll_vae.music.chord_labels import Labels
from tests.small_arranger import SMALL_ARRANGER, random_conditions, small_prior

PRIOR = small_prior("melody")
MELODY = {name: weight.numpy() for name, weight in PRIOR.state_dict().items()}
CONDITIONS = random_conditions(np.random.default_rng(5))
BLOCKS = 24


class Recorder(ChartWriter):
    """Keeps the logits of everything that it writes."""

    def __init__(self) -> None:
        super().__init__(SMALL_ARRANGER, MELODY)
        self.forms: list[Array] = []
        self.active: list[float] = []
        self.chords: list[Array] = []

    def form_logits(self, hidden: Array, keys: list[Array]) -> Array:
        self.forms.append(super().form_logits(hidden, keys))
        return self.forms[-1]

    def active_logit(self, instrument: int, x: Array, form: int) -> float:
        self.active.append(super().active_logit(instrument, x, form))
        return self.active[-1]

    def chord_logits(self, hidden: Array, chords: Labels, place: int, form: int) -> Array:
        self.chords.append(super().chord_logits(hidden, chords, place, form))
        return self.chords[-1]


def unknown(blocks: int = BLOCKS) -> ChartDraft:
    form, active = np.full(blocks, UNKNOWN), np.full((blocks, 5), UNKNOWN)
    return ChartDraft(form, active, np.full((blocks, BLOCK_HALVES), UNKNOWN))


def write(draft: ChartDraft, seed: int = 1, temperature: float = 1.0) -> tuple[Labels, Blocks]:
    return ChartWriter(SMALL_ARRANGER, MELODY).write(draft, CONDITIONS, temperature, seed)


def assert_close(found: object, expected: torch.Tensor) -> None:
    found = torch.from_numpy(np.asarray(found, np.float32))
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("conditions", [CONDITIONS, Conditions.unknown(5)], ids=["known", "unknown"])
def test_the_logits_of_a_chart_are_those_of_training(conditions: Conditions) -> None:
    writer = Recorder()
    chords, blocks = writer.write(unknown(), conditions, 1.0, 3)
    assert len(set(blocks.form.tolist())) > 3
    assert blocks.active.any()
    assert not blocks.active.all()
    silence = Bars.from_cells([np.zeros((0, NOTE_COLUMNS), np.uint8)] * (len(chords) * 5), 5)
    stream = tokenize([ChartedSong(silence, chords, blocks, conditions)], writing_order(LPD5))
    zero = np.zeros(1, np.int64)
    window = cut_chart_windows(stream, zero, BLOCKS, zero, stream.conditions, torch.device("cpu"))
    assert PRIOR.chart is not None
    form, active, labels = PRIOR.chart(window)
    assert_close(writer.forms, form[0])
    assert_close(np.reshape(writer.active, (BLOCKS, 5)), active[0])
    assert_close(np.reshape(writer.chords, (BLOCKS, BLOCK_HALVES, CHORD_LABELS)), labels[0])


def test_a_chart_follows_from_its_seed() -> None:
    for one, other, same in ((1, 1, True), (1, 2, False)):
        (chords, blocks), (others, again) = write(unknown(), one), write(unknown(), other)
        assert np.array_equal(chords, others) == same
        assert np.array_equal(blocks.active, again.active) == same
    assert chords.shape == (BLOCKS * BLOCK_BARS, 2)
    assert blocks.active.shape == (BLOCKS, 5)


def test_what_is_known_is_kept() -> None:
    rng = np.random.default_rng(0)
    draft = unknown()
    draft.form[:] = rng.integers(0, 17, BLOCKS) % (np.arange(BLOCKS) + 1)
    draft.active[::2] = rng.integers(0, 2, (BLOCKS // 2, 5))
    draft.chords[1::2, 2:] = rng.integers(0, CHORD_LABELS, (BLOCKS // 2, BLOCK_HALVES - 2))
    chords, blocks = write(draft)
    assert np.array_equal(blocks.form, draft.form)
    assert np.array_equal(blocks.active[::2], draft.active[::2] == 1)
    known = draft.chords != UNKNOWN
    assert np.array_equal(chords.reshape(BLOCKS, BLOCK_HALVES)[known], draft.chords[known])


def test_a_form_that_returns_to_before_the_song_is_sampled_instead() -> None:
    draft = unknown(4)
    draft.form[:] = 16
    assert (write(draft)[1].form <= np.arange(4)).all()


def test_a_chart_goes_on_as_it_did_from_its_own_beginning() -> None:
    chords, blocks = write(unknown())
    draft = unknown()
    draft.form[:9], draft.active[:9] = blocks.form[:9], blocks.active[:9]
    draft.chords[:9] = chords.reshape(BLOCKS, BLOCK_HALVES)[:9]
    again, same = write(draft)
    assert np.array_equal(again, chords)
    assert np.array_equal(same.form, blocks.form)
    assert np.array_equal(same.active, blocks.active)


def test_a_chart_longer_than_the_context_is_written_to_its_end() -> None:
    chords, blocks = write(unknown(60))
    assert len(chords) == 60 * BLOCK_BARS
    assert (blocks.form <= np.minimum(np.arange(60), 16)).all()
    assert not len(write(unknown(0))[0])


def shy_writer(bias: float = -50, weight: float = 1) -> ChartWriter:
    """With this bias all instruments are silent wherever nothing else makes them play; weight: how much what comes
    before counts."""
    out = "chart.next_active.out"
    weights = {f"{out}.bias": np.full(5, bias, np.float32), f"{out}.weight": weight * MELODY[f"{out}.weight"]}
    return ChartWriter(SMALL_ARRANGER, {**MELODY, **weights})


def test_instruments_that_have_been_absent_enter() -> None:
    writer, draft, entries = shy_writer(), unknown(30), []
    draft.active[:, -1] = 1
    for seed in range(20):
        active = writer.write(draft, CONDITIONS, 1.0, seed)[1].active[:, :-1]
        assert not active[:ABSENT_BLOCKS].any()
        entries.append(active[ABSENT_BLOCKS])
    assert np.mean(entries) == pytest.approx(ENTRY_PROBABILITY, abs=0.13)


def test_a_song_does_not_begin_with_silence() -> None:
    for seed in range(5):
        assert shy_writer().write(unknown(30), CONDITIONS, 1.0, seed)[1].active[0].any()


def test_a_silence_that_was_played_stays_at_the_beginning() -> None:
    draft = unknown(30)
    draft.active[:2] = 0
    active = shy_writer().write(draft, CONDITIONS, 1.0, 1)[1].active
    assert not active[:2].any() and active[2].any()


def test_an_instrument_that_has_not_played_enters_in_the_middle_unless_it_is_not_to() -> None:
    draft = unknown(ABSENT_BLOCKS)
    draft.active[:, 0], draft.active[0, 1:] = 0, [1, 0, 0, 0]
    active = shy_writer().write(draft, CONDITIONS, 1.0, 1)[1].active
    assert not active[:, 0].any()
    assert active[:, 1:].tolist() == [
        [True, False, False, False],
        [False] * 4,
        [False, True, True, True],
        [False] * 4,
    ]


def test_a_chord_changes_no_block_before_its_own() -> None:
    """Nor who plays there: also where nobody would begin, and where parts would not play at all without that chord."""
    writer = shy_writer(bias=-4, weight=10)
    for seed in range(20):
        draft = unknown(8)
        chords, blocks = writer.write(draft, CONDITIONS, 1.0, seed)
        draft.form[:], draft.chords[:] = blocks.form, chords.reshape(8, BLOCK_HALVES)
        for first in range(1, 8):
            form, labels = draft.form.copy(), draft.chords.copy()
            form[first:], labels[first:] = 0, (labels[first:] + 6) % CHORD_LABELS
            changed = writer.write(replace(draft, form=form, chords=labels), CONDITIONS, 1.0, seed)[1]
            assert np.array_equal(changed.active[:first], blocks.active[:first])


def test_a_draft_knows_what_was_played_and_not_who_plays_in_a_block_that_was_cut_short() -> None:
    rng = np.random.default_rng(0)
    chords, phase = rng.integers(0, CHORD_LABELS, (11, 2)), 1
    played = Blocks(phase, np.array([0, 1, 2]), rng.random((3, 5)) < 0.5)
    draft = ChartDraft.from_played(played, chords, 20, 5)
    assert draft.phase == phase
    assert draft.form.tolist() == [0, 1, 2, UNKNOWN, UNKNOWN]
    assert np.array_equal(draft.active[:2], played.active[:2])
    assert (draft.active[2:] == UNKNOWN).all()
    assert draft.chords.ravel()[:20].tolist() == chords[1:].ravel().tolist()
    assert (draft.chords.ravel()[20:] == UNKNOWN).all()
    assert len(write(replace(draft, phase=0))[0]) == 20


def test_new_blocks_have_the_chords_that_have_a_bonus() -> None:
    bonus = np.zeros(CHORD_LABELS, np.float32)
    bonus[7] = 1000
    form = np.array([0, 1, 0, 2])
    draft = replace(unknown(4), form=form, chord_bonus=bonus)
    chords = write(draft)[0].reshape(4, BLOCK_HALVES)
    assert (chords[form == 0] == 7).all()
    plain = replace(draft, chord_bonus=np.zeros(CHORD_LABELS, np.float32))
    assert np.array_equal(write(plain)[0], write(replace(plain, chord_bonus=None))[0])


def test_blocks_that_return_have_no_bonus() -> None:
    bonus = np.zeros(CHORD_LABELS, np.float32)
    bonus[7] = 1000
    draft = replace(unknown(2), form=np.array([0, 1]))
    draft.chords[0] = 12
    chords = write(draft)[0]
    assert np.array_equal(write(replace(draft, chord_bonus=bonus))[0], chords)
