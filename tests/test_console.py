"""Names that others give to files, songs and genres cannot reach the terminal as control characters or markup."""

from collections.abc import Callable

import pytest

from pianoroll_vae.console import (
    StyledText,
    Table,
    print_line,
    set_quiet,
    show_error,
    show_json,
    show_rows,
    show_table,
)
from pianoroll_vae.progress import ConsoleWatch

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x9b31m",
    "a\rb",
    "[/red]",
    "[bold",
    "\udce9",
    "a\u202eb",
    "\\",
    "\x00",
    "name\nError: lie",
)


@pytest.mark.parametrize("word", HOSTILE, ids=ascii)
def test_no_foreign_word_reaches_the_terminal_raw(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of it is lost, is markup, or moves the cursor."""
    set_quiet(False)
    watch = ConsoleWatch()
    shows: tuple[Callable[[], None], ...] = (
        lambda: print_line(word),
        lambda: show_rows([[StyledText(word, "red")]]),
        lambda: show_table(Table(word, (word,), [(word,)], word)),
        lambda: show_json({word: word}),
        lambda: show_error(word, word),
        lambda: watch.notice(word),
        lambda: watch.epoch({"stage": word, "instrument": word, "loss": 1.0, word: 2.0}),
    )
    escaped = "".join(c if c.isprintable() else repr(c)[1:-1] for c in word)
    for show in shows:
        show()
        out, err = capsys.readouterr()
        shown = out + err
        assert all(letter.isprintable() or letter == "\n" for letter in shown), shown
        assert "Error: lie" not in [line.strip() for line in shown.splitlines()]
        if "\\" not in word and word.isprintable():
            assert escaped in shown.replace("\n", "")
