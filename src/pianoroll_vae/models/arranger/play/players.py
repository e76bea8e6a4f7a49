"""Which instruments play, where a command asks for some of them.

`--everybody` makes each instrument play at least half of the bars that the same instrument plays in real songs. It
changes the plan, and not the sampling: the instrument is active in more blocks, in those in which most others are, and
the sampler does not let it rest once it would miss its share. `continue` plays the instruments of the song, and those
that join.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, Blocks
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import SILENT, Bars

USUAL_SHARE = {"piano": 0.75, "guitar": 0.80, "bass": 0.89, "strings": 0.88, "drums": 0.91}
"""The share of a song's bars in which an instrument sounds: means over the songs in which it plays, of 500 of LPD-5."""

OTHERS_SHARE = 0.8
"""Of instruments of other bands."""

MIN_FACTOR = 0.5
"""Of the usual share."""

MAX_SHARE_OF_BLOCKS = 0.65
"""Of the bars of its active blocks, the share that an instrument is made to play: more blocks become active instead,
where there are enough."""


def with_joining(draft: ChartDraft, played: Bars, band: Band, names: Collection[str]) -> ChartDraft:
    """The draft of a song that begins with bars that were played, and goes on with the instruments that play in them,
    with those that join, and with no others."""
    absent = (played.source.reshape(-1, len(band)) == SILENT).all(0)
    joins = np.array([name in names for name in band.names])
    active, whole = draft.active.copy(), max(len(played) - draft.phase, 0) // BLOCK_BARS
    active[whole:, absent] = np.where(joins, UNKNOWN, 0)[absent]
    return replace(draft, active=active)


def min_share_of(name: str) -> float:
    """The share of a song's bars that an instrument of this name plays at least."""
    return MIN_FACTOR * USUAL_SHARE.get(name, OTHERS_SHARE)


def with_players(blocks: Blocks, band: Band, names: Collection[str]) -> Blocks:
    """The blocks with these instruments active in as many of them as their least share needs: added are those in which
    most other instruments are active, the earlier ones first."""
    active = blocks.active.copy()
    for name in names:
        instrument = band.index(name)
        needed = int(np.ceil(min_share_of(name) / MAX_SHARE_OF_BLOCKS * len(blocks))) - int(active[:, instrument].sum())
        others = np.delete(active, instrument, axis=1).sum(1)
        free = np.flatnonzero(~active[:, instrument])
        chosen = free[np.argsort(-others[free], kind="stable")][: max(needed, 0)]
        active[chosen, instrument] = True
    return replace(blocks, active=active)


def min_shares(plan: Plan, band: Band, names: Collection[str]) -> NDArray[np.float64]:
    """(instruments,): the share of the bars in which it is active that each instrument plays at least."""
    share = np.zeros(len(band))
    for name in names:
        instrument = band.index(name)
        active = int(plan.active[:, instrument].sum())
        share[instrument] = min(min_share_of(name) * len(plan.chords) / max(active, 1), 1)
    return share
