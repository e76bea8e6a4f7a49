"""`filter`, `preprocess` and `dataset` as a user types them, one after the other."""

import json
from pathlib import Path

import pytest

from tests.conftest import Vaemusic
from tests.lakh_corpus import Corpus, make_lakh_corpus

pytestmark = pytest.mark.usefixtures("forked_workers")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    corpus = make_lakh_corpus(tmp_path)
    monkeypatch.chdir(corpus.workspace.root)
    return corpus


def test_from_files_to_a_report(corpus: Corpus, vaemusic: Vaemusic, tmp_path: Path) -> None:
    assert vaemusic("filter", "--all", "--lpd", corpus.lpd).status == 0
    done = vaemusic("preprocess", "--steps-per-beat", "4", "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["kept"] == 5
    done = vaemusic("dataset", "--json", "--plot", tmp_path / "d.png")
    assert json.loads(done.out)["instruments"]["guitar"]["songs"] == 4
    assert (tmp_path / "d.png").exists()
    assert "strings" in vaemusic("dataset").out


@pytest.mark.parametrize(
    ("arguments", "says", "hint"),
    [
        (("filter", "--genre", "rock"), "Lakh Pianoroll Dataset", "--lpd"),
        (("filter", "--lpd", "LPD", "--msd", "MSD"), "No genre is given", "--list"),
        (("filter", "--all", "--genre", "rock", "--lpd", "LPD"), "exclude each other", "one of them"),
        (("filter", "--genre", "zydeco", "--lpd", "LPD", "--msd", "MSD"), "zydeco", "most frequent"),
        (("filter", "--genre", "rock", "--lpd", "/nowhere", "--msd", "MSD"), "not a folder", "--lpd"),
        (("preprocess",), "no selection", "vaemusic filter"),
        (("dataset",), "no dataset", "vaemusic preprocess"),
    ],
)
def test_what_cannot_be_is_one_message_with_a_hint(
    corpus: Corpus, vaemusic: Vaemusic, arguments: tuple[str, ...], says: str, hint: str
) -> None:
    folders = {"LPD": str(corpus.lpd), "MSD": str(corpus.msd)}
    done = vaemusic(*(folders.get(word, word) for word in arguments))
    assert done.status == 1
    assert says in done.err
    assert hint in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("filter", "--genr", "rock"),
        ("filter", "--limit", "0"),
        ("filter", "--match", "like"),
        ("filter", "--min-weight", "2"),
        ("preprocess", "--workers", "-1"),
        ("preprocess", "--absent", "maybe"),
        ("dataset", "--plot"),
    ],
)
def test_usage_errors_end_with_status_2(corpus: Corpus, vaemusic: Vaemusic, arguments: tuple[str, ...]) -> None:
    assert vaemusic(*arguments).status == 2
