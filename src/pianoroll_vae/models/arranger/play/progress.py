"""Reports on songs while they are written side by side: the phrases of all of them, and the beginning of each."""

from collections.abc import Callable, Sequence

from pianoroll_vae.models.ensemble import OnFirstPhrases, OnPhrases
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import BarNotes, Bars
from pianoroll_vae.music.phrases import PHRASE_BARS

OnBar = Callable[[int, Sequence[Sequence[BarNotes]]], None]
"""Called after each bar with the number of its song, and with what each instrument plays in the bars up to it."""


def after_bars(
    on_phrases: OnPhrases,
    primer_bars: Sequence[int],
    on_first_phrases: OnFirstPhrases | None = None,
    lines: Sequence[BarLines] = (),
) -> OnBar:
    """primer_bars: (songs,), the bars before the new ones, which do not count; lines: (songs,), where all bars lie, for
    `on_first_phrases`."""
    done = -sum(primer_bars)

    def on_bar(song: int, cells: Sequence[Sequence[BarNotes]]) -> None:
        nonlocal done
        done += 1
        if done > 0 and done % PHRASE_BARS == 0:
            on_phrases(1)
        phrases, more = divmod(len(cells) - primer_bars[song], PHRASE_BARS)
        if on_first_phrases is not None and phrases > 0 and not more and not phrases & (phrases - 1):
            new = [notes for row in cells[primer_bars[song] :] for notes in row]
            own = lines[song].between(primer_bars[song], len(cells))
            on_first_phrases(song, Bars.from_cells(new, len(cells[0]), own).to_notes(), phrases)

    return on_bar
