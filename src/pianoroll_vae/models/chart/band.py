"""The recipe chart, trained and ready to play: songs in, songs out. Knows nothing of folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.models.chart.choices import Boldness
from pianoroll_vae.models.chart.layers import Views
from pianoroll_vae.models.chart.networks import chart_of
from pianoroll_vae.models.chart.players import Players
from pianoroll_vae.models.chart.stream import writing_order
from pianoroll_vae.models.chart.writing import Given, SongWriter
from pianoroll_vae.models.checkpoint import Trained, load_trained, refuse_stale
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import STEPS_PER_BEAT, BarNotes, Bars
from pianoroll_vae.music.song import Song


@dataclass(frozen=True)
class ChartBand:
    """The lead decides and writes first in every bar; everyone else follows."""

    recipe: Recipe
    band: Band
    vae: Views
    melody: Views
    conditional: Views

    @staticmethod
    def load(vae: Path, melody: Path, conditional: Path) -> "ChartBand":
        """The band whose networks lie in these files; refused where they do not belong together."""
        heard = load_trained(vae, "vae", "vaemusic train vae")
        plans = []
        for kind, path in (("melody", melody), ("conditional", conditional)):
            trained = load_trained(path, kind, f"vaemusic train {kind}")
            refuse_stale(trained, heard, path, f"vaemusic train {kind}")
            plans.append(_views(trained))
        return ChartBand(heard.recipe, heard.band, _views(heard), *plans)

    @property
    def steps_per_beat(self) -> int:
        return STEPS_PER_BEAT

    @property
    def drums(self) -> NDArray[np.bool_]:
        """(instruments,)"""
        return np.array([instrument.is_drum for instrument in self.band])

    def hear(self, song: Song) -> Bars:
        """A song of any grid as bars of sixteenths."""
        song = song.regrid(STEPS_PER_BEAT, "nearest")
        return Bars.of(song.notes, song.steps, self.drums)

    def play(
        self,
        primers: Sequence[Bars],
        bars: int,
        noise: ArrayLike = 1.0,
        temperature: ArrayLike = 1.0,
        seeds: Sequence[int] = (0,),
        bar_done: Callable[[], None] = lambda: None,
    ) -> list[Bars]:
        """So many bars that follow each primer, without the primer. noise, temperature: one, or one an instrument."""
        given = [_front(primer) for primer in primers]
        wanted = [len(primer) + bars for primer in primers]
        songs = self._written(given, wanted, noise, temperature, seeds, bar_done)
        return [song.between(len(primer), len(song)) for song, primer in zip(songs, primers, strict=True)]

    def play_along(
        self,
        songs: Sequence[Bars],
        known: Sequence[bool],
        noise: ArrayLike = 1.0,
        temperature: ArrayLike = 1.0,
        seeds: Sequence[int] = (0,),
        bar_done: Callable[[], None] = lambda: None,
    ) -> list[Bars]:
        """Songs in which the instruments marked in `known` (instruments,) play what they play, and the others to it."""
        given = [_kept(song, known) for song in songs]
        return self._written(given, [len(song) for song in songs], noise, temperature, seeds, bar_done)

    def _written(
        self,
        given: Sequence[Given],
        bars: Sequence[int],
        noise: ArrayLike,
        temperature: ArrayLike,
        seeds: Sequence[int],
        bar_done: Callable[[], None],
    ) -> list[Bars]:
        spread, heat = (np.broadcast_to(np.asarray(value, float), len(self.band)) for value in (noise, temperature))
        boldness = [Boldness.of(float(n), float(t)) for n, t in zip(spread, heat, strict=True)]
        order, drums, size = writing_order(self.band), self.drums.tolist(), chart_of(self.recipe).content
        writers = [SongWriter(order, order[0], drums, boldness, np.random.default_rng(seed), size) for seed in seeds]
        players = Players(self.recipe, self.vae, self.melody, self.conditional, order, len(writers))
        asking = [writer.write(count, known) for writer, count, known in zip(writers, bars, given, strict=True)]
        players.run(asking, lambda row: bar_done())
        return [_bars(writer.cells) for writer in writers]


def _views(trained: Trained) -> Views:
    return {name: view[0] for name, view in trained.weights.views().items()}


def _front(primer: Bars) -> Given:
    """The primer's bars are given, the rest is not."""

    def given(bar: int, who: int) -> BarNotes | None:
        return primer.cell(bar, who) if bar < len(primer) else None

    return given


def _kept(song: Bars, known: Sequence[bool]) -> Given:
    def given(bar: int, who: int) -> BarNotes | None:
        return song.cell(bar, who) if known[who] else None

    return given


def _bars(cells: Sequence[Sequence[BarNotes]]) -> Bars:
    """Cells by bar and instrument as `Bars`."""
    flat = [notes for row in cells for notes in row]
    return Bars.of_cells(flat, len(cells[0]))
