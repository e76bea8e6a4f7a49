"""Continue, accompany and vary: a seed gives the same bytes, and unusual files are no error."""

from pathlib import Path

import pytest

from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import accompany, continue_song, vary
from pianoroll_vae.workspace import Workspace
from tests.midi_files import melody_file, midi_file, notes_of, unusual_file

SEEDED = MusicOptions(seed=1)


@pytest.mark.parametrize("kind", ["continue", "accompany", "vary"])
def test_the_same_seed_gives_the_same_bytes(workspace: Workspace, tmp_path: Path, kind: str) -> None:
    source = midi_file(tmp_path / "a.mid", beats=20)
    outs = [tmp_path / f"{number}.mid" for number in range(3)]
    for out, seed in zip(outs, (7, 7, 8), strict=True):
        options = MusicOptions(seed=seed)
        if kind == "continue":
            continue_song.run(workspace, source, options, Length(steps=2), [out], False, ChartOptions(), SilentWatch())
        elif kind == "accompany":
            accompany.run(workspace, source, ("piano",), (), None, options, [out], watch=SilentWatch())
        else:
            vary.run(
                workspace, source, MusicOptions(seed=seed, noise={WHOLE_BAND: 1.0}), None, [out], watch=SilentWatch()
            )
    first, again, other = (out.read_bytes() for out in outs)
    assert first == again
    assert first != other


@pytest.mark.parametrize("what", ["drums only", "7/8", "one note", "12 tempi", "20 tracks"])
def test_unusual_files_are_continued_accompanied_and_varied(workspace: Workspace, tmp_path: Path, what: str) -> None:
    source, out = unusual_file(tmp_path / "odd.mid", what), tmp_path / "out.mid"
    playing = SourceMidi.read(source).playing
    continue_song.run(workspace, source, SEEDED, Length(steps=1), [out], False, ChartOptions(), SilentWatch())
    assert set(notes_of(source)) <= set(notes_of(out))
    accompany.run(workspace, source, playing[:1], (), None, SEEDED, [out], watch=SilentWatch())
    assert len(notes_of(out))
    vary.run(workspace, source, SEEDED, None, [out], watch=SilentWatch())
    assert len(notes_of(out)) or what == "one note"  # of a single beat, in which there may be none afterwards


def test_a_song_without_notes_is_one_message(workspace: Workspace, tmp_path: Path) -> None:
    source = melody_file(tmp_path / "none.mid", ())
    with pytest.raises(NothingFound, match="has no notes"):
        continue_song.run(
            workspace, source, SEEDED, Length(), [tmp_path / "o.mid"], False, ChartOptions(), SilentWatch()
        )
    with pytest.raises(NothingFound, match="nothing to accompany"):
        accompany.run(workspace, source, (), (), None, SEEDED, [tmp_path / "o.mid"], watch=SilentWatch())
    vary.run(workspace, source, SEEDED, None, [tmp_path / "o.mid"], watch=SilentWatch())
