"""Which phrases of several songs are mixed."""

from pathlib import Path

from pianoroll_vae.desk.mixing import mixed_length, notice_meters, phrases_of
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import SilentWatch
from tests.midi_files import midi_file


def test_a_shorter_song_is_played_again_from_its_first_phrase_on() -> None:
    long, short, empty = (Song(LPD5, Notes.empty(), beats * 24, 24) for beats in (60, 20, 0))
    assert phrases_of([long, short, empty], 5).tolist() == [[0, 1, 2, 3, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0]]


def test_a_song_in_three_four_has_phrases_of_four_of_its_bars() -> None:
    waltz = Song(LPD5, Notes.empty(), 24 * 24, 24, meters=((0, 3, 4),))
    assert phrases_of([waltz], 3, [12 * 24]).tolist() == [[0, 1, 0]]


def test_bars_of_another_meter_count_as_bars_of_the_first_song(ensemble: Ensemble) -> None:
    waltz = Song(LPD5, Notes.empty(), 24 * 24, 24, meters=((0, 3, 4),))
    march = Song(LPD5, Notes.empty(), 32 * 24, 24)
    assert mixed_length(ensemble, [march, march], (0.5, 0.5)) == 32 * 24
    bars_of_three = 24 * 24 if ensemble.reads_meters else 32 * 24
    assert mixed_length(ensemble, [waltz, march], (0, 1)) == bars_of_three


def test_the_meter_of_a_mix_of_several_is_named(tmp_path: Path) -> None:
    watch = SilentWatch()
    waltz, march = (SourceMidi.read(midi_file(tmp_path / f"{m}.mid", meter=(m, 4))) for m in (3, 4))
    notice_meters([march, march], watch)
    assert watch.notices == []
    notice_meters([waltz, march], watch)
    assert watch.notices == ["The songs are mixed in bars of 3/4, as the first one has them."]
