"""Charts and plans of the songs that a band is asked for: what is known of them, and what the chart writer adds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import Blocks
from pianoroll_vae.models.arranger.conditions import Conditions, multi_hot_genres, tempo_class
from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft, ChartWriter
from pianoroll_vae.models.arranger.play.charts import (
    chart_of,
    draft_of,
    join_split_bars,
    split_long_bars,
    with_sections,
)
from pianoroll_vae.models.arranger.play.doubling import Doublings, doubled_in_bars, draw_doublings, with_doublings
from pianoroll_vae.models.arranger.play.key_bonus import chord_bonus
from pianoroll_vae.models.arranger.play.missing_chords import fill_chords
from pianoroll_vae.models.arranger.play.plan import Plan, read_chart_of_bars
from pianoroll_vae.models.arranger.play.players import min_shares, with_joining, with_players
from pianoroll_vae.models.arranger.play.trait_model import TraitModel
from pianoroll_vae.models.arranger.sampling import (
    DENSITY_LEAD,
    DENSITY_QUANTILES,
    DENSITY_STRENGTH,
    DENSITY_STRENGTH_OF_BASS,
    DENSITY_STRENGTH_OF_DRUMS,
    TRAIT_STRENGTH,
)
from pianoroll_vae.models.arranger.traits import (
    AS_BEFORE,
    DENSITY,
    PITCH_CLASSES,
    PLAYING,
    REPEATED,
    TRAITS,
    UNKNOWN_CLASS,
    read_traits,
    traits_of_beginning,
)
from pianoroll_vae.models.ensemble import NO_REQUEST, Density, SongRequest
from pianoroll_vae.music.band import Band, Instrument
from pianoroll_vae.music.bar_lines import BarLines, bar_parts, last_bar_meter
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels, tonic_chord
from pianoroll_vae.music.song import Song

TRAIT_STREAM, DOUBLING_STREAM = 1 << 31, (1 << 31) + 1
"""Of random numbers, beside those of the blocks of a chart."""

MIN_PLAYING_CLASS = 2
"""Class of the trait `PLAYING` that is drawn, at least: a part that is asked for plays."""


@dataclass(frozen=True)
class Planner:
    """Plans the songs of a band."""

    band: Band
    genres: tuple[str, ...]
    """That the networks have learned."""

    default_genres: tuple[str, ...]
    """Of songs that begin from nothing, where none is asked for."""

    chart_writer: ChartWriter
    trait_model: TraitModel

    def conditions(self, song: Song | None = None, request: SongRequest | None = None) -> Conditions:
        """Of new music in a song's last tempo, as requested."""
        request = request or NO_REQUEST
        traits = np.full((len(self.band), len(TRAITS)), UNKNOWN_CLASS)
        tempo = UNKNOWN_CLASS if song is None else tempo_class(song.tempo[-1][1])
        begins = song is not None and not len(song.notes)
        names = request.genres or (self.default_genres if begins else ())
        genres = multi_hot_genres(names, self.genres)
        conditions = Conditions(genres, np.array(tempo), traits)
        return self._with_densities(conditions, request.density) if request.density else conditions

    def _with_densities(self, conditions: Conditions, levels: Mapping[str, Density]) -> Conditions:
        """With the densities that are asked for: quantiles of the training songs of these genres and this tempo."""
        traits, targets = conditions.traits.copy(), np.full(len(self.band), np.nan)
        shares = self.trait_model.density_shares(conditions)
        for name, level in levels.items():
            instrument = self.band.index(name)
            notes = TRAITS[DENSITY].quantile(shares[instrument], DENSITY_QUANTILES[level])
            traits[instrument, DENSITY] = TRAITS[DENSITY].class_of(notes)
            targets[instrument] = DENSITY_LEAD * notes
        return replace(conditions, traits=traits, density_targets=targets)

    def with_traits(self, conditions: Conditions, played: NDArray[np.int64], seed: int) -> Conditions:
        """Conditions with all traits: as requested, else as played (instruments, traits), else drawn."""
        requested = conditions.traits
        known = replace(conditions, traits=np.where(requested, requested, played))
        traits = self.trait_model.complete(known, 1.0, np.random.default_rng([seed, TRAIT_STREAM, 0]))
        drawn = known.traits[:, PLAYING] == UNKNOWN_CLASS
        traits[drawn, PLAYING] = np.maximum(traits[drawn, PLAYING], MIN_PLAYING_CLASS)
        return replace(known, traits=traits)

    def _trait_strength(self, conditions: Conditions, strict_chords: bool) -> NDArray[np.float64]:
        """(instruments, traits): of `TRAIT_STRENGTH`, or of the densities that are asked for; none for `PITCH_CLASSES`
        where notes follow the chords strictly."""
        strength = np.array(TRAIT_STRENGTH)
        strength[PITCH_CLASSES] *= not strict_chords
        of_density = np.array([_density_strength(instrument) for instrument in self.band])
        return np.where(conditions.traits != UNKNOWN_CLASS, of_density[:, None], strength)

    def write_chart(
        self, primer: Song, played: Bars, bars: int, request: SongRequest, temperature: float, seed: int
    ) -> Chart:
        """A chart of `bars` bars that follow a primer, in its last meter; played: its bars."""
        meter = last_bar_meter(primer)
        parts = max(len(bar_parts(*meter)), 1)
        bars *= parts
        chords, blocks = read_chart_of_bars(played, self.band)
        draft = ChartDraft.from_played(blocks, chords, len(played) + bars, len(self.band))
        if request.joining is not None:
            draft = with_joining(draft, played, self.band, request.joining)
        if request.sections:
            sections = tuple(replace(section, bars=parts * section.bars) for section in request.sections)
            draft = with_sections(draft, len(played), sections)
        if request.key is not None and not len(played):
            draft.chords[:1, 0] = tonic_chord(request.key)
            draft = replace(draft, chord_bonus=chord_bonus(request.key))
        conditions = self.with_traits(self.conditions(primer, request), traits_of_beginning(played), seed)
        written, whole = self.chart_writer.write(draft, conditions, temperature, seed)
        written = np.concatenate([chords[: blocks.phase], written])[: len(played) + bars]
        return join_split_bars(chart_of(written, whole, len(played), primer.tempo[-1][1], meter))

    def continued(
        self,
        played: Bars,
        bars: int,
        chart: Chart,
        seed: int,
        conditions: Conditions,
        request: SongRequest = NO_REQUEST,
    ) -> Plan:
        """The plan of a song that begins with bars that were played and goes on with `bars` bars of a chart, in its
        meter."""
        chords, blocks = read_chart_of_bars(played, self.band)
        draft = draft_of(split_long_bars(chart), blocks, chords, len(played) + bars)
        if request.joining is not None:
            draft = with_joining(draft, played, self.band, request.joining)
        strength = self._trait_strength(conditions, request.strict_chords)
        requested = conditions.traits != UNKNOWN_CLASS
        conditions = self.with_traits(conditions, traits_of_beginning(played), seed)
        written, whole = self.chart_writer.write(draft, conditions, 1.0, seed)
        written = np.concatenate([chords[: blocks.phase], written])[: len(played) + bars]
        lines = played.lines.followed_by(bars, chart.meter)
        doublings: Doublings = {}
        rng = np.random.default_rng([seed, DOUBLING_STREAM, 0])
        if not len(played.notes):
            doublings = draw_doublings(self.band, ~requested.any(1), rng)
            conditions = with_doublings(conditions, doublings)
        plan = self._plan(whole, written, conditions, request.players, lines)
        doubled = doubled_in_bars(doublings, len(written), len(self.band), rng)
        return replace(plan, trait_strength=strength, doubled=doubled)

    def accompanied(
        self,
        song: Bars,
        known: NDArray[np.bool_],
        seed: int,
        conditions: Conditions,
        request: SongRequest = NO_REQUEST,
    ) -> Plan:
        """The plan of new parts to the `known` parts (bars, instruments) of a song: their form and their chords, or
        those that are asked for. The chart writer adds which other instruments play, and the chords of half bars in
        which and near which the known parts have none."""
        cells = [
            song.cell(bar, i) if known[bar, i] else NO_NOTES for bar in range(len(song)) for i in range(len(self.band))
        ]
        kept = Bars.from_cells(cells, len(self.band), song.lines)
        chords, blocks = read_chart_of_bars(kept, self.band)
        chords = fill_chords(chords) if request.chart is None else _repeated(request.chart, len(song))
        draft = ChartDraft.from_played(blocks, chords, len(song), len(self.band))
        active = np.where(known.all(0), blocks.active, UNKNOWN)
        open_chords = np.where(draft.chords == NO_CHORD, UNKNOWN, draft.chords)
        draft = replace(draft, active=active, chords=open_chords)
        strength = self._trait_strength(conditions, strict_chords=True)
        conditions = self.with_traits(conditions, read_traits(kept), seed)
        written, whole = self.chart_writer.write(draft, conditions, 1.0, seed)
        written = np.concatenate([chords[: blocks.phase], written])[: len(song)]
        plan = self._plan(whole, written, conditions, request.players, song.lines)
        return replace(plan, trait_strength=strength)

    def _plan(
        self, blocks: Blocks, chords: Labels, conditions: Conditions, players: Collection[str], lines: BarLines
    ) -> Plan:
        """players: see `SongRequest`."""
        if not players:
            return Plan.from_blocks(blocks, chords, conditions, lines)
        plan = Plan.from_blocks(with_players(blocks, self.band, players), chords, conditions, lines)
        return replace(plan, min_share=min_shares(plan, self.band, players))

    def rewritten(self, song: Bars, request: SongRequest = NO_REQUEST) -> Plan:
        """The plan of a song of which bars are written anew: its own, with the chords that are asked for. They need not
        repeat what the song repeats."""
        chords, blocks = read_chart_of_bars(song, self.band)
        if request.chart is not None:
            chords = _repeated(request.chart, len(song))
        strength = self._trait_strength(self.conditions(), request.strict_chords)
        strength[:, [REPEATED, AS_BEFORE]] = 0
        conditions = replace(self.conditions(), traits=read_traits(song))
        plan = Plan.from_blocks(blocks, chords, conditions, song.lines)
        return replace(plan, trait_strength=strength)


def _density_strength(instrument: Instrument) -> float:
    if instrument.is_drum:
        return DENSITY_STRENGTH_OF_DRUMS
    return DENSITY_STRENGTH_OF_BASS if instrument.is_bass else DENSITY_STRENGTH


def _repeated(chart: Chart, bars: int) -> Labels:
    """(bars, 2): the chords of a chart, again and again."""
    return np.resize(split_long_bars(chart).chords, (bars, 2))
