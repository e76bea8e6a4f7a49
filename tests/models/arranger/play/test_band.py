"""The band of the recipe arranger: what is given stays, what came back comes back, a seed gives the same notes."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import ArtifactStale
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.arranger.play.bar_latents import PHRASE_BARS, by_bars, by_phrase, same_before
from pianoroll_vae.models.arranger.play.weights import Tensors
from pianoroll_vae.models.arranger.sampling import COMEBACK_PROBABILITY, LONG_REST_BARS
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, REST
from pianoroll_vae.models.model_files import load_band
from pianoroll_vae.models.training.checkpoint import save_trained
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import BAR_STEPS, LENGTHS, SILENT, VELOCITIES, BarNotes, Bars
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Workspace
from tests.small_arranger import (
    DRUMS,
    SMALL_ARRANGER,
    bar_notes,
    loops,
    small_arranger_weights,
    small_arranger_workspace,
)

ONES, ZEROS = np.ones(5, np.float32), np.zeros(5, np.float32)
SIZE = PHRASE_BARS * (1 + SMALL_ARRANGER.latent_size)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_arranger_workspace(tmp_path_factory.mktemp("arranger"))


def load(workspace: Workspace) -> ArrangerBand:
    band = load_band(*(workspace.path(part) for part in (VAE, MELODY, CONDITIONAL)))
    assert isinstance(band, ArrangerBand)
    return band


@pytest.fixture(scope="module")
def band(workspace: Workspace) -> ArrangerBand:
    return load(workspace)


def say(bars: Bars, columns: int = 4) -> list[list[list[int]]]:
    return [bars.cell(*where)[:, :columns].tolist() for where in np.ndindex(len(bars), bars.instruments)]


def as_song(bars: Bars) -> Song:
    return Song(LPD5, bars.to_notes().between(0, len(bars) * BAR_STEPS), len(bars) * BAR_STEPS, 4)


def write_well(cell: BarNotes) -> bool:
    """Whether a bar's notes lie in range, forward in time, and upwards where several begin at once."""
    order = [tuple(note) for note in cell[:, :2].tolist()]
    return (
        order == sorted(set(order))
        and bool((cell[:, 0] < BAR_STEPS).all())
        and bool((cell[:, 1] < 128).all())
        and bool((cell[:, 2] < len(LENGTHS)).all())
        and bool((cell[:, 3] < VELOCITIES).all())
    )


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.5])
def test_what_is_written_is_in_range_and_in_order(band: ArrangerBand, noise: float) -> None:
    song = band.play([loops(4)], 12, noise, seeds=[3])[0]
    assert len(song) == 12
    assert all(write_well(song.cell(*where)) for where in np.ndindex(12, 5))
    assert not any(song.cell(bar, instrument)[:, 2].any() for bar in range(12) for instrument in np.flatnonzero(DRUMS))
    assert len(song.notes)


def test_the_band_rests_repeats_and_writes(band: ArrangerBand) -> None:
    """Else the tests beside this one would say little."""
    source = band.play([loops(4)], 24, seeds=[3])[0].source.reshape(24, 5)
    assert (source == SILENT).any()
    assert (source == np.arange(24)[:, None]).any()
    assert ((source != SILENT) & (source != np.arange(24)[:, None])).any()


@pytest.mark.parametrize("songs", [1, 3])
def test_a_seed_gives_the_same_song(band: ArrangerBand, songs: int) -> None:
    primers = [as_song(loops(4, seed)) for seed in range(songs)]
    once, again, other = (band.continue_(primers, 2, 1.0, seeds=range(first, first + songs)) for first in (1, 1, 50))
    assert once == again
    assert all(mine != theirs for mine, theirs in zip(once, other, strict=True))


def test_songs_go_on_from_primers_of_any_length_side_by_side(band: ArrangerBand) -> None:
    primers = [loops(bars, bars) for bars in (1, 4, 7)]
    played = band.play(primers, 5, seeds=[1, 2, 3])
    assert [len(song) for song in played] == [5, 5, 5]
    alone = band.continue_([as_song(primers[2])], 1, 1.0, seeds=[3])[0]
    assert (alone.start < PHRASE_BARS * BAR_STEPS).all()


def test_a_song_among_many_is_the_song_it_is_alone(band: ArrangerBand) -> None:
    primers, seeds = [loops(bars, bars) for bars in (4, 1, 6, 2, 3)], [5, 6, 7, 8, 9]
    told: list[None] = []
    many = band.play(primers, 6, seeds=seeds, bar_done=lambda: told.append(None))
    assert len(told) == sum(map(len, primers)) + 5 * 6
    alone = [band.play([primer], 6, seeds=[seed])[0] for primer, seed in zip(primers, seeds, strict=True)]
    assert [say(song) for song in many] == [say(song) for song in alone]


def test_whoever_has_played_comes_back_though_the_networks_believe_it_gone(band: ArrangerBand) -> None:
    def resting(plan: Tensors) -> Tensors:
        bias = plan["say.deed_bias"].copy()
        bias[:, REST] = 30
        return {**plan, "say.deed_bias": bias}

    resting_band = replace(band, melody=resting(band.melody), conditional=resting(band.conditional))
    primer = Bars.of_cells(
        [bar_notes(np.random.default_rng(instrument), 6 if instrument else 0) for instrument in range(5)], 5
    )
    played = resting_band.play([primer], LONG_REST_BARS + 400, seeds=[3])[0].source.reshape(-1, 5) >= 0
    assert not played[:LONG_REST_BARS].any()
    assert not played[:, 0].any(), "who has never played need not begin"
    begins = played[LONG_REST_BARS:, 1:].sum(0)
    assert (begins > 0).all()
    assert begins.mean() / 400 == pytest.approx(
        COMEBACK_PROBABILITY / (1 + LONG_REST_BARS * COMEBACK_PROBABILITY), rel=0.3
    )


def test_noise_and_temperature_of_nothing_leave_only_forms_and_lengths_to_chance(band: ArrangerBand) -> None:
    primer = [as_song(loops(4))]
    notes = band.continue_(primer, 2, ZEROS, temperature=ZEROS, seeds=[1])
    assert notes == band.continue_(primer, 2, ZEROS, temperature=ZEROS, seeds=[1])


def test_phrases_are_told_as_they_are_done(band: ArrangerBand) -> None:
    told: list[int] = []
    band.continue_([as_song(loops(4, seed)) for seed in (1, 2)], 3, 1.0, seeds=[1, 2], on_phrases=told.append)
    assert sum(told) == 2 * 3


@pytest.mark.parametrize("known", list(product([True, False], repeat=5))[1:-1:3])
def test_whoever_is_known_plays_note_for_note_what_he_plays(band: ArrangerBand, known: Sequence[bool]) -> None:
    song = loops(9, seed=4)
    played = band.play_along([song], known, seeds=[2])[0]
    assert len(played) == len(song)
    for bar, instrument in np.ndindex(len(song), 5):
        if known[instrument]:
            assert played.cell(bar, instrument).tolist() == song.cell(bar, instrument).tolist()
    assert any(
        len(played.cell(bar, instrument)) for bar in range(9) for instrument in range(5) if not known[instrument]
    )


def test_what_others_play_depends_on_who_is_known(band: ArrangerBand) -> None:
    drums_only, other_drums = (
        band.accompany(as_song(loops(8, seed)), (False, False, False, False, True), ONES, seed=1) for seed in (1, 2)
    )
    assert drums_only[drums_only.instrument == 0] != other_drums[other_drums.instrument == 0]


def test_a_long_song_is_accompanied_to_its_end(band: ArrangerBand) -> None:
    song = loops(3 * MEMORY_BARS, seed=6, kinds=40)
    played = band.play_along([song], (True, False, True, True, True), seeds=[1])[0]
    assert len(played) == len(song)
    assert say(played)[0::5] == say(song)[0::5]


@pytest.mark.parametrize("bars", [1, 12, MEMORY_BARS + 9])
def test_a_song_that_follows_itself_stays_itself(band: ArrangerBand, bars: int) -> None:
    song = loops(bars, seed=9)
    again = band.rewrite(band.heard(song), song, follow=1)
    assert say(again, 3) == say(song, 3)


def test_no_noise_changes_nothing(band: ArrangerBand) -> None:
    song = loops(12, seed=2)
    loud = song.notes.copy()
    loud[:, 3] = np.random.default_rng(0).integers(1, 8, len(loud))  # bars that come back are played otherwise
    song = replace(song, notes=loud)
    assert say(band.strayed(song, ZEROS, [1])) == say(song)
    notes = as_song(song).notes
    assert band.vary_notes(notes, 12 * BAR_STEPS, ZEROS, [1]) == notes


def test_only_whose_noise_it_is_changes(band: ArrangerBand) -> None:
    song, noise = loops(12, seed=2), np.array([0, 2, 0, 0, 0], np.float32)
    strayed = band.strayed(song, noise, [1])
    changed = [where for where in np.ndindex(12, 5) if strayed.cell(*where).tolist() != song.cell(*where).tolist()]
    assert {instrument for _, instrument in changed} == {1}


def test_bars_that_were_the_same_stay_the_same(band: ArrangerBand) -> None:
    song = loops(20, seed=2)
    strayed = band.strayed(song, 2 * ONES, [1])
    assert say(strayed) != say(song)
    for instrument in range(5):
        for bar in range(20):
            source = song.source[bar * 5 + instrument]
            if source == SILENT:
                assert not len(strayed.cell(bar, instrument))
            else:
                assert strayed.cell(bar, instrument).tolist() == strayed.cell(source, instrument).tolist()


def test_bars_that_were_the_same_stay_the_same_however_far_apart(band: ArrangerBand) -> None:
    nothing = [np.zeros((0, 4), np.uint8)] * 5
    line = [bar_notes(np.random.default_rng(instrument), 5, bool(DRUMS[instrument])) for instrument in range(5)]
    cells = [*line, *nothing * (MEMORY_BARS + 3), *line]
    song = Bars.of_cells(cells, 5)
    strayed = band.strayed(song, 2 * ONES, [1])
    assert say(strayed)[:5] == say(strayed)[-5:]
    assert say(strayed)[:5] != say(song)[:5]


def test_what_shall_stay_stays_and_what_shall_change_changes_though_it_was_the_same(band: ArrangerBand) -> None:
    line = [bar_notes(np.random.default_rng(instrument), 5, bool(DRUMS[instrument])) for instrument in range(5)]
    song = Bars.of_cells(line * 8, 5)
    stays = np.ones((8, 5), np.bool_)
    stays[4:6] = False
    strayed = band.strayed(song, 2 * ONES, [1], stays)
    assert say(strayed)[:20] == say(song)[:20]
    assert say(strayed)[30:] == say(song)[30:]
    assert all(mine != theirs for mine, theirs in zip(say(strayed)[20:25], say(song)[20:25], strict=True))
    assert say(strayed)[20:25] == say(strayed)[25:30]


def test_a_latent_says_of_four_bars_who_plays_and_what(band: ArrangerBand) -> None:
    song = as_song(loops(10, seed=3))
    phrases = band.to_phrases(song)
    assert phrases.shape == (3, 5, 64, 128)
    latents = band.encode(phrases)
    assert latents.shape == (3, 5, SIZE)
    by_bar = by_bars(latents)
    plays = np.array(
        [[len(band.bars_of(song).cell(bar, instrument)) > 0 for instrument in range(5)] for bar in range(10)]
    )
    assert np.array_equal(by_bar[:10, :, 0] > 0, plays)
    assert not (by_bar[10:, :, 0] > 0).any()
    assert band.decode(latents).shape == phrases.shape


def test_decoded_latents_play_where_they_say_so_and_alike_where_they_are(band: ArrangerBand) -> None:
    latents = band.encode(band.to_phrases(as_song(loops(8, seed=3, kinds=2))))
    by_bar = by_bars(latents)
    song = band.bars_of(Song(LPD5, band.decode_notes(latents), 128, 4))
    assert np.array_equal(np.diff(song.first).reshape(8, 5) > 0, by_bar[..., 0] > 0)
    for instrument, one, other in product(range(5), range(8), range(8)):
        if np.array_equal(by_bar[one, instrument], by_bar[other, instrument]):
            same = song.cell(one, instrument)[:, [0, 1, 3]], song.cell(other, instrument)[:, [0, 1, 3]]
            assert np.array_equal(*same), "though what still sounds may cut them short"


def test_phrases_are_decoded_each_by_itself(band: ArrangerBand) -> None:
    latents = band.encode(band.to_phrases(as_song(loops(12, seed=3))))
    rolls = band.decode(latents[[0, 1, 2, 0]])
    assert np.array_equal(rolls, band.decode(latents[[0, 1, 2, 0]]))
    assert np.array_equal(rolls[0], rolls[3])
    assert not np.array_equal(rolls[0], rolls[1])
    plays = by_phrase(by_bars(latents)[..., :1]) > 0
    for phrase, instrument in np.ndindex(3, 5):
        sounding = (rolls[phrase, instrument] > 0).any(1).reshape(PHRASE_BARS, BAR_STEPS).any(1)
        assert (sounding | ~plays[phrase, instrument]).all()


def test_latents_by_phrase_and_by_bar_are_the_same_numbers() -> None:
    latents = np.random.default_rng(0).standard_normal((8, 5, 3)).astype(np.float32)
    assert np.array_equal(by_bars(by_phrase(latents)), latents)
    assert by_phrase(latents)[1, 2].tolist() == latents[4:8, 2].ravel().tolist()


def test_a_latent_is_known_again_to_three_digits() -> None:
    latents = np.array([[[1, 0.5]], [[1, 0.7]], [[1, 0.5002]], [[1, 0.5]]], np.float32)
    assert same_before(latents)[:, 0].tolist() == [-1, -1, 0, 2]


def test_a_song_without_a_bar_is_no_trouble(band: ArrangerBand) -> None:
    assert len(band.vary_notes(Notes.empty(), 0, ONES, [1])) == 0
    silence = Song(LPD5, Notes.empty(), 0, 24)
    assert band.decode(band.encode(band.to_phrases(silence))).sum() == 0
    assert len(band.accompany(silence, (True, False, True, True, True), ONES)) == 0


def test_a_note_that_comes_to_lie_behind_the_last_bar_line_adds_no_bar(band: ArrangerBand) -> None:
    late = Notes.tidy([0], [60], [4 * 96 - 1], [1], [90])
    song = Song(LPD5, late, 4 * 96, 24)
    assert len(band.bars_of(song)) == PHRASE_BARS * len(band.to_phrases(song)) == 4
    played = band.continue_([song], 1, 1.0, seeds=[1])[0]
    assert (played.start < 64).all()


def test_songs_of_any_grid_are_heard_in_sixteenths(band: ArrangerBand) -> None:
    song = as_song(loops(4, seed=1))
    assert say(band.bars_of(song.regrid(24))) == say(band.bars_of(song))
    assert say(band.bars_of(song), 2) == say(loops(4, seed=1), 2)


def test_networks_that_learned_from_other_networks_are_refused(tmp_path: Path) -> None:
    workspace = small_arranger_workspace(tmp_path)
    save_trained(
        workspace.path(VAE), "vae", SMALL_ARRANGER, LPD5, small_arranger_weights("vae", seed=6), {"dataset": ""}
    )
    with pytest.raises(ArtifactStale, match="was trained on another VAE") as caught:
        load(workspace)
    assert caught.value.hint == "Run: vaemusic train melody"


def test_notes_struck_again_are_struck_again_though_a_roll_cannot_say_so(band: ArrangerBand) -> None:
    latents = band.encode(band.to_phrases(as_song(loops(16, seed=3))))
    notes = band.decode_notes(latents)
    rolls = notes.rolls(5, 16 * BAR_STEPS)
    assert len(Notes.from_performance(rolls, DRUMS)) < len(notes)
