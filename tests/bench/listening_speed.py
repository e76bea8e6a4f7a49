"""Speed of writing, reading, drawing and synthesising a song, compared with mido, symusic and pretty_midi.

    python -m tests.bench.listening_speed [FILE.mid]

Without a file, on a song of three minutes with five instruments. Each figure is the best of several runs.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import mido
import pretty_midi
import symusic

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.listen.audio import default_soundfont, synthesise
from pianoroll_vae.listen.picture import song_png
from pianoroll_vae.music.midi import midi_bytes, read_midi
from pianoroll_vae.music.song import Song
from tests.bench.timing import seconds
from tests.listen.songs import band_song


def milliseconds(work: Callable[[], object], runs: int = 7) -> float:
    return seconds(work, runs) * 1000


def main(file: Path | None) -> None:
    song: Song = read_midi(file) if file else band_song(bars=90)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        path.write_bytes(midi_bytes(song))
        with_mido, with_symusic = mido.MidiFile(path), symusic.Score(path)
        assert isinstance(with_symusic, symusic.core.ScoreTick)
        with_pretty_midi = pretty_midi.PrettyMIDI(str(path))
        write = {
            "ours": milliseconds(lambda: midi_bytes(song)),
            "symusic": milliseconds(with_symusic.dumps_midi),
            "mido": milliseconds(lambda: with_mido.save(file=io.BytesIO())),
            "pretty_midi": milliseconds(lambda: with_pretty_midi.write(io.BytesIO())),
        }
        read = {
            "ours": milliseconds(lambda: read_midi(path)),
            "symusic": milliseconds(lambda: symusic.Score(path)),
            "mido": milliseconds(lambda: mido.MidiFile(path)),
            "pretty_midi": milliseconds(lambda: pretty_midi.PrettyMIDI(str(path))),
        }
    rows = [(name, round(write[name], 2), round(read[name], 2)) for name in write]
    show_table(Table(f"{song.seconds:.0f} s, {len(song.notes):,} notes: milliseconds", ("", "write", "read"), rows))
    draw = milliseconds(lambda: song_png(song), 3)
    render = milliseconds(lambda: synthesise(song, default_soundfont()), 3)
    show_table(
        Table(
            "",
            ("", "milliseconds", "× real time"),
            [("picture", round(draw), None), ("audio", round(render), round(song.seconds * 1000 / render))],
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
