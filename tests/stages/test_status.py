"""`status` lists the artifacts that a workspace's recipe has."""

from pathlib import Path

from pianoroll_vae.stages import status
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace


def test_only_the_arranger_has_a_bar_vae(tmp_path: Path) -> None:
    thesis, arranger = small_thesis_workspace(tmp_path / "a"), small_arranger_workspace(tmp_path / "b")
    assert "bar_vae" not in [line.name for line in status.run(thesis).lines]
    assert "bar_vae" in [line.name for line in status.run(arranger).lines]
    assert status.run(thesis).next_command == "vaemusic filter --genre blues,rock"
