"""`dataset` as a user types it."""

from pathlib import Path

import pytest

from pianoroll_vae.workspace import DATASET
from tests.conftest import Vaemusic
from tests.lakh_corpus import Corpus, make_lakh_corpus


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    corpus = make_lakh_corpus(tmp_path)
    monkeypatch.chdir(corpus.workspace.root)
    return corpus


def test_a_torn_dataset_names_the_command_that_mends_it(corpus: Corpus, vaemusic: Vaemusic) -> None:
    corpus.workspace.path(DATASET).write_bytes(b"\x89HDF\r\n\x1a\n torn")
    done = vaemusic("dataset")
    assert done.status == 1
    assert "vaemusic preprocess" in done.err
