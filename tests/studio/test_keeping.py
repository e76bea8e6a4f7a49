"""Takes, and the commands that write them again."""

from pathlib import Path

from pianoroll_vae.studio.edits import Edit
from pianoroll_vae.studio.keeping import keep_edited, keep_written
from pianoroll_vae.studio.session import Session
from pianoroll_vae.studio.verbs import Average, NewSong, Vary
from pianoroll_vae.studio.writing import Written


def written(folder: Path, *songs: bytes) -> Written:
    paths = [folder / f"{number}.mid" for number in range(len(songs))]
    for path, song in zip(paths, songs, strict=True):
        path.write_bytes(song)
    return Written(tuple(paths), {})


def test_each_of_several_songs_has_its_own_seed_and_command(tmp_path: Path) -> None:
    session = Session.open(tmp_path / "songs")
    takes = keep_written(session, NewSong(bars=8), None, 5, written(tmp_path, b"one", b"two"))
    assert [(take.number, take.group, take.seed, take.own_chart) for take in takes] == [
        (1, 1, 5, True),
        (2, 1, 6, True),
    ]
    assert takes[1].command == "vaemusic generate --bars 8 --noise 1 --seed 6 -o 0002.mid"
    assert [session.path(number).read_bytes() for number in (1, 2)] == [b"one", b"two"]


def test_a_song_that_was_varied_keeps_its_own_chart_and_an_average_has_none_and_no_seed(tmp_path: Path) -> None:
    session = Session.open(tmp_path / "songs")
    keep_written(session, NewSong(), None, 5, written(tmp_path, b"one"))
    [varied] = keep_written(session, Vary({"bass": 1.5}), 1, 9, written(tmp_path, b"two"))
    assert varied.own_chart and varied.parent == 1 and "vary 0001.mid" in varied.command
    average = Average((session.path(1), session.path(2)), (0.5, 0.5))
    [between] = keep_written(session, average, None, 9, written(tmp_path, b"three"))
    assert (between.own_chart, between.seed, "--seed" in between.command) == (False, None, False)


def test_the_band_that_was_learned_is_named_in_the_command(tmp_path: Path) -> None:
    session = Session.open(tmp_path / "songs")
    session.own_band = True
    [take] = keep_written(session, NewSong(), None, 5, written(tmp_path, b"one"))
    assert take.command.startswith("vaemusic --workspace ../band generate ")


def test_an_edit_of_notes_has_no_command(tmp_path: Path) -> None:
    session = Session.open(tmp_path / "songs")
    [take] = keep_written(session, NewSong(), None, 5, written(tmp_path, b"one"))
    keep_edited(session, take, Edit(remove=[0]), b"two")
    keep_edited(session, take, Edit(programs={"bass": 33}), b"three")
    assert (session.take(2).command, session.take(2).parent) == ("", 1)
    assert session.take(3).command == "vaemusic vary 0001.mid --noise 0 --program=bass=33 --seed 0 -o 0003.mid"
