"""On a new machine the first song is written with loops that are compiled in a task with a name of its own."""

from pathlib import Path

from tests.first_song import FirstSong, write_song


def test_the_loops_are_compiled_before_the_first_song_is_written_and_not_again(
    first_song: FirstSong, tmp_path: Path
) -> None:
    """And without PyTorch, as the program asserts. Loops are found where they would have been compiled."""
    compiled = FirstSong(first_song.loops, first_song.loops).compiled
    assert list(compiled) == ["Compiling loops for this machine, the first time only", "Generating", "End"]
    assert compiled["Generating"] == compiled["End"] > 0
    second = write_song(tmp_path, first_song.loops)
    assert second.compiled == {"Generating": 0, "End": 0}
    assert second.found["Generating"] == second.found["End"] > 0
    assert second.midi == first_song.midi
