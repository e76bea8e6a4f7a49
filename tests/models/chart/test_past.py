"""What is shown token by token is what is shown all at once, for several songs side by side, each as far as it is."""

import torch

from pianoroll_vae.models.chart.layers import attend
from pianoroll_vae.models.chart.past import Past
from tests.models.chart.test_layers import HEADS, LAYERS, WIDTH, views

ROWS, SIZE = 3, 48


def past(rows: int = ROWS, size: int = SIZE) -> Past:
    return Past(rows, LAYERS, HEADS, size, WIDTH // HEADS)


def song(tokens: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (tokens, width) and their times (tokens,)."""
    dice = torch.Generator().manual_seed(seed)
    return torch.randn(tokens, WIDTH, generator=dice), torch.randint(0, 5, (tokens,), generator=dice).cumsum(0)


def at_once(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    return attend(views(), "x.", LAYERS, HEADS, x[None], time[None])[0]


def test_token_by_token_and_all_at_once_are_the_same() -> None:
    x, time = song(40, 1)
    seen, real = past(1), torch.ones(1, 1, dtype=torch.bool)
    found = [seen.show(views(), "x.", x[None, i : i + 1], time[None, i : i + 1], real)[0, 0] for i in range(40)]
    torch.testing.assert_close(torch.stack(found), at_once(x, time), rtol=1e-4, atol=1e-5)


def test_songs_side_by_side_do_not_hear_each_other_however_far_each_is() -> None:
    songs = [song(length, seed) for seed, length in enumerate((45, 13, 30))]
    done, found = [0] * ROWS, [[] for _ in range(ROWS)]  # type: ignore[var-annotated]
    seen, dice = past(), torch.Generator().manual_seed(7)
    while any(at < len(x) for at, (x, _) in zip(done, songs, strict=True)):
        asked = torch.randint(0, 6, (ROWS,), generator=dice).tolist()
        counts = [min(n, len(x) - at) for n, at, (x, _) in zip(asked, done, songs, strict=True)]
        size = max(counts)
        if not size:
            continue
        block, times = torch.zeros(ROWS, size, WIDTH), torch.zeros(ROWS, size, dtype=torch.long)
        real = torch.arange(size) < torch.tensor(counts)[:, None]
        for row, ((x, time), at, count) in enumerate(zip(songs, done, counts, strict=True)):
            block[row, :count], times[row, :count] = x[at : at + count], time[at : at + count]
        shown = seen.show(views(), "x.", block, times, real)
        assert bool(torch.isfinite(shown).all())
        for row, count in enumerate(counts):
            found[row].append(shown[row, :count])
            done[row] += count
    for mine, (x, time) in zip(found, songs, strict=True):
        torch.testing.assert_close(torch.cat(mine), at_once(x, time), rtol=1e-4, atol=1e-5)


def test_a_full_ring_forgets_the_oldest() -> None:
    """A single layer sees the last tokens alone; deeper ones also what those had seen."""
    x, time = song(30, 3)
    seen, real = Past(1, 1, HEADS, 8, WIDTH // HEADS), torch.ones(1, 1, dtype=torch.bool)
    found = [seen.show(views(), "x.", x[None, i : i + 1], time[None, i : i + 1], real)[0, 0] for i in range(30)]
    for i in range(30):
        begin = max(i - 7, 0)
        alone = attend(views(), "x.", 1, HEADS, x[None, begin : i + 1], time[None, begin : i + 1])[0, -1]
        torch.testing.assert_close(found[i], alone, rtol=1e-4, atol=1e-5)
