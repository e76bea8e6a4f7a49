"""The networks beside one song answer what they answered in training, when they saw whole stretches at once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pianoroll_vae.models.chart import kernels, networks, plans
from pianoroll_vae.models.chart.player import MOST_NOTES, MOST_TOGETHER, Networks, Player
from pianoroll_vae.models.chart.stream import MEMORY_BARS, NEW, NOTE, REPEATS, RESTS, stream_of, writing_order
from pianoroll_vae.models.chart.windows import Written, window
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import BAR_STEPS, LENGTHS, SILENT, VELOCITIES
from tests.small_chart import DRUMS, SMALL_CHART, loops, small_chart_weights

WIDE = replace(SMALL_CHART, chart=replace(SMALL_CHART.chart, tokens=256))
"""Nothing that is written here leaves its ring."""

CLOSE = {"rtol": 3e-2, "atol": 3e-2}
"""Weights, and what was seen, have eight significant bits."""

VIEWS = {
    kind: {name: view[0] for name, view in small_chart_weights(kind).views().items()}
    for kind in ("vae", "melody", "conditional")
}
W, ORDER = VIEWS["vae"], writing_order(LPD5)
NETWORKS = Networks(WIDE, *VIEWS.values(), ORDER)
STREAM = stream_of([loops(3, 1)], ORDER)


def made_token_by_token() -> torch.Tensor:
    """(tokens, width): what the decoder makes of each token of a song."""
    player, found, decoder = Player(NETWORKS), [], NETWORKS.writing.layers
    for i in range(len(STREAM.says)):
        who, says, cell = int(STREAM.who[i]), int(STREAM.says[i]), int(STREAM.cell[i])
        bar, source = cell // STREAM.players, int(STREAM.source[cell])
        if says == NOTE:
            place, pitch, length, _ = STREAM.note[i].tolist()
            time = bar * BAR_STEPS
            made = kernels.read_note(decoder, player.ring, NETWORKS.writer, who, time, place, pitch, length)
        else:
            content, mean = (None, None) if source == SILENT else player.hear(who, notes_of(source))
            player.read_heading(who, says, bar, mean if says == NEW else None, content if says == REPEATS else None)
            made = player.made
        found.append(torch.from_numpy(made.copy()))
    return torch.stack(found)


def notes_of(cell: int) -> np.ndarray:
    return STREAM.note[(STREAM.cell == cell) & (STREAM.says == NOTE)]


def made_at_once() -> torch.Tensor:
    """(tokens, width): the training's way."""
    count = len(STREAM.says)
    part = window(STREAM, np.array([0]), np.array([count]), count, np.array([0]), DRUMS)
    content = networks.hear(W, part.bars)
    mean, _ = networks.latents(W, content)
    return networks.read(W, WIDE.chart, part, mean, content)[0]  # type: ignore[arg-type]


def test_told_token_by_token_the_decoder_makes_of_a_song_what_it_makes_of_a_stretch() -> None:
    mine = made_token_by_token()
    mine = networks.norm(mine, W["write.norm"])
    assert {RESTS, REPEATS, NEW, NOTE} == set(STREAM.says.tolist())
    torch.testing.assert_close(mine, made_at_once(), **CLOSE)


def test_it_says_of_the_next_note_what_the_training_said() -> None:
    x = torch.randn(1, 32, generator=torch.Generator().manual_seed(1))
    writer, made = NETWORKS.writer, np.empty(len(NETWORKS.writer.next), np.float32)
    kernels.answer(writer, x[0].numpy(), made)
    for who, place, pitch in ((0, 0, 60), (3, 15, 127), (4, 7, 0)):
        answers = networks.Answers(W, networks.norm(x, W["write.norm"]), torch.tensor([who]))
        at, which = torch.tensor([place]), torch.tensor([pitch])
        torch.testing.assert_close(torch.from_numpy(made[: BAR_STEPS + 1]), answers.places()[0], **CLOSE)
        high, long, loud = (np.empty(size, np.float32) for size in (128, len(LENGTHS), VELOCITIES))
        kernels.pitches(writer, made, who, place, high)
        kernels.lengths_and_velocities(writer, made, who, place, pitch, long, loud)
        lengths, velocities = answers.lengths_and_velocities(answers.hidden(), at, which)
        torch.testing.assert_close(torch.from_numpy(high), answers.pitches(answers.hidden(), at)[0], **CLOSE)
        torch.testing.assert_close(torch.from_numpy(long), lengths[0], **CLOSE)
        torch.testing.assert_close(torch.from_numpy(loud), velocities[0], **CLOSE)


def test_it_hears_in_a_bar_what_the_training_heard() -> None:
    for who in range(len(LPD5)):
        notes = notes_of(int(np.flatnonzero((STREAM.source >= 0) & (np.arange(len(STREAM.source)) % 5 == who))[0]))
        bar = torch.zeros(len(notes), dtype=torch.long)
        theirs = networks.hear(W, Written(torch.from_numpy(notes.astype(np.int64)), bar, torch.tensor([who])))
        content, mean = Player(NETWORKS).hear(who, notes)
        torch.testing.assert_close(torch.from_numpy(content), theirs[0], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(torch.from_numpy(mean), networks.latents(W, theirs)[0][0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("empty", [True, False])
def test_it_decides_after_each_bar_as_it_did_when_it_saw_all_of_them(empty: bool) -> None:
    dice = np.random.default_rng(3)
    bars, content_size = 6, SMALL_CHART.chart.content  # type: ignore[union-attr]
    content = dice.standard_normal((bars, 5, content_size)).astype(np.float32)
    deed = dice.integers(0, plans.DEEDS, (bars, 5))
    mine = dice.standard_normal((MEMORY_BARS, content_size)).astype(np.float32)
    there = np.zeros(MEMORY_BARS, bool) if empty else np.arange(MEMORY_BARS) % 2 == 0
    player = Player(NETWORKS)
    for bar in range(bars):
        player.look_back(bar, content[bar], deed[bar])
    for who in range(5):
        kind = "melody" if who == ORDER[0] else "conditional"
        planner = 0 if who == ORDER[0] else ORDER[1:].index(who)
        tensors = [torch.from_numpy(part) for part in (content, deed)]
        past = plans.look_back(VIEWS[kind], WIDE, tensors[0][None], tensors[1][None], torch.arange(bars)[None])[0, -1]
        torch.testing.assert_close(torch.from_numpy(player.past[kind == "conditional"]), past, **CLOSE)
        rest = [torch.from_numpy(part) for part in (mine, there)]
        theirs = plans.decide(VIEWS[kind], WIDE, planner, past, tensors[0][0], tensors[1][0], *rest)
        said = player.decide(who, content[0], deed[0], mine, there)
        for name, part in said._asdict().items():
            torch.testing.assert_close(torch.from_numpy(np.asarray(part)), getattr(theirs, name), **CLOSE)


def test_notes_are_in_order_few_at_once_and_not_too_many() -> None:
    player, dice = Player(Networks(SMALL_CHART, *VIEWS.values(), ORDER)), np.random.default_rng(0)
    for bar in range(40):
        who = bar % 5
        player.read_heading(who, NEW, bar, latent=dice.standard_normal(4).astype(np.float32))
        notes = player.write_notes(who, bar, 1.5, bool(DRUMS[who]), 8.0, dice)
        order = notes[:, 0].astype(int) * 128 + notes[:, 1]
        assert 0 < len(notes) <= MOST_NOTES
        assert (np.diff(order) > 0).all()
        assert np.bincount(notes[:, 0]).max() <= MOST_TOGETHER
        assert not (DRUMS[who] and notes[:, 2].any())
        assert (notes < [BAR_STEPS, 128, len(LENGTHS), VELOCITIES]).all()


def test_whoever_follows_a_guide_to_the_letter_writes_it() -> None:
    guide = np.array([(0, 40, 3, 4), (0, 45, 3, 4), (6, 40, 1, 2), (15, 127, 0, 7)], np.uint8)
    player, dice = Player(NETWORKS), np.random.default_rng(0)
    player.read_heading(0, NEW, 0, latent=np.zeros(4, np.float32))
    assert np.array_equal(player.write_notes(0, 0, 1.0, False, 8.0, dice, guide, 1.0), guide)


def test_a_bar_that_is_fuller_than_usual_ends_sooner() -> None:
    def notes_a_bar(usual: float) -> float:
        player, dice = Player(Networks(SMALL_CHART, *VIEWS.values(), ORDER)), np.random.default_rng(0)
        count = 0
        for bar in range(150):
            player.read_heading(0, NEW, bar, latent=dice.standard_normal(4).astype(np.float32))
            count += len(player.write_notes(0, bar, 1.0, False, usual, dice))
        return count / 150

    assert notes_a_bar(0.5) < 0.8 * notes_a_bar(MOST_NOTES)
