"""Primers from held-out songs, from named ones and from files are on the grid of the band."""

from pathlib import Path

import pytest

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.new_songs import NewSongOptions, generate_songs
from pianoroll_vae.desk.primers import AUTO, NONE, RANDOM, find_primers
from pianoroll_vae.errors import FileUnreadable, NothingFound, SettingInvalid
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import LPD5, LPD17, Band
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.song import MAX_TEMPO, MIN_TEMPO, Song
from pianoroll_vae.stages import init
from pianoroll_vae.workspace import DATASET, Workspace
from tests.arranger_dataset import arranger_dataset
from tests.midi_files import melody_file, midi_file
from tests.small_arranger import SMALL_ARRANGER
from tests.thesis_dataset import thesis_dataset


def untrained(band: Band = LPD5) -> Ensemble:
    """An arranger without weights: finding a primer needs none."""
    return ArrangerBand(SMALL_ARRANGER, band, {}, {}, {})


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    init.run(tmp_path)
    return Workspace.find(tmp_path)


def test_each_seed_has_a_primer_from_another_held_out_song(here: Workspace) -> None:
    dataset = arranger_dataset(here.path(DATASET), songs=30, bars=20)
    primers = find_primers(here, RANDOM, [1, 2], untrained())
    held_out = [dataset.song(i) for i, entry in enumerate(dataset.songs) if entry.split != "train"]
    assert len({primer.notes.start.tobytes() for primer in primers}) == 2
    for primer in primers:
        assert any(is_part(primer, song) for song in held_out)
    again = find_primers(here, RANDOM, [1, 2], untrained())
    assert [primer.notes for primer in primers] == [primer.notes for primer in again]


def is_part(primer: Song, song: Song) -> bool:
    """Whether the primer is a segment of the song."""
    starts = range(0, song.steps - primer.steps + 1, primer.steps)
    return any(song.notes.between(start, start + primer.steps) == primer.notes for start in starts)


@pytest.mark.parametrize("asked", [RANDOM, f"{0:032x}"])
def test_primers_from_a_dataset_on_another_grid_are_regridded(here: Workspace, ensemble: Ensemble, asked: str) -> None:
    for make, steps_per_beat in ((thesis_dataset, 2), (arranger_dataset, 12)):
        dataset: Dataset = make(here.path(DATASET))
        assert dataset.steps_per_beat == steps_per_beat
        [primer] = find_primers(here, asked, [1], ensemble)
        assert (primer.steps_per_beat, primer.beats) == (ensemble.steps_per_beat, 16)
        [made] = generate_songs(ensemble, [primer], [1], NewSongOptions(default_phrases=2))
        song = made.new
        assert (song.steps_per_beat, song.beats) == (ensemble.steps_per_beat, 48)
        assert song.notes.between(0, primer.steps) == primer.notes
        assert (song.notes.end <= song.steps).all()
        later = song.notes.start >= primer.steps
        assert later.any()


def test_a_dataset_of_another_band_is_refused(here: Workspace) -> None:
    arranger_dataset(here.path(DATASET))
    with pytest.raises(NothingFound, match="dataset is of the band lpd5, the model of the band lpd17") as caught:
        find_primers(here, RANDOM, [1], untrained(LPD17))
    assert "--primer" in caught.value.hint


def test_a_primer_is_found_by_md5_or_as_a_file(here: Workspace, tmp_path: Path) -> None:
    dataset = arranger_dataset(here.path(DATASET))
    named = find_primers(here, dataset.songs[5].md5, [1, 2], untrained())
    assert named[0].notes == named[1].notes
    assert is_part(named[0], dataset.song(5))
    assert named[0].name == (dataset.songs[5].title or dataset.songs[5].track_id or dataset.songs[5].md5) != ""
    path = midi_file(tmp_path / "a.mid")
    for workspace in (here, None):
        [primer] = find_primers(workspace, str(path), [1], untrained())
        assert (primer.steps, primer.steps_per_beat) == (192, 12)


def test_an_unknown_primer_is_refused(here: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="no dataset to find the primer 'abc' in") as caught:
        find_primers(None, "abc", [1], untrained())
    assert "vaemusic init" in caught.value.hint
    arranger_dataset(here.path(DATASET))
    with pytest.raises(NothingFound, match="dataset has no song 'abc'"):
        find_primers(here, "abc", [1], untrained())
    (tmp_path / "abc.txt").write_text("words")
    with pytest.raises(FileUnreadable, match=r"abc\.txt is not a MIDI file"):
        find_primers(here, str(tmp_path / "abc.txt"), [1], untrained())
    with pytest.raises(NothingFound, match="No instrument plays"):
        find_primers(here, str(melody_file(tmp_path / "none.mid", ())), [1], untrained())


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_sections_return_and_songs_of_one_call_differ(here: Workspace, ensemble: Ensemble, noise: float) -> None:
    arranger_dataset(here.path(DATASET), songs=30)
    primers = find_primers(here, RANDOM, [1, 2], ensemble)
    asked = NewSongOptions(MusicOptions(noise={"": noise}), default_phrases=3, only_new=True, form="ABA")
    made = generate_songs(ensemble, primers, [1, 2], asked)
    phrase = ensemble.phrase_steps
    for arrangement in made:
        song, chart = arrangement.new, arrangement.chart
        assert song.steps == 3 * phrase
        assert (chart is not None) == ensemble.plays_charts
        if chart is not None:
            assert sum(section.bars for section in chart.sections) == chart.bars == 12
        elif noise == 0:
            assert song.notes.between(0, phrase) == song.notes.between(2 * phrase, 3 * phrase)
    assert noise == 0 or made[0].new.notes != made[1].new.notes


def test_a_band_that_plays_charts_needs_no_primer(ensemble: Ensemble) -> None:
    if not ensemble.plays_charts:
        with pytest.raises(SettingInvalid, match="needs a primer") as caught:
            find_primers(None, NONE, [1], ensemble)
        assert "--primer" in caught.value.hint
        return
    seeds = list(range(40))
    silence = find_primers(None, AUTO, seeds, ensemble)
    assert all(song.steps == len(song.notes) == 0 for song in silence)
    assert {song.steps_per_beat for song in silence} == {ensemble.steps_per_beat}
    tempi = [song.tempo[0][1] for song in silence]
    assert tempi == [song.tempo[0][1] for song in find_primers(None, NONE, seeds, ensemble)]
    assert len(set(tempi)) > 10
    assert MIN_TEMPO < min(tempi) < 112 < max(tempi) < MAX_TEMPO
    assert [song.tempo for song in find_primers(None, NONE, [1, 2], ensemble, 90.0)] == [((0, 90.0),)] * 2


def test_a_band_that_needs_a_primer_has_a_random_one(here: Workspace, ensemble: Ensemble) -> None:
    arranger_dataset(here.path(DATASET), songs=30)
    auto, random = (find_primers(here, asked, [1, 2], ensemble) for asked in (AUTO, RANDOM))
    assert all(len(song.notes) for song in random)
    assert ([song.notes for song in auto] == [song.notes for song in random]) != ensemble.plays_charts
