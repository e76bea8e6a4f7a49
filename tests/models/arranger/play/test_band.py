"""The arranger's band: given notes are kept, equal bars stay equal, a seed gives the same notes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import ArtifactMissing, ArtifactStale
from pianoroll_vae.models.arranger.conditions import tempo_class
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.arranger.play.chart_writer import ChartDraft
from pianoroll_vae.models.arranger.play.charts import with_sections
from pianoroll_vae.models.arranger.play.key_bonus import chord_bonus
from pianoroll_vae.models.arranger.play.plan import read_chart_of_bars
from pianoroll_vae.models.arranger.play.players import min_share_of
from pianoroll_vae.models.arranger.play.weights import Tensors
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REST
from pianoroll_vae.models.ensemble import REWRITE_NOISE, Sampling, SongRequest
from pianoroll_vae.models.model_files import load_band
from pianoroll_vae.models.training.checkpoint import save_trained
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import LENGTHS, SILENT, VELOCITIES, BarNotes, Bars
from pianoroll_vae.music.chart import Chart, Section, parse_chart
from pianoroll_vae.music.key import Key, parse_key
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BARS
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import BAR_VAE, CONDITIONAL, MELODY, VAE, Workspace
from tests.small_arranger import (
    DRUMS,
    SMALL_ARRANGER,
    bar_notes,
    loops,
    small_arranger_weights,
    small_arranger_workspace,
)

ONES, ZEROS = np.ones(5, np.float32), np.zeros(5, np.float32)
SIZE = 1 + SMALL_ARRANGER.bar_vae.latent_size


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_arranger_workspace(tmp_path_factory.mktemp("arranger"))


def load(workspace: Workspace) -> ArrangerBand:
    band = load_band(*(workspace.path(part) for part in (VAE, MELODY, CONDITIONAL, BAR_VAE)))
    assert isinstance(band, ArrangerBand)
    return band


@pytest.fixture(scope="module")
def band(workspace: Workspace) -> ArrangerBand:
    return load(workspace)


def cells_of(bars: Bars, columns: int = 4) -> list[list[list[int]]]:
    return [bars.cell(*where)[:, :columns].tolist() for where in np.ndindex(len(bars), bars.instruments)]


def cell_list(bars: Bars) -> list[BarNotes]:
    return [bars.cell(*where) for where in np.ndindex(len(bars), bars.instruments)]


def as_song(bars: Bars) -> Song:
    steps = len(bars) * TWELFTHS_PER_BAR
    return Song(LPD5, bars.to_notes().between(0, steps), steps, TWELFTHS_PER_BEAT)


def continued(
    band: ArrangerBand,
    primers: Sequence[Bars],
    bars: int,
    noise: float = 1.0,
    seeds: Sequence[int] = (0,),
    chart: Chart | None = None,
) -> list[Bars]:
    """The bars that follow each primer."""
    charts = None if chart is None else [chart] * len(primers)
    songs = band.continue_(
        list(map(as_song, primers)), -(-bars // PHRASE_BARS), Sampling(noise), seeds=seeds, charts=charts
    )
    return [Bars.from_notes(song, bars * TWELFTHS_PER_BAR, DRUMS) for song in songs]


def chart_of(text: str) -> Chart:
    return parse_chart(text)[0]


def is_valid(cell: BarNotes) -> bool:
    """Whether a bar's notes lie in range, forward in time, and upwards where several begin at once."""
    order = [tuple(note) for note in cell[:, :2].tolist()]
    return (
        order == sorted(set(order))
        and bool((cell[:, 0] < TWELFTHS_PER_BAR).all())
        and bool((cell[:, 1] < 128).all())
        and bool((cell[:, 2] < len(LENGTHS)).all())
        and bool((cell[:, 3] < VELOCITIES).all())
    )


WALTZ = BarLines.even(8, (3, 4))


def waltz(seed: int = 0) -> Song:
    """Eight bars of 3/4."""
    notes = Bars.from_cells(cell_list(loops(8, seed)), 5, WALTZ).to_notes().between(0, 8 * 36)
    return Song(LPD5, notes, 8 * 36, TWELFTHS_PER_BEAT, meters=((0, 3, 4),))


def test_what_follows_a_song_in_three_four_has_bars_of_three_beats(band: ArrangerBand) -> None:
    [chart] = band.write_charts([waltz()], 8)
    assert chart is not None
    assert chart.meter == (3, 4)
    [notes] = band.continue_([waltz()], 2, charts=[chart])
    bars = Bars.from_notes(notes, 8 * 36, DRUMS, WALTZ)
    assert notes.end.max() <= 8 * 36
    repeated = bars.source.reshape(8, 5)
    assert ((repeated != SILENT) & (repeated < np.arange(8)[:, None])).any()


def test_what_follows_a_song_in_five_four_is_in_its_bars(band: ArrangerBand) -> None:
    lines = BarLines.of_meter(16, (5, 4))
    notes = Bars.from_cells(cell_list(loops(16, 0)), 5, lines).to_notes().between(0, 8 * 60)
    song = Song(LPD5, notes, 8 * 60, TWELFTHS_PER_BEAT, meters=((0, 5, 4),))
    assert band.to_bars(song).lines.lengths.tolist() == [36, 24] * 8
    assert band.phrase_beats((5, 4)) == 10
    [chart] = band.write_charts([song], 4)
    assert chart is not None
    assert (chart.meter, chart.bars, sum(section.bars for section in chart.sections)) == ((5, 4), 4, 4)
    [new] = band.continue_([song], 2, charts=[chart])
    assert new.end.max() <= 4 * 60
    assert len(new)


def test_parts_to_a_song_in_three_four_are_written_in_its_bars(band: ArrangerBand) -> None:
    song = waltz()
    notes = band.accompany(song, [True, False, False, False, False])
    assert notes[notes.instrument == 0] == song.notes[song.notes.instrument == 0]
    assert set(notes.instrument.tolist()) > {0}
    assert notes.end.max() <= song.steps


def test_songs_in_three_four_are_decoded_and_mixed_without_a_fourth_beat(band: ArrangerBand) -> None:
    song, phrases = waltz(), np.array([[0, 1], [0, 1]])
    assert band.reconstruct(song).end.max() <= song.steps
    mixed = band.mix([song, as_song(loops(8, 2))], phrases, np.full((2, 2), 0.5), meter=(3, 4))
    assert mixed.end.max() <= 8 * 36


def test_a_bar_repeats_only_bars_that_are_as_long(band: ArrangerBand) -> None:
    lines = BarLines.even(4).followed_by(4, (3, 4))
    played = Bars.from_cells(cell_list(loops(8, 1, kinds=1)), 5, lines)
    plan = band.planner.rewritten(played)
    assert plan.same_length.sum(1).tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert np.flatnonzero(plan.same_length[6]).tolist() == [0, 1]


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.5])
def test_sampled_notes_are_in_range_and_in_order(band: ArrangerBand, noise: float) -> None:
    song = continued(band, [loops(4)], 12, noise, [3])[0]
    assert len(song) == 12
    assert all(is_valid(song.cell(*where)) for where in np.ndindex(12, 5))
    assert not any(
        song.cell(bar, instrument)[:, 2].any() for bar in range(12) for instrument in np.flatnonzero(DRUMS).tolist()
    )
    assert len(song.notes)


def test_instruments_rest_repeat_and_play_new_bars(band: ArrangerBand) -> None:
    """Otherwise the other tests would test little."""
    source = continued(band, [loops(4)], 24, seeds=[3])[0].source.reshape(24, 5)
    assert (source == SILENT).any()
    assert (source == np.arange(24)[:, None]).any()
    assert ((source != SILENT) & (source != np.arange(24)[:, None])).any()


@pytest.mark.parametrize("songs", [1, 3])
def test_a_seed_gives_the_same_song(band: ArrangerBand, songs: int) -> None:
    primers = [as_song(loops(4, seed)) for seed in range(songs)]
    once, again, other = (band.continue_(primers, 2, seeds=range(first, first + songs)) for first in (1, 1, 50))
    assert once == again
    assert all(mine != theirs for mine, theirs in zip(once, other, strict=True))


def test_primers_of_different_lengths_are_continued_in_one_batch(band: ArrangerBand) -> None:
    played = band.continue_([as_song(loops(bars, bars)) for bars in (1, 4, 7)], 1, seeds=[1, 2, 3])
    assert len(played) == 3
    for song in played:
        assert (song.start < PHRASE_BARS * TWELFTHS_PER_BAR).all()
        assert (song.end <= PHRASE_BARS * TWELFTHS_PER_BAR).all()


def test_a_song_is_the_same_alone_and_among_others(band: ArrangerBand) -> None:
    primers, seeds = [as_song(loops(bars, bars)) for bars in (4, 1, 6, 2, 3)], [5, 6, 7, 8, 9]
    many = band.continue_(primers, 2, seeds=seeds)
    alone = [band.continue_([primer], 2, seeds=[seed])[0] for primer, seed in zip(primers, seeds, strict=True)]
    assert many == alone
    assert all(len(song) for song in many)


def always(kind: int) -> Callable[[Tensors], Tensors]:
    """A prior that chooses one kind of bar wherever it may."""

    def changed(prior: Tensors) -> Tensors:
        bias = prior["heads.action.bias"].copy()
        bias[:, kind] = 30
        return {**prior, "heads.action.bias": bias}

    return changed


def test_instruments_play_in_the_blocks_of_the_chart_in_which_they_are_active(band: ArrangerBand) -> None:
    """Once at least, though the prior rests, and not at all in others, though the prior plays."""
    primer, chart = loops(0), chart_of("[A]\n| C | Am | F | G |\n[B]\n| Dm | G | C | C |\n[A]\n[B]\n")
    blocks = band.planner.continued(primer, 16, chart, 3, band.planner.conditions(as_song(primer))).active[::4]
    assert blocks.any()
    assert not blocks.all()
    for kind in (REST, NEW):
        melody, conditional = map(always(kind), (band.melody, band.conditional))
        changed = replace(band, melody=melody, conditional=conditional)
        [song] = continued(changed, [primer], 16, seeds=[3], chart=chart)
        playing = (song.source.reshape(4, 4, 5) != SILENT).sum(1)
        assert np.array_equal(playing > 0, blocks)
        assert set(playing[blocks].tolist()) == ({1} if kind == REST else {4})


def test_players_play_their_share_though_the_prior_rests(band: ArrangerBand) -> None:
    song, players = loops(18, seed=4), ("guitar", "bass", "drums")
    melody, conditional = map(always(REST), (band.melody, band.conditional))
    changed = replace(band, melody=melody, conditional=conditional)
    known, request = (True, False, False, False, False), SongRequest(players=players)
    played = changed.accompany_bars(song, known, seed=2, request=request)
    plays = (played.source.reshape(18, 5) != SILENT).mean(0)
    for name in players:
        assert plays[LPD5.index(name)] >= min_share_of(name)
    assert plays[LPD5.index("strings")] < min_share_of("strings")


def test_a_seed_gives_the_same_notes_at_noise_and_temperature_0(band: ArrangerBand) -> None:
    primer = [as_song(loops(4))]
    notes = band.continue_(primer, 2, Sampling(0.0, 0.0), seeds=[1])
    assert notes == band.continue_(primer, 2, Sampling(0.0, 0.0), seeds=[1])


def test_finished_phrases_are_reported(band: ArrangerBand) -> None:
    phrases: list[int] = []
    band.continue_([as_song(loops(4, seed)) for seed in (1, 2)], 3, seeds=[1, 2], on_phrases=phrases.append)
    assert sum(phrases) == 2 * 3


@pytest.mark.parametrize("known", list(product([True, False], repeat=5))[1:-1:3])
def test_known_instruments_keep_all_their_notes(band: ArrangerBand, known: Sequence[bool]) -> None:
    song = loops(9, seed=4)
    played = band.accompany_bars(song, known, seed=2)
    assert len(played) == len(song)
    for bar, instrument in np.ndindex(len(song), 5):
        if known[instrument]:
            assert played.cell(bar, instrument).tolist() == song.cell(bar, instrument).tolist()
    assert any(
        len(played.cell(bar, instrument)) for bar in range(9) for instrument in range(5) if not known[instrument]
    )


def test_an_accompaniment_depends_on_the_known_instruments(band: ArrangerBand) -> None:
    drums_only, other_drums = (
        band.accompany(as_song(loops(8, seed)), (False, False, False, False, True), seed=1) for seed in (1, 2)
    )
    assert drums_only[~DRUMS[drums_only.instrument]] != other_drums[~DRUMS[other_drums.instrument]]


def test_a_long_song_is_accompanied_to_its_end(band: ArrangerBand) -> None:
    song = loops(3 * MEMORY_BARS, seed=6, kinds=40)
    played = band.accompany_bars(song, (True, False, True, True, True), seed=1)
    assert len(played) == len(song)
    assert cells_of(played)[0::5] == cells_of(song)[0::5]


def test_noise_0_changes_nothing(band: ArrangerBand) -> None:
    song = loops(12, seed=2)
    columns = song.notes.copy()
    columns[:, 3] = np.random.default_rng(0).integers(1, 8, len(columns))  # equal bars have other velocities
    song = replace(song, notes=columns)
    assert cells_of(band.vary_bars(song, ZEROS, [1])) == cells_of(song)
    notes = as_song(song).notes
    assert band.vary_notes(notes, 12 * TWELFTHS_PER_BAR, ZEROS, [1]) == notes


@pytest.mark.parametrize("amount", [0.9, 2.0])
def test_only_instruments_with_noise_change(band: ArrangerBand, amount: float) -> None:
    song, noise = loops(12, seed=2), np.array([0, amount, 0, 0, 0], np.float32)
    varied = band.vary_bars(song, noise, [1])
    changed = [where for where in np.ndindex(12, 5) if varied.cell(*where).tolist() != song.cell(*where).tolist()]
    assert {instrument for _, instrument in changed} == {1}


def test_equal_bars_stay_equal(band: ArrangerBand) -> None:
    song = loops(20, seed=2)
    varied = band.vary_bars(song, 0.9 * ONES, [1])
    assert cells_of(varied) != cells_of(song)
    for instrument in range(5):
        for bar in range(20):
            source = song.source[bar * 5 + instrument]
            if source == SILENT:
                assert not len(varied.cell(bar, instrument))
            else:
                assert varied.cell(bar, instrument).tolist() == varied.cell(source, instrument).tolist()


def test_equal_bars_stay_equal_however_far_apart(band: ArrangerBand) -> None:
    nothing = [np.zeros((0, 4), np.uint8)] * 5
    line = [bar_notes(np.random.default_rng(instrument), 5, bool(DRUMS[instrument])) for instrument in range(5)]
    cells = [*line, *nothing * (MEMORY_BARS + 3), *line]
    song = Bars.from_cells(cells, 5)
    varied = band.vary_bars(song, 0.9 * ONES, [1])
    assert cells_of(varied)[:5] == cells_of(varied)[-5:]
    assert cells_of(varied)[:5] != cells_of(song)[:5]


def test_fixed_bars_are_kept_though_equal_ones_change(band: ArrangerBand) -> None:
    line = [bar_notes(np.random.default_rng(instrument), 5, bool(DRUMS[instrument])) for instrument in range(5)]
    song = Bars.from_cells(line * 8, 5)
    fixed = np.ones((8, 5), np.bool_)
    fixed[4:6] = False
    varied = band.vary_bars(song, 0.9 * ONES, [1], fixed)
    assert cells_of(varied)[:20] == cells_of(song)[:20]
    assert cells_of(varied)[30:] == cells_of(song)[30:]
    assert all(mine != theirs for mine, theirs in zip(cells_of(varied)[20:25], cells_of(song)[20:25], strict=True))
    assert cells_of(varied)[20:25] == cells_of(varied)[25:30]


def test_with_much_noise_bars_are_written_anew_and_may_rest(band: ArrangerBand) -> None:
    song = loops(24, seed=2)
    varied = band.vary_bars(song, REWRITE_NOISE * ONES, [1])
    assert len(varied) == 24
    assert not np.array_equal(varied.source >= 0, song.source >= 0)


def test_a_latent_holds_a_bar_and_whether_the_instrument_plays_in_it(band: ArrangerBand) -> None:
    bars = loops(10, seed=3)
    latents = band.encode(as_song(bars))
    assert latents.shape == (10, 5, SIZE)
    assert np.array_equal(latents[..., 0] > 0, np.diff(bars.first).reshape(10, 5) > 0)


def test_decoded_bars_are_equal_where_their_latents_are(band: ArrangerBand) -> None:
    latents = band.encode(as_song(loops(8, seed=3, kinds=2)))
    song = Bars.from_notes(band.decode(latents), 8 * TWELFTHS_PER_BAR, DRUMS)
    assert not (np.diff(song.first).reshape(8, 5) > 0)[latents[..., 0] < 0].any()
    for instrument, one, other in product(range(5), range(8), range(8)):
        if np.array_equal(latents[one, instrument], latents[other, instrument]):
            same = song.cell(one, instrument)[:, [0, 1, 3]], song.cell(other, instrument)[:, [0, 1, 3]]
            assert np.array_equal(*same), "all but the lengths, which the next onset may cut"


def test_without_a_bar_vae_the_band_plays_and_names_the_command_for_the_rest(workspace: Workspace) -> None:
    band = load_band(*(workspace.path(part) for part in (VAE, MELODY, CONDITIONAL)))
    song = as_song(loops(4, seed=1))
    assert len(band.continue_([song], 1, seeds=[1])[0])
    with pytest.raises(ArtifactMissing, match="bar VAE") as caught:
        band.reconstruct(song)
    assert caught.value.hint == "Run: vaemusic train vae"


def test_an_empty_song_is_encoded_decoded_and_varied(band: ArrangerBand) -> None:
    assert len(band.vary_notes(Notes.empty(), 0, ONES, [1])) == 0
    silence = Song(LPD5, Notes.empty(), 0, 24)
    assert not len(band.decode(band.encode(silence)))
    assert not len(band.reconstruct(silence))
    assert len(band.accompany(silence, (True, False, True, True, True))) == 0


def test_a_note_that_rounds_to_the_last_bar_line_adds_no_bar(band: ArrangerBand) -> None:
    late = Notes.tidy([0], [60], [4 * 96 - 1], [1], [90])
    song = Song(LPD5, late, 4 * 96, 24)
    assert len(band.to_bars(song)) == len(band.encode(song)) == 4
    played = band.continue_([song], 1, seeds=[1])[0]
    assert (played.start < PHRASE_BARS * TWELFTHS_PER_BAR).all()


def test_a_prior_of_another_vae_is_refused(tmp_path: Path) -> None:
    workspace = small_arranger_workspace(tmp_path)
    save_trained(
        workspace.path(VAE), "vae", SMALL_ARRANGER, LPD5, small_arranger_weights("vae", seed=6), {"dataset": ""}
    )
    with pytest.raises(ArtifactStale, match="was trained on another VAE") as caught:
        load(workspace)
    assert caught.value.hint == "Run: vaemusic train melody"


CHART = "{tempo: 90}\n[A]\n| C | Am | F | G |\n[B]\n| Dm | G | C | N.C. |\n[A]\n"


def test_a_song_begins_without_a_primer(band: ArrangerBand) -> None:
    silence = Song(LPD5, Notes.empty(), 0, TWELFTHS_PER_BEAT)
    [chart] = band.write_charts([silence], 8, seeds=[3])
    assert chart is not None
    assert chart.bars == sum(section.bars for section in chart.sections) == 8
    [played] = band.continue_([silence], 2, seeds=[3])
    assert len(played)
    assert [played] == band.continue_([silence], 2, seeds=[3], charts=[chart]), "the chart that it writes itself"


def test_a_chart_that_is_asked_for_is_the_chart_of_every_song(band: ArrangerBand) -> None:
    primers, request = [as_song(loops(4, seed)) for seed in (1, 2)], SongRequest(chart_of(CHART))
    assert band.write_charts(primers, 12, seeds=[1, 2], request=request) == [chart_of(CHART)] * 2


def test_a_song_has_the_chords_of_its_chart_after_those_of_the_primer(band: ArrangerBand) -> None:
    primer, chart = loops(6, 1), chart_of(CHART)
    plan = band.planner.continued(primer, 20, chart, 1, band.planner.conditions())
    assert len(plan.chords) == 26
    assert np.array_equal(plan.chords[6:18], chart.chords)
    assert np.array_equal(plan.chords[18:], chart.chords[:8]), "the chart is played again"
    assert np.array_equal(plan.chords[:6], read_chart_of_bars(primer, LPD5)[0])


def test_chords_change_the_notes_and_the_seed_keeps_the_rest(band: ArrangerBand) -> None:
    silence = Song(LPD5, Notes.empty(), 0, TWELFTHS_PER_BEAT)
    chart = chart_of(CHART)
    one, other = (band.continue_([silence], 3, seeds=[3], charts=[asked])[0] for asked in (chart, chart.transposed(5)))
    assert one != other
    first = one[one.start < TWELFTHS_PER_BAR // 2]
    assert len(first)


def test_a_chart_in_a_key_begins_on_its_tonic_unless_it_follows_a_primer(band: ArrangerBand) -> None:
    silence, primer = Song(LPD5, Notes.empty(), 0, TWELFTHS_PER_BEAT), as_song(loops(4, 1))
    for key, symbol in (("F# minor", "F#m"), ("Eb major", "Eb")):
        [first] = band.write_charts([silence], 8, seeds=[3], request=SongRequest(key=parse_key(key)))
        assert first is not None
        assert replace(first, key=parse_key(key)).symbols()[0] == symbol
    free, asked = (band.write_charts([primer], 8, seeds=[3], request=SongRequest(key=key)) for key in (None, Key(6)))
    assert free == asked


def test_a_chart_in_a_key_has_more_of_the_chords_that_tell_it(band: ArrangerBand) -> None:
    silence, key = Song(LPD5, Notes.empty(), 0, TWELFTHS_PER_BEAT), parse_key("E minor")
    free, asked = (
        band.write_charts([silence] * 12, 64, seeds=range(12), request=SongRequest(key=one)) for one in (None, key)
    )
    free_sum, asked_sum = (
        chord_bonus(key)[[c.chords for c in charts if c is not None]].sum() for charts in (free, asked)
    )
    assert asked_sum > free_sum


def test_the_form_that_is_asked_for_is_that_of_the_chart(band: ArrangerBand) -> None:
    silence = Song(LPD5, Notes.empty(), 0, TWELFTHS_PER_BEAT)
    sections = (Section("A", 8), Section("B", 8), Section("A", 8, 0))
    chords, blocks = read_chart_of_bars(band.to_bars(silence), LPD5)
    draft = ChartDraft.from_played(blocks, chords, 24, 5)
    assert with_sections(draft, 0, sections).form.tolist() == [0, 0, 0, 0, 4, 4]
    [chart] = band.write_charts([silence], 24, seeds=[1], request=SongRequest(sections=sections))
    assert chart is not None
    assert chart.bars == 24


def test_genres_tempo_and_densities_are_those_of_the_request_and_the_primer(band: ArrangerBand) -> None:
    knowing = replace(band, recipe=replace(band.recipe, genres=("blues", "rock")))
    request = SongRequest(genres=("rock",), density={"drums": "high", "bass": "low"})
    conditions = knowing.planner.conditions(replace(as_song(loops(1)), tempo=((0, 90.0), (12, 200.0))), request)
    assert np.flatnonzero(conditions.genres).tolist() == [1]
    assert int(conditions.tempo) == tempo_class(200)
    assert (conditions.traits > 0).any(1).tolist() == [name in ("drums", "bass") for name in LPD5.names]
