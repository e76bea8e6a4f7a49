"""What killed runs leave in a folder."""

from pathlib import Path


def killed_while_writing(path: Path) -> None:
    """What a process leaves that is killed while it writes `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / f".{path.name}.k1ll3d.part{path.suffix}").write_text("half")
