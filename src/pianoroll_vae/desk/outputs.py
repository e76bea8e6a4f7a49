"""Writes arrangements as .mid, .wav, .png, .npz, .chart or .musicxml files, and reports what each part plays."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pianoroll_vae.atomic_files import wrap_write_errors, write_bytes, writing
from pianoroll_vae.desk.overwriting import check_replaceable, remember_written
from pianoroll_vae.desk.picture_pages import later_pages, write_pages
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.midi import TICKS_PER_BEAT, assign_to_band, band_of
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES, parse_score
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.summary import PartSummary, summarise_parts
from pianoroll_vae.paths import is_folder

OutputPaths = tuple[Path, ...]
"""The files of one song."""

PICTURE, SOUND = ".png", ".wav"

WITH_CHART = (*MIDI_SUFFIXES, PICTURE, ".chart", ".musicxml")
"""Formats that hold the song's chart, which is read once for all of them."""


@dataclass(frozen=True)
class WrittenSong:
    """A song on disk."""

    paths: OutputPaths
    seed: int | None
    """None where nothing is sampled."""

    source: str
    bars: int
    seconds: float
    parts: tuple[PartSummary, ...]
    kept: tuple[int, ...]
    """(parts,): how many notes of each part come from the source MIDI."""

    facts: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.paths[0]

    def as_dict(self) -> dict[str, Any]:
        parts = {
            part.instrument: {
                "notes": part.notes,
                "kept": kept,
                "bars_played": round(part.bars_played, 4),
                "lowest": part.lowest,
                "highest": part.highest,
            }
            for part, kept in zip(self.parts, self.kept, strict=True)
        }
        return {
            "path": str(self.path),
            "paths": [str(path) for path in self.paths],
            "seed": self.seed,
            "source": self.source,
            "bars": self.bars,
            "seconds": round(self.seconds, 2),
            "instruments": parts,
            **({"facts": dict(self.facts)} if self.facts else {}),
        }


def output_paths(outputs: Sequence[Path], count: int, force: bool = False) -> list[OutputPaths]:
    """The files of each of `count` songs: `outputs` for one song, or numbered .mid files in one folder.

    force: whether files may be replaced that vaemusic did not write.
    """
    songs = _paths_of_songs(outputs, count)
    pages = [page for path in outputs if path.suffix.lower() == PICTURE for page in later_pages(path)]
    check_replaceable((*(path for paths in songs for path in paths), *pages), force)
    return songs


def _paths_of_songs(outputs: Sequence[Path], count: int) -> list[OutputPaths]:
    folders = [path for path in outputs if path.suffix.lower() not in FORMATS or is_folder(path)]
    if folders and len(outputs) > 1:
        raise SettingInvalid(
            f"{folders[0]} is not a file with a known ending.", f"Name files ending in {', '.join(FORMATS)}."
        )
    if folders:
        if folders[0].suffix and not is_folder(folders[0]):
            raise SettingInvalid(
                f"{folders[0]} has an unknown ending.", f"Name a folder, or a file ending in {', '.join(FORMATS)}."
            )
        width = len(str(count))
        return [(folders[0] / f"song_{number + 1:0{width}}.mid",) for number in range(count)]
    if count > 1:
        raise SettingInvalid(f"{count} songs do not fit into one file {outputs[0]}.", "Name a folder: -o songs/")
    return [tuple(outputs)]


def write(
    arrangement: Arrangement,
    paths: OutputPaths,
    seed: int | None,
    source: str,
    facts: Mapping[str, str | float] | None = None,
) -> WrittenSong:
    """Write an arrangement to each path, in the format of its ending; a long song's picture has several pages."""
    song = arrangement.song()
    if arrangement.source_midi is None and any(path.suffix.lower() in WITH_CHART for path in paths):
        arrangement = replace(arrangement, chart=chart_of(arrangement))
    written: list[Path] = []
    for path in paths:
        if path.suffix.lower() == PICTURE:
            written += write_pages(path, _sheets(arrangement, path.stem))
            continue
        if path.suffix.lower() == SOUND:
            with writing(path) as part, wrap_write_errors(path), part.open("wb") as file:
                _write_sound(arrangement, file)
        else:
            write_bytes(path, FORMATS[path.suffix.lower()](arrangement))
        remember_written(path)
        written.append(path)
    new = np.bincount(arrangement.new.notes.instrument, minlength=len(song.band))
    parts = summarise_parts(song)
    kept = tuple(max(part.notes - int(count), 0) for part, count in zip(parts, new, strict=True))
    return WrittenSong(tuple(written), seed, source, len(bar_starts(song)), song.seconds, parts, kept, facts or {})


def chart_of(arrangement: Arrangement) -> Chart:
    """The chart that was played, else the one that is read from the notes, in the key that was asked for."""
    chart = arrangement.chart or read_chart(arrangement.song())
    return replace(chart, key=arrangement.key or chart.key)


def _write_sound(arrangement: Arrangement, file: BinaryIO) -> None:
    """Write the sound of the MIDI file with its own programs, without rounding to a grid; of a long song block by
    block."""
    from pianoroll_vae.listen.audio import default_soundfont, write_song

    score = parse_score(arrangement.midi())
    write_song(assign_to_band(score, band_of(score), TICKS_PER_BEAT), default_soundfont(), file)


def _wav(arrangement: Arrangement) -> bytes:
    sound = io.BytesIO()
    _write_sound(arrangement, sound)
    return sound.getvalue()


def _sheets(arrangement: Arrangement, title: str) -> list[bytes]:
    """The pages of the picture; a song without a name has this title."""
    from pianoroll_vae.listen.picture import song_sheets

    song = arrangement.song()
    return song_sheets(replace(song, name=song.name or title), arrangement.chart)


def _png(arrangement: Arrangement) -> bytes:
    """One picture, as high as the song needs."""
    from pianoroll_vae.listen.picture import song_png

    return song_png(arrangement.song(), arrangement.chart)


def _npz(arrangement: Arrangement) -> bytes:
    from pianoroll_vae.sources.sample_corpus.disk import lpd_bytes

    song = arrangement.song()
    return lpd_bytes(song, song.name, np.ceil(bar_starts(song)).astype(np.int64))


def _chart(arrangement: Arrangement) -> bytes:
    return str(chart_of(arrangement)).encode(errors="backslashreplace")


def _musicxml(arrangement: Arrangement) -> bytes:
    from pianoroll_vae.music.musicxml import musicxml_bytes

    return musicxml_bytes(SourceMidi.from_bytes(arrangement.midi()), arrangement.chart)


FORMATS: dict[str, Callable[[Arrangement], bytes]] = {
    **dict.fromkeys(MIDI_SUFFIXES, Arrangement.midi),
    SOUND: _wav,
    PICTURE: _png,
    ".npz": _npz,
    ".chart": _chart,
    ".musicxml": _musicxml,
}
