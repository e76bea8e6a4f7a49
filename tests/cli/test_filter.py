"""`filter` as a user types it."""

import json
from pathlib import Path

import pytest

from pianoroll_vae.workspace import SELECTION
from tests.conftest import Vaemusic
from tests.lakh_corpus import Corpus, make_lakh_corpus

pytestmark = pytest.mark.usefixtures("forked_workers")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    corpus = make_lakh_corpus(tmp_path)
    monkeypatch.chdir(corpus.workspace.root)
    return corpus


def test_folders_named_once_are_remembered(corpus: Corpus, vaemusic: Vaemusic) -> None:
    done = vaemusic("filter", "--genre", "blues, rock", "--lpd", corpus.lpd, "--msd", corpus.msd)
    assert done.status == 0, done.err
    assert "kept" in done.out
    assert all(f"genre: {name}" in done.out for name in ("blues", "rock"))
    again = vaemusic("filter", "--genre", "jazz", "--json")
    assert json.loads(again.out)["kept"] == 1


def test_relative_folders_are_remembered_from_anywhere(
    corpus: Corpus, vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus.lpd.parent)
    home = corpus.workspace.root
    assert vaemusic("-w", home, "filter", "--genre", "blues", "--lpd", "lpd", "--msd", "msd").status == 0
    monkeypatch.chdir("/")
    assert vaemusic("-w", home, "filter", "--list").status == 0


def test_terms_are_listed(corpus: Corpus, vaemusic: Vaemusic) -> None:
    done = vaemusic("filter", "--list", "--lpd", corpus.lpd, "--msd", corpus.msd)
    assert "jazz" in done.out
    assert not corpus.workspace.path(SELECTION).exists()
