from pathlib import Path

from tests.conftest import Vaemusic


def test_plot_writes_a_picture_beside_the_song(vaemusic: Vaemusic, midi: Path) -> None:
    done = vaemusic("plot", midi)
    assert done.status == 0
    assert "song.png" in done.out
    assert midi.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
