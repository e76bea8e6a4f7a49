"""Opens the songs that a command names, MIDI or npz files, and notices what of them is not read."""

from dataclasses import replace
from pathlib import Path

from pianoroll_vae.desk.overwriting import check_replaceable
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5, Band
from pianoroll_vae.music.bar_lines import bar_parts
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.meter import BarRange, bars_between
from pianoroll_vae.music.midi import assign_to_band, band_of, midi_bytes
from pianoroll_vae.music.midi_score import MidiScore, parse_score, read_file
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.written_chart import find_chart
from pianoroll_vae.progress import Watch
from pianoroll_vae.sources.lakh import read_lakh

AnySong = SourceMidi | Arrangement | Song | str | Path
"""What the Python API takes for a song: one that was read or made, or the path of a file."""


def as_source(song: AnySong, band: Band = LPD5) -> SourceMidi:
    """A song as a source MIDI of a band; one that was read stays as it is."""
    if isinstance(song, SourceMidi):
        return song
    if isinstance(song, Arrangement):
        return SourceMidi.from_bytes(song.midi(), song.new.band)
    return (
        SourceMidi.from_bytes(midi_bytes(song), song.band) if isinstance(song, Song) else open_source(Path(song), band)
    )


def read_song(path: Path, band: Band = LPD5) -> bytes:
    """A MIDI file; what an .npz file of pypianoroll has becomes one, a track for each instrument of the band."""
    if path.suffix.lower() != ".npz":
        return read_file(path)
    return midi_bytes(read_lakh(path, band, FINE_STEPS_PER_BEAT, "nearest"))


def open_song(
    path: Path,
    band: Band | None,
    bars: BarRange | None,
    steps_per_beat: int = FINE_STEPS_PER_BEAT,
    salvage: bool = False,
    watch: Watch | None = None,
) -> Song:
    """A song assigned to a band's instruments, or without a band in its own; a song without a name takes the
    file's. With `salvage` a damaged file is read as far as it goes."""
    score = parse_score(read_song(path, band or LPD5), str(path), salvage)
    _notice_unread(path, score, watch)
    song = assign_to_band(score, band or band_of(score), steps_per_beat)
    song = replace(song, name=song.name or path.stem)
    return song if bars is None else bars_between(song, *bars)


def open_song_and_chart(
    path: Path, band: Band, bars: BarRange | None, salvage: bool = False, watch: Watch | None = None
) -> tuple[Song, Chart]:
    """As `open_song`, with the chart that stands in the file or is read from the notes, of these bars."""
    song = open_song(path, band, bars, salvage=salvage, watch=watch)
    chart, _ = find_chart(open_source(path, band, salvage))
    return song, chart if bars is None else chart.between(*bars)


def open_source(
    path: Path,
    band: Band = LPD5,
    salvage: bool = False,
    watch: Watch | None = None,
    all_as: str | None = None,
    in_bars: bool = True,
) -> SourceMidi:
    """A song to be changed; with `all_as` every note is assigned to that instrument. in_bars: whether it matters
    where its bars begin."""
    source_midi = SourceMidi.from_bytes(read_song(path, band), band, all_as, str(path), salvage)
    _notice_unread(path, source_midi.score, watch)
    if in_bars:
        _notice_meters(path, source_midi.song, watch)
    return source_midi


def _notice_unread(path: Path, score: MidiScore, watch: Watch | None) -> None:
    if watch is not None:
        for unread in score.unread:
            watch.notice(f"{path} {unread}.")
        if score.meter_is_estimated:
            over, under = score.first_meter
            watch.notice(f"{path} names no meter; its notes come back after bars of {over}/{under}.")


def _notice_meters(path: Path, song: Song, watch: Watch | None) -> None:
    """Name the meters whose bars are longer than those that bands know, and cannot be divided into them."""
    unread = {f"{over}/{under}" for _, over, under in song.meters if not bar_parts(over, under)}
    if watch is not None and unread:
        watch.notice(f"{path}: bars of {' and '.join(sorted(unread))} are read as bars of four beats.")


def output_for(source: Path, output: Path | None, suffix: str, force: bool = False) -> Path:
    """`output`, or the source's path with another suffix; force: whether any file may be replaced."""
    path = output or _with_suffix(source, suffix)
    if path.suffix.lower() != suffix:
        raise SettingInvalid(f"{path} does not end in {suffix}.", f"Name it {_with_suffix(path, suffix)}.")
    check_replaceable([path], force)
    return path


def _with_suffix(path: Path, suffix: str) -> Path:
    """The path with another suffix; a file in it where it is a folder without a name, such as "."."""
    return path.with_suffix(suffix) if path.name else path / f"song{suffix}"
