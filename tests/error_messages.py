"""How every command ends when something is wrong: one message with a hint."""

from pathlib import Path

from tests.conftest import Done


def files_of(root: Path) -> dict[Path, bytes]:
    """All files below a folder, but for what only says that a command was there."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.name != "lock"}


def assert_one_message(done: Done, says: str, status: int = 1) -> None:
    assert done.status == status, done.err
    assert "Traceback" not in done.err
    message, hint = done.err.strip().splitlines()
    assert message.startswith("Error: ")
    assert says in message
    assert hint.startswith("Hint: ")
    assert len(hint) > len("Hint: ....")


def text_instead(path: Path) -> None:
    path.write_text("this is a text")


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
