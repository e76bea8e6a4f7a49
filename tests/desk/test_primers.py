"""Primers from held-out songs, from named ones and from files are on the grid of the band."""

from pathlib import Path

import pytest

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.primers import RANDOM, find_primers
from pianoroll_vae.errors import FileUnreadable, NothingFound
from pianoroll_vae.models.arranger.play.band import ArrangerBand
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.song import Song
from pianoroll_vae.stages import init
from pianoroll_vae.stages.generate import generate_songs
from pianoroll_vae.workspace import DATASET, Workspace
from tests.arranger_dataset import arranger_dataset
from tests.midi_files import melody_file, midi_file
from tests.thesis_dataset import thesis_dataset

SIXTEENTHS = Grid(steps_per_beat=4, segment_beats=16, rounding="nearest")


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    init.run(tmp_path)
    return Workspace.find(tmp_path)


def test_each_seed_has_a_primer_from_another_held_out_song(here: Workspace) -> None:
    dataset = arranger_dataset(here.path(DATASET), songs=30, bars=20)
    primers = find_primers(here, RANDOM, [1, 2], LPD5, SIXTEENTHS)
    held_out = [dataset.song(i) for i, entry in enumerate(dataset.songs) if entry.split != "train"]
    assert len({primer.notes.start.tobytes() for primer in primers}) == 2
    for primer in primers:
        assert any(is_part(primer, song) for song in held_out)
    again = find_primers(here, RANDOM, [1, 2], LPD5, SIXTEENTHS)
    assert [primer.notes for primer in primers] == [primer.notes for primer in again]


def is_part(primer: Song, song: Song) -> bool:
    """Whether the primer is a segment of the song."""
    starts = range(0, song.steps - primer.steps + 1, primer.steps)
    return any(song.notes.between(start, start + primer.steps) == primer.notes for start in starts)


@pytest.mark.parametrize("asked", [RANDOM, f"{0:032x}"])
def test_primers_from_a_dataset_on_another_grid_are_regridded(here: Workspace, ensemble: Ensemble, asked: str) -> None:
    for make, steps_per_beat in ((thesis_dataset, 2), (arranger_dataset, 4)):
        made: Dataset = make(here.path(DATASET))
        assert made.steps_per_beat == steps_per_beat
        [primer] = find_primers(here, asked, [1], LPD5, ensemble.recipe.grid)
        assert (primer.steps_per_beat, primer.beats) == (ensemble.steps_per_beat, 16)
        [song] = generate_songs(ensemble, [primer], [1], MusicOptions(), default_phrases=2)
        assert (song.steps_per_beat, song.beats) == (ensemble.steps_per_beat, 48)
        assert song.notes.between(0, primer.steps) == primer.notes
        assert (song.notes.end <= song.steps).all()
        later = song.notes.start >= primer.steps
        assert later.any()


def test_a_dataset_of_another_band_is_refused(here: Workspace) -> None:
    arranger_dataset(here.path(DATASET))
    with pytest.raises(NothingFound, match="dataset is of the band lpd5, the model of the band lpd17") as caught:
        find_primers(here, RANDOM, [1], LPD17, SIXTEENTHS)
    assert "--primer" in caught.value.hint


def test_a_primer_is_found_by_md5_or_as_a_file(here: Workspace, tmp_path: Path) -> None:
    dataset = arranger_dataset(here.path(DATASET))
    named = find_primers(here, dataset.songs[5].md5, [1, 2], LPD5, SIXTEENTHS)
    assert named[0].notes == named[1].notes
    assert is_part(named[0], dataset.song(5))
    path = midi_file(tmp_path / "a.mid")
    for workspace in (here, None):
        [primer] = find_primers(workspace, str(path), [1], LPD5, SIXTEENTHS)
        assert (primer.steps, primer.steps_per_beat) == (64, 4)


def test_an_unknown_primer_is_refused(here: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="'abc' is not a MIDI file, and there is no workspace") as caught:
        find_primers(None, "abc", [1], LPD5, SIXTEENTHS)
    assert "vaemusic init" in caught.value.hint
    arranger_dataset(here.path(DATASET))
    with pytest.raises(NothingFound, match="dataset has no song 'abc'"):
        find_primers(here, "abc", [1], LPD5, SIXTEENTHS)
    (tmp_path / "abc.txt").write_text("words")
    with pytest.raises(FileUnreadable, match=r"abc\.txt is not a MIDI file"):
        find_primers(here, str(tmp_path / "abc.txt"), [1], LPD5, SIXTEENTHS)
    with pytest.raises(NothingFound, match="No instrument plays"):
        find_primers(here, str(melody_file(tmp_path / "none.mid", ())), [1], LPD5, SIXTEENTHS)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_sections_return_and_songs_of_one_call_differ(here: Workspace, ensemble: Ensemble, noise: float) -> None:
    arranger_dataset(here.path(DATASET), songs=30)
    primers = find_primers(here, RANDOM, [1, 2], LPD5, ensemble.recipe.grid)
    options = MusicOptions(noise={"": noise})
    songs = generate_songs(ensemble, primers, [1, 2], options, default_phrases=3, only_new=True, form="ABA")
    phrase = ensemble.phrase_steps
    for song in songs:
        assert song.steps == 3 * phrase
        first, last = song.notes.between(0, phrase), song.notes.between(2 * phrase, 3 * phrase)
        if noise == 0:
            assert first == last
        elif isinstance(ensemble, ArrangerBand):
            assert set(zip(first.start, first.pitch, strict=True)) & set(zip(last.start, last.pitch, strict=True))
    assert noise == 0 or songs[0].notes != songs[1].notes
