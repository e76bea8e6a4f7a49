"""Commands that write songs, as a user runs them: one table, every format, seeds and messages."""

import json
import wave
from pathlib import Path

import mido
import pytest

from pianoroll_vae.workspace import Workspace
from tests.conftest import Vaemusic
from tests.midi_files import melody_file, midi_file, notes_of
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace


@pytest.fixture(scope="module", params=[small_thesis_workspace, small_arranger_workspace], ids=["rolls", "arranger"])
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace: Workspace = request.param(tmp_path_factory.mktemp("desk"))
    return workspace


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return midi_file(tmp_path / "a.mid", beats=24)


def test_a_table_lists_what_was_kept_and_what_is_new(
    vaemusic: Vaemusic, here: Workspace, song: Path, tmp_path: Path
) -> None:
    out = tmp_path / "b.mid"
    done = vaemusic("-w", here.root, "accompany", song, "--keep", "piano,bass", "--seed", "3", "-o", out)
    assert done.status == 0, done.err
    assert "kept" in done.out
    assert "seed 3" in " ".join(done.out.split())
    assert f"Wrote {out}" in done.out
    assert out.is_file()


def test_every_format_is_written_at_once_and_others_can_read_them(
    vaemusic: Vaemusic, here: Workspace, song: Path, tmp_path: Path
) -> None:
    import pypianoroll  # imports SciPy's statistics, which take a second, in each process that collects these tests

    outputs = [tmp_path / f"b{suffix}" for suffix in (".mid", ".wav", ".png", ".npz")]
    flags = [part for path in outputs for part in ("-o", path)]
    done = vaemusic("-w", here.root, "continue", song, "--bars", "4", "--seed", "1", "--json", *flags)
    report = json.loads(done.out)[0]
    assert report["paths"] == [str(path) for path in outputs]
    assert report["bars"] == 10
    assert mido.MidiFile(outputs[0]).length > 0
    with wave.open(str(outputs[1])) as sound:
        assert sound.getnchannels() == 2
        assert any(sound.readframes(sound.getnframes()))
    assert outputs[2].read_bytes().startswith(b"\x89PNG")
    tracks = pypianoroll.load(outputs[3]).tracks
    assert sorted(track.name.lower() for track in tracks) == ["bass", "drums", "guitar", "piano", "strings"]


@pytest.mark.parametrize(
    "command",
    [
        ("continue", "--steps", "1", "--key", "A minor", "--add", "strings"),
        ("accompany", "--keep", "bass", "--chords", "Am F"),
        ("accompany", "--rewrite", "guitar"),
        ("vary", "--noise", "guitar=0.4", "--bars", "2-3"),
        ("reconstruct",),
        ("groove", "--fill"),
        ("blend", "--style", "a.mid", "--amount", "0.7"),
        ("interpolate", "a.mid", "--steps", "2"),
        ("average", "a.mid", "--weights", "2,1"),
    ],
)
def test_every_verb_runs_and_gives_the_same_bytes_again(
    vaemusic: Vaemusic,
    here: Workspace,
    song: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    verb, *flags = command
    seed = ("--seed", "5") if verb in ("continue", "accompany", "vary") else ()
    written = []
    for name in ("b.mid", "c.mid"):
        done = vaemusic("-w", here.root, verb, song, *flags, *seed, "-o", name)
        assert done.status == 0, done.err
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_the_same_seed_gives_the_same_bytes_in_every_format(
    vaemusic: Vaemusic, here: Workspace, song: Path, tmp_path: Path
) -> None:
    written = []
    for name in ("b", "c"):
        outputs = [tmp_path / name / f"song{suffix}" for suffix in (".mid", ".wav", ".png", ".npz")]
        flags = [part for path in outputs for part in ("-o", path)]
        done = vaemusic("-w", here.root, "generate", "--primer", song, "--steps", "1", "--seed", "5", *flags)
        assert done.status == 0, done.err
        written.append([path.read_bytes() for path in outputs])
    assert written[0] == written[1]


def test_several_songs_go_into_a_folder(vaemusic: Vaemusic, here: Workspace, song: Path, tmp_path: Path) -> None:
    done = vaemusic("-w", here.root, "vary", song, "--count", "3", "--seed", "1", "-o", tmp_path / "many")
    assert done.status == 0, done.err
    files = sorted((tmp_path / "many").iterdir())
    assert [file.name for file in files] == ["song_1.mid", "song_2.mid", "song_3.mid"]
    assert len({file.read_bytes() for file in files}) == 3


def test_generate_combines_all_options(vaemusic: Vaemusic, here: Workspace, song: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.mid"
    options = ("--noise", "drums=0.3,piano=1.0", "--temperature", "bass=0.4", "--tempo", "84", "--program", "guitar=30")
    words = (
        "--key",
        "A minor",
        "--chords",
        "Am F C G",
        "--form",
        "AABA",
        "--seconds",
        "60",
        "--seed",
        "9",
        "--mute",
        "strings",
    )
    done = vaemusic("-w", here.root, "generate", "--primer", song, *options, *words, "-o", out)
    assert done.status == 0, done.err
    assert "chord tones" in done.out
    assert "key A minor" in done.out
    assert mido.MidiFile(out).length == pytest.approx(60, abs=3)  # whole sections
    assert {note[1] for note in notes_of(out)} <= {0, 30, 32}


@pytest.mark.parametrize(
    ("flags", "status", "words"),
    [
        (("--noise", "drums=loud"), 2, "not a number"),
        (("--noise", "=1"), 2, "names no instrument"),
        (("--noise", "durms=1"), 1, "drums"),
        (("--program", "30"), 2, "guitar=30"),
        (("--program", "guitar=200"), 1, "0 to 127"),
        (("--key", "H"), 1, "A minor"),
        (("--chords", "Xm"), 1, "chord 'Xm'"),
        (("--keep", "banjo"), 1, "no instrument 'banjo'"),
        (("--keep", "strings"), 1, "nothing to accompany"),
        (("-o", "b.xyz"), 1, ".mid"),
    ],
)
def test_what_cannot_be_is_one_message(
    vaemusic: Vaemusic, here: Workspace, song: Path, flags: tuple[str, ...], status: int, words: str
) -> None:
    done = vaemusic("-w", here.root, "accompany", song, *flags)
    assert done.status == status
    assert words in " ".join(done.err.split())
    assert "Traceback" not in done.err


@pytest.mark.parametrize("verb", ["continue", "accompany", "vary", "reconstruct"])
def test_a_file_that_is_not_there_or_empty_is_one_message(
    vaemusic: Vaemusic, here: Workspace, tmp_path: Path, verb: str
) -> None:
    missing = vaemusic("-w", here.root, verb, tmp_path / "nowhere.mid", "-o", tmp_path / "o.mid")
    assert (missing.status, "nowhere.mid" in missing.err) == (1, True)
    (tmp_path / "text.mid").write_text("no music")
    foreign = vaemusic("-w", here.root, verb, tmp_path / "text.mid", "-o", tmp_path / "o.mid")
    assert (foreign.status, "not a MIDI file" in foreign.err) == (1, True)
    silent = vaemusic("-w", here.root, verb, melody_file(tmp_path / "silent.mid", ()), "-o", tmp_path / "o.mid")
    assert silent.status == (1 if verb in ("continue", "accompany") else 0)
    assert "Traceback" not in silent.err
