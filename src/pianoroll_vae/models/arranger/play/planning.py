"""Charts and plans of the songs that a band is asked for: what is known of them, and what the chart writer adds."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import Blocks
from pianoroll_vae.models.arranger.conditions import UNKNOWN as UNKNOWN_CONDITION
from pianoroll_vae.models.arranger.conditions import Conditions, genre_slots, requested_density, tempo_class
from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft, ChartWriter
from pianoroll_vae.models.arranger.play.charts import chart_of, draft_of, with_sections
from pianoroll_vae.models.arranger.play.plan import Plan, read_chart_of_bars
from pianoroll_vae.models.arranger.play.players import least_bars, with_players
from pianoroll_vae.models.arranger.sampling import DENSITY_STRENGTH, GENRE_STRENGTH
from pianoroll_vae.models.ensemble import NO_REQUEST, SongRequest
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels
from pianoroll_vae.music.song import Song


@dataclass(frozen=True)
class Planner:
    """Plans the songs of a band."""

    band: Band
    genres: tuple[str, ...]
    """That the networks know."""

    chart_writer: ChartWriter

    def conditions(self, song: Song | None = None, request: SongRequest | None = None) -> Conditions:
        """Of new music in a song's last tempo, as requested."""
        request = request or NO_REQUEST
        density = np.full(len(self.band), UNKNOWN_CONDITION)
        for name, level in request.density.items():
            instrument = self.band.index(name)
            density[instrument] = requested_density(level, self.band.instruments[instrument])
        tempo = UNKNOWN_CONDITION if song is None else tempo_class(song.tempo[-1][1])
        genres = genre_slots(request.genres, self.genres) * np.float32(GENRE_STRENGTH)
        return Conditions(genres, np.array(tempo), density)

    def write_chart(
        self, primer: Song, played: Bars, bars: int, request: SongRequest, temperature: float, seed: int
    ) -> Chart:
        """A chart of `bars` bars that follow a primer; played: its bars."""
        chords, blocks = read_chart_of_bars(played, self.band)
        draft = ChartDraft.from_played(blocks, chords, len(played) + bars, len(self.band))
        if request.sections:
            draft = with_sections(draft, len(played), request.sections)
        written, whole = self.chart_writer.write(draft, self.conditions(primer, request), temperature, seed)
        written = np.concatenate([chords[: blocks.phase], written])[: len(played) + bars]
        return chart_of(written, whole, len(played), primer.tempo[-1][1])

    def continued(
        self,
        played: Bars,
        bars: int,
        chart: Chart,
        seed: int,
        conditions: Conditions,
        players: Collection[str] = (),
    ) -> Plan:
        """The plan of a song that begins with bars that were played and goes on with `bars` bars of a chart; players:
        see `SongRequest`."""
        chords, blocks = read_chart_of_bars(played, self.band)
        draft = draft_of(chart, blocks, chords, len(played) + bars)
        written, whole = self.chart_writer.write(draft, conditions, 1.0, seed)
        written = np.concatenate([chords[: blocks.phase], written])[: len(played) + bars]
        return replace(self._plan(whole, written, conditions, players), density_strength=DENSITY_STRENGTH)

    def accompanied(
        self,
        song: Bars,
        known: NDArray[np.bool_],
        seed: int,
        conditions: Conditions,
        players: Collection[str] = (),
    ) -> Plan:
        """The plan of new parts to the `known` parts (bars, instruments) of a song: their chords and form. Who else
        plays is written, and the chords where the known parts have none; players: see `SongRequest`."""
        cells = [
            song.cell(bar, i) if known[bar, i] else NO_NOTES for bar in range(len(song)) for i in range(len(self.band))
        ]
        kept = Bars.from_cells(cells, len(self.band))
        chords, blocks = read_chart_of_bars(kept, self.band)
        draft = ChartDraft.from_played(blocks, chords, len(song), len(self.band))
        active = np.where(known.all(0), blocks.active, UNKNOWN)
        open_chords = np.where(draft.chords == NO_CHORD, UNKNOWN, draft.chords)
        draft = replace(draft, active=active, chords=open_chords)
        written, whole = self.chart_writer.write(draft, conditions, 1.0, seed)
        written = np.concatenate([chords[: blocks.phase], written])[: len(song)]
        return self._plan(whole, written, conditions, players)

    def _plan(self, blocks: Blocks, chords: Labels, conditions: Conditions, players: Collection[str]) -> Plan:
        if not players:
            return Plan.from_blocks(blocks, chords, conditions)
        plan = Plan.from_blocks(with_players(blocks, self.band, players), chords, conditions)
        return replace(plan, least=least_bars(plan, self.band, players))

    def rewritten(self, song: Bars) -> Plan:
        """The plan of a song of which bars are written anew: its own."""
        chords, blocks = read_chart_of_bars(song, self.band)
        return Plan.from_blocks(blocks, chords, self.conditions())
