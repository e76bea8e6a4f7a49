"""The words of messages."""

import pytest

from pianoroll_vae.errors import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 songs"), (1, "1 song"), (2, "2 songs"), (1200, "1,200 songs")])
def test_one_is_singular_and_all_other_numbers_are_plural(number: int, words: str) -> None:
    assert counted(number, "song") == words
