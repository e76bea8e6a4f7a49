"""`generate` with broken models, options, primers and outputs: one message with a hint, and nothing half written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pianoroll_vae.models.recipe import Recipe, VaeTraining
from pianoroll_vae.models.thesis.latent_networks import MelodyNN
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.checkpoint import save_trained
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE, Artifact, Workspace
from tests.conftest import Done, Vaemusic
from tests.error_messages import assert_one_message, files_of, half, text_instead
from tests.midi_files import midi_file
from tests.small_thesis import small_thesis_workspace

OTHER = Recipe("other", latent_size=6, vae=VaeTraining(channels=(4, 8, 8)))


@pytest.fixture
def band(tmp_path: Path) -> Workspace:
    """A workspace that can play, and a primer beside it."""
    midi_file(tmp_path / "primer.mid")
    return small_thesis_workspace(tmp_path / "home")


def play(vaemusic: Vaemusic, band: Workspace, *more: str | Path, out: Path | None = None) -> Done:
    beside = band.root.parent
    usual = {"--steps": "2", "--primer": beside / "primer.mid"}
    words = [word for name, value in usual.items() if name not in more for word in (name, value)]
    where = out or beside / "out" / "song.mid"
    return vaemusic("--quiet", "-w", band.root, "generate", *words, *more, "-o", where)


def of_another_recipe(path: Path) -> None:
    if path.parent.name == "vae":
        vae = BandVae.fresh(OTHER, LPD5.names, seed=1)
        save_trained(path, "vae", OTHER, LPD5, vae.weights, {"dataset": "none", "scores": {}})
    else:
        melody = MelodyNN.fresh(OTHER, LPD5.lead, seed=1)
        facts = {"dataset": "none", "scores": {}, "learned_from": {}}
        save_trained(path, "melody", OTHER, LPD5, melody.weights, facts)


@pytest.mark.parametrize(
    ("artifact", "spoil", "says"),
    [
        (VAE, half, "damaged"),
        (MELODY, half, "damaged"),
        (CONDITIONAL, half, "damaged"),
        (VAE, text_instead, "no model of vaemusic"),
        (VAE, of_another_recipe, "was trained on another VAE"),
        (MELODY, of_another_recipe, "was trained on another VAE"),
        (VAE, Path.unlink, "no vae yet"),
    ],
)
def test_a_broken_or_foreign_checkpoint_is_one_message(
    band: Workspace, vaemusic: Vaemusic, artifact: Artifact, spoil: Callable[[Path], None], says: str
) -> None:
    assert play(vaemusic, band).status == 0
    (band.root.parent / "out" / "song.mid").unlink()
    spoil(band.path(artifact))
    before = files_of(band.root.parent)
    assert_one_message(play(vaemusic, band), says)
    assert files_of(band.root.parent) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--noise", "nan"), "noise cannot be nan"),
        (("--noise", "-1"), "noise cannot be -1"),
        (("--tempo", "inf"), "tempo cannot be inf"),
        (("--threshold", "2"), "threshold cannot be 2"),
        (("--seed", "99999999999999999999"), "seed cannot be"),
        (("--steps", "1000000"), "A song cannot have"),
        (("--primer", "TEXT"), "not a MIDI file"),
        (("--primer", "SILENT"), "No instrument plays"),
        (("--primer", "nowhere.mid"), "nowhere.mid"),
        (("--primer", "TRAAAAA128F0000000"), "has no dataset yet"),
        (("--count", "2"), "do not fit into one file"),
    ],
)
def test_what_cannot_be_played_is_one_message(
    band: Workspace, vaemusic: Vaemusic, words: tuple[str, ...], says: str
) -> None:
    text = band.root.parent / "text.mid"
    text_instead(text)
    silent = midi_file(band.root.parent / "silent.mid", instruments=())
    places = {"TEXT": str(text), "SILENT": str(silent)}
    before = files_of(band.root.parent)
    assert_one_message(play(vaemusic, band, *(places.get(word, word) for word in words)), says)
    assert files_of(band.root.parent) == before


def test_several_songs_without_an_output_are_in_a_folder_that_is_unused(
    band: Workspace, vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(band.root.parent)
    words = ("-w", band.root, "generate", "--steps", "1", "--primer", "primer.mid", "--count", "2", "--seed", "1")
    for folder in ("songs", "songs-2"):
        done = vaemusic(*words)
        assert done.status == 0, done.err
        assert f"Wrote 2 songs to {folder}" in done.out
        assert sorted(path.name for path in Path(folder).iterdir()) == ["song_1.mid", "song_2.mid"]
    assert vaemusic("-q", "-w", band.root, "vary", "primer.mid", "--count", "2").status == 0
    assert len(list(Path("varied").iterdir())) == 2


def test_an_output_that_cannot_be_written_is_one_message(band: Workspace, vaemusic: Vaemusic) -> None:
    in_the_way = band.root.parent / "file"
    in_the_way.write_text("no folder")
    before = files_of(band.root.parent)
    assert_one_message(play(vaemusic, band, out=in_the_way / "song.mid"), "Cannot write")
    assert_one_message(play(vaemusic, band, out=band.root.parent / "song.txt"), "has an unknown ending")
    assert files_of(band.root.parent) == before
