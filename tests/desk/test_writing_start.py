"""Wrong outputs and options are refused before the band writes, and each song has its files."""

from pathlib import Path

import pytest

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.writing_start import start_writing
from pianoroll_vae.errors import FileUnwritable, SettingInvalid
from pianoroll_vae.progress import SilentWatch


def test_each_song_has_its_files_and_the_band_is_the_bundled_one(tmp_path: Path) -> None:
    paths, ensemble = start_writing(None, MusicOptions(), [tmp_path / "songs"], 2, SilentWatch())
    assert paths == [(tmp_path / "songs" / "song_1.mid",), (tmp_path / "songs" / "song_2.mid",)]
    assert ensemble.recipe.name == "arranger"


def test_options_that_the_band_cannot_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="has no instrument 'flute'"):
        start_writing(None, MusicOptions(mute=("flute",)), [tmp_path / "a.mid"], 1, SilentWatch())


def test_a_file_from_elsewhere_is_refused_before_the_band_is_loaded(tmp_path: Path) -> None:
    song, watch = tmp_path / "a.mid", SilentWatch()
    song.write_bytes(b"not ours")
    with pytest.raises(FileUnwritable, match="is not as vaemusic wrote it"):
        start_writing(None, MusicOptions(), [song], 1, watch)
    assert not watch.notices
    assert start_writing(None, MusicOptions(force=True), [song], 1, watch)[0] == [(song,)]
