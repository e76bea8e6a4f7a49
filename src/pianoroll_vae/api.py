"""The verbs of the command line in Python, typed: MIDI files, arrays and arrangements in and out.

    import pianoroll_vae as vae

    ensemble = vae.load("my-workspace")
    arrangement = vae.accompany(ensemble, vae.read("melody.mid"), keep=["piano"], seed=1)
    vae.write(arrangement, "song.mid", "song.png")
    rolls = arrangement.song().rolls()          # (instruments, steps, 128), uint8 velocities

A `SourceMidi` is a MIDI file that was read, an `Arrangement` a song that can be written; where a verb takes a song, it
takes both, a `Song`, or the path of a file: `vae.vary(ensemble, "song.mid")`. Every verb takes the options
of the command line as keywords, with the same defaults (`SamplingOptions`, or `DecodingOptions` without randomness):

    noise, threshold, temperature   one number, or numbers by instrument: {"drums": 0.3}
    key, scale, outside, chords     "A minor" or "auto", "blues", "move" or "drop" notes outside, "Am F C G"
    tempo, program, mute, solo      beats a minute, {"guitar": 30}, names of instruments

Songs, source MIDIs and arrangements show themselves in Jupyter as a piano roll and a player.

`generate` and `continue_` also take `chart`, `genre`, `density` and a length, as the command line does; `accompany`
takes `genre` and `density`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.argument_types import checks_arguments
from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.ensembles import load_bundled, load_ensemble
from pianoroll_vae.desk.key_moves import what_moves
from pianoroll_vae.desk.keyword_options import (
    DecodingOptions,
    SamplingOptions,
    decoding_options,
    names,
    sampling_options,
)
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.midi_input import AnySong, as_source, open_source
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.desk.new_songs import NewSongOptions, generate_songs
from pianoroll_vae.desk.outputs import chart_of, output_paths
from pianoroll_vae.desk.outputs import write as write_arrangement
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.listen import notebook
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music import multitrack
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5, Band
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.midi_messages import DRUM_CHANNEL
from pianoroll_vae.music.notes import MAX_VELOCITY, PITCHES
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.song import DEFAULT_TEMPO, Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.written_chart import find_chart
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.schema import shorten
from pianoroll_vae.stages import accompany as accompany_stage
from pianoroll_vae.stages import attributes as attributes_stage
from pianoroll_vae.stages import average as average_stage
from pianoroll_vae.stages import blend as blend_stage
from pianoroll_vae.stages import continue_song as continue_stage
from pianoroll_vae.stages import generate as generate_stage
from pianoroll_vae.stages import groove as groove_stage
from pianoroll_vae.stages import interpolate as interpolate_stage
from pianoroll_vae.stages import reconstruct as reconstruct_stage
from pianoroll_vae.stages import render as render_stage
from pianoroll_vae.stages import vary as vary_stage
from pianoroll_vae.stages.reconstruct import ReconstructionScore
from pianoroll_vae.workspace import Workspace

if TYPE_CHECKING:
    from pypianoroll import Multitrack

__all__ = [
    "accompany",
    "apply_attributes",
    "average",
    "blend",
    "chart",
    "continue_",
    "from_multitrack",
    "from_rolls",
    "generate",
    "groove",
    "interpolate",
    "interpolate_stepwise",
    "load",
    "read",
    "reconstruct",
    "render",
    "to_multitrack",
    "vary",
    "write",
]


BUNDLED = "bundled"

for _shown in (Song, SourceMidi, Arrangement):  # they cannot have these themselves: music imports nothing of listen
    setattr(_shown, "_repr_html_", notebook.html)  # noqa: B010
    setattr(_shown, "_repr_png_", notebook.png)  # noqa: B010


@checks_arguments
def load(folder: str | Path = BUNDLED, model: str | None = None) -> Ensemble:
    """The trained band of a workspace, or the bundled one: `vae.load()`, `vae.load("my-workspace")`.

    model: of several in the workspace, the one that `vaemusic train --name` trained.

    An `Ensemble` has `encode`, from a `Song` to latents (segments, instruments, latent_size) of float32, and `decode`,
    from those to `Notes`; a segment is a phrase or a bar, as the recipe has it.
    Example: `latents = band.encode(vae.read("song.mid").song)`
    """
    if folder == BUNDLED and model is not None:
        raise SettingInvalid(
            f"The bundled band has no model '{model}'.",
            "Name the workspace that has it: vae.load('my-workspace', 'mine').",
        )
    return load_bundled() if folder == BUNDLED else load_ensemble(Workspace.find(Path(folder)).of_model(model))


@checks_arguments
def read(path: str | Path, all_as: str | None = None, band: Band = LPD5, salvage: bool = False) -> SourceMidi:
    """A MIDI file, or an .npz file of pypianoroll: `vae.read("tune.mid", all_as="piano")`.

    all_as: the instrument that plays all its notes. With `salvage` a damaged file is read as far as it goes:
    `vae.read("cut.mid", salvage=True).score.unread` is what is missing.
    """
    return open_source(Path(path), band, salvage, all_as=all_as)


@checks_arguments
def from_rolls(
    rolls: NDArray[np.uint8], steps_per_beat: int, tempo: float = DEFAULT_TEMPO, band: Band = LPD5
) -> SourceMidi:
    """Velocities (instruments, steps, 128), 0 where silent, as a source MIDI: `vae.from_rolls(rolls, 4, tempo=90)`."""
    if rolls.dtype.kind not in "iu" or rolls.ndim != 3 or rolls.shape[::2] != (len(band), PITCHES):
        raise SettingInvalid(
            f"The rolls are {rolls.dtype} of the shape {rolls.shape}.",
            f"Give whole velocities, 0 to {MAX_VELOCITY}, of the shape ({len(band)}, steps, {PITCHES}).",
        )
    if rolls.size and not 0 <= rolls.min() <= rolls.max() <= MAX_VELOCITY:
        raise SettingInvalid(f"The velocities are {rolls.min()} to {rolls.max()}.", f"Give 0 to {MAX_VELOCITY}.")
    MusicOptions(tempo=tempo).check(band)
    return SourceMidi.from_bytes(midi_bytes(Song.from_rolls(band, rolls, steps_per_beat, tempo=tempo)), band)


@checks_arguments
def to_multitrack(song: AnySong) -> "Multitrack":
    """A song as pypianoroll has it, which is an extra; a track for each instrument.

    Example: `vae.to_multitrack(song).tracks[0].pianoroll`

    `pianoroll` is (steps, 128) uint8 velocities; an arrangement with a source MIDI has 24 steps a beat.
    """
    if isinstance(song, Song):
        return multitrack.to_multitrack(song, {})
    if isinstance(song, Arrangement):
        return multitrack.to_multitrack(song.song(), song.all_programs)
    source = as_source(song)
    return multitrack.to_multitrack(source.song, source.programs)


@checks_arguments
def from_multitrack(tracks: "Multitrack", band: Band = LPD5) -> SourceMidi:
    """A `pypianoroll.Multitrack` as a source MIDI; each track goes to the instrument of its program.

    Example: `vae.from_multitrack(pypianoroll.load("song.npz"))`
    """
    if not hasattr(tracks, "tracks"):
        raise TypeError(f"from_multitrack(): tracks must be a pypianoroll.Multitrack, not {shorten(tracks)}.")
    return SourceMidi.from_bytes(midi_bytes(multitrack.from_multitrack(tracks, band)), band)


@checks_arguments
def write(song: AnySong, *paths: str | Path) -> None:
    """Write a song, in the format of each path's ending: `vae.write(song, "a.mid", "a.png")`.

    Endings are .mid, .wav, .png, .npz, .chart and .musicxml; `vae.write(vae.read("a.mid"), "a.musicxml")` converts.
    """
    if not paths:
        raise TypeError("write() has no path to write to: vae.write(song, 'song.mid').")
    [files] = output_paths([Path(path) for path in paths], 1, force=True)
    write_arrangement(Arrangement.of(as_source(song) if isinstance(song, str | Path) else song), files, 0, "")


@checks_arguments
def render(
    midi: str | Path,
    output: str | Path | None = None,
    soundfont: str | Path | None = None,
    bars: BarRange | None = None,
    stems: bool = False,
    click: bool = False,
    salvage: bool = False,
) -> Path:
    """The sound of a MIDI file as a .wav beside it, or as `output`: `vae.render("song.mid", soundfont="band.sf2")`.

    With `stems` the folder is returned in which each part has a .wav and a .mid. bars: (first, last), from 1; click:
    whether a bar of clicks comes first.
    """
    wav_or_folder, sf2 = (None if path is None else Path(path) for path in (output, soundfont))
    if not stems:
        return render_stage.run(Path(midi), wav_or_folder, sf2, bars, salvage, force=True, click=click).audio
    if bars is not None:
        raise SettingInvalid("Stems are written of the whole song.", "Leave out bars, or stems.")
    return render_stage.run_stems(Path(midi), wav_or_folder, sf2, salvage, SilentWatch(), True, click).folder


@checks_arguments
def chart(song: AnySong) -> Chart:
    """Sections, chords and key of a song: those with which it was written, else those that are read from its
    notes.

    Example: `print(vae.chart(vae.read("a.mid")))`; `vae.generate(ensemble, chart=vae.chart(song))` plays it anew.
    """
    if isinstance(song, Song):
        return read_chart(song)
    if isinstance(song, Arrangement):
        return chart_of(song) if song.source_midi is None else chart(SourceMidi.from_bytes(song.midi(), song.new.band))
    return find_chart(as_source(song))[0]


@checks_arguments
def generate(
    ensemble: Ensemble,
    primer: AnySong | None = None,
    steps: int | None = None,
    seed: int = 0,
    form: str | None = None,
    chart: str | Path | Chart | None = None,
    genre: str | Sequence[str] = (),
    density: str | Mapping[str, str] | None = None,
    everybody: bool = False,
    bars: int | None = None,
    seconds: float | None = None,
    only_new: bool = False,
    **options: Unpack[SamplingOptions],
) -> Arrangement:
    """A new song of `steps` phrases of four bars, or of `bars` or `seconds`: by default as long as the chart, or 40.

    A primer is the first phrase of a song in which the most instruments play; without one, which recipes without charts
    need, the song begins with its first new bar. The grid is the ensemble's: `generate(...).song().rolls()` is
    (instruments, steps · phrase_steps, 128), and a phrase more with a primer. `bars` and `seconds` include the primer;
    with `only_new` it is left out.
    Example: `vae.generate(ensemble, bars=32, noise=0.5, form="AABA", chords="Am F C G", genre="blues")`
    """
    checked = replace(sampling_options(generate, ensemble.band, options, seed), everybody=everybody)
    request = _chart_options(chart, form, checked, genre, density).load(ensemble)
    if primer is None:
        [start] = find_primers(None, NONE, [seed], ensemble, checked.tempo, request)
    else:
        primer = as_source(primer, ensemble.band)
        whole = primer.song.regrid(ensemble.steps_per_beat)
        start = first_full_segment(whole, ensemble.phrase_steps, ensemble.reads_meters)
    length = _length(steps, bars, seconds)
    song_options = NewSongOptions(checked, length, only_new=only_new, form=form, request=request)
    [song] = generate_songs(ensemble, [start], [seed], song_options)
    song = replace(song, programs=primer.programs if primer else {})
    return generate_stage.with_options(ensemble, song, start, song_options)[0]


@checks_arguments
def continue_(
    ensemble: Ensemble,
    source_midi: AnySong,
    steps: int | None = None,
    seed: int = 0,
    only_new: bool = False,
    chart: str | Path | Chart | None = None,
    genre: str | Sequence[str] = (),
    density: str | Mapping[str, str] | None = None,
    after: int | None = None,
    add: str | Sequence[str] = (),
    bars: int | None = None,
    seconds: float | None = None,
    **options: Unpack[SamplingOptions],
) -> Arrangement:
    """The source MIDI, unchanged, and after it `steps` new phrases of four bars, or new `bars` or `seconds`: by default
    the chart, or 16 phrases; with `only_new`, these alone.

    after: the bar, from 1, behind which the source MIDI is left out; add: instruments that join its own.

    The key of the new notes is "auto" by default. Rolls are (instruments, steps of 1/24 beat, 128).
    Example: `vae.continue_(ensemble, vae.read("a.mid"), steps=4)`
    """
    options.setdefault("key", "auto")
    source_midi, add = as_source(source_midi, ensemble.band), names(add)
    checked = sampling_options(continue_, ensemble.band, options, seed)
    request = _chart_options(chart, None, checked, genre, density).load(ensemble)
    length = _length(steps, bars, seconds)
    continuation = continue_stage.continue_(ensemble, source_midi, seed, checked, length, only_new, request, after, add)
    arrangement, beat = continuation.arrangement, continuation.beat
    return checked.apply(arrangement, source_midi.song, beat, ensemble.plays_charts, moves="nothing")[0]


def _length(steps: int | None, bars: int | None, seconds: float | None) -> Length:
    length = Length(steps, bars, seconds)
    length.check()
    return length


def _chart_options(
    chart: str | Path | Chart | None,
    form: str | None,
    options: MusicOptions,
    genre: str | Sequence[str],
    density: str | Mapping[str, str] | None,
) -> ChartOptions:
    levels = {WHOLE_BAND: density} if isinstance(density, str) else dict(density or {})
    genres = (genre,) if isinstance(genre, str) else tuple(genre)
    given = Path(chart) if isinstance(chart, str) else chart
    return ChartOptions(given, form, options.chords, genres, levels)


@checks_arguments
def accompany(
    ensemble: Ensemble,
    source_midi: AnySong,
    keep: str | Sequence[str] = (),
    seed: int = 0,
    bars: BarRange | None = None,
    everybody: bool = False,
    rewrite: str | Sequence[str] = (),
    genre: str | Sequence[str] = (),
    density: str | Mapping[str, str] | None = None,
    **options: Unpack[SamplingOptions],
) -> Arrangement:
    """The instruments in `keep` note for note (by default all that play, or all but those in `rewrite`), and new parts
    for the others.

    bars: (first, last) from 1; the others stay; everybody: each new part plays at least half of the bars that its
    instrument plays in real songs; density, of new parts: "low", "medium" or "high", or by instrument. Rolls are
    (instruments, steps of 1/24 beat, 128), as the source's.
    Example: `vae.accompany(ensemble, vae.read("a.mid"), keep=["piano"], noise={"drums": 0.3})`
    """
    source_midi = as_source(source_midi, ensemble.band)
    checked = replace(sampling_options(accompany, ensemble.band, options, seed), everybody=everybody)
    kept = accompany_stage.kept_instruments(source_midi, names(keep), names(rewrite))
    wanted = _chart_options(None, None, checked, genre, density)
    arrangement = accompany_stage.accompany(ensemble, source_midi, kept, seed, checked, bars=bars, chart_options=wanted)
    return checked.apply(arrangement, source_midi.song)[0]


@checks_arguments
def vary(
    ensemble: Ensemble,
    source_midi: AnySong,
    seed: int = 0,
    bars: BarRange | None = None,
    **options: Unpack[SamplingOptions],
) -> Arrangement:
    """The source MIDI with `noise` added to its latents: 0.4 by default, or for the named instruments only.

    bars: (first, last) from 1; the others stay. Rolls are (instruments, steps of 1/24 beat, 128), as the source's.
    Example: `vae.vary(ensemble, vae.read("a.mid"), noise={"guitar": 0.4}, bars=(9, 16))`
    """
    source_midi = as_source(source_midi, ensemble.band)
    checked = sampling_options(vary, ensemble.band, options, seed)
    arrangement = vary_stage.vary(ensemble, source_midi, seed, checked, bars)
    return checked.apply(arrangement, source_midi.song, moves=vary_stage.moves(checked, bars))[0]


@checks_arguments
def interpolate(
    ensemble: Ensemble,
    one: AnySong,
    other: AnySong,
    steps: int = 8,
    linear: bool = False,
    keep_keys: bool = False,
    **options: Unpack[DecodingOptions],
) -> Arrangement:
    """A song of `steps` phrases of four bars whose latents go from those of `one` to those of `other`.

    On the great circle between them, or on a straight line; in one key, unless `keep_keys`. Rolls are
    (instruments, steps · 384, 128).
    Example: `vae.interpolate(ensemble, vae.read("a.mid"), vae.read("b.mid"), steps=8)`
    """
    one, other = as_source(one, ensemble.band), as_source(other, ensemble.band)
    checked = decoding_options(interpolate, ensemble.band, options)
    mixed = interpolate_stage.interpolate(ensemble, one, other, steps, linear, checked, keep_keys)
    return checked.apply(mixed, one.song)[0]


@checks_arguments
def interpolate_stepwise(
    ensemble: Ensemble,
    one: AnySong,
    other: AnySong,
    steps: int = 8,
    linear: bool = False,
    keep_keys: bool = False,
    **options: Unpack[DecodingOptions],
) -> list[Arrangement]:
    """A song for each of `steps` positions from `one` to `other`, whose lengths are interpolated too.

    Example: `vae.interpolate_stepwise(ensemble, vae.read("a.mid"), vae.read("b.mid"), steps=3)[1]` lies in the middle.
    """
    one, other = as_source(one, ensemble.band), as_source(other, ensemble.band)
    checked = decoding_options(interpolate_stepwise, ensemble.band, options)
    mixed = interpolate_stage.interpolate_stepwise(ensemble, one, other, steps, linear, checked, keep_keys)
    return [checked.apply(song, one.song)[0] for song in mixed]


@checks_arguments
def average(
    ensemble: Ensemble,
    source_midis: Sequence[AnySong],
    weights: Sequence[float] = (),
    keep_keys: bool = False,
    **options: Unpack[DecodingOptions],
) -> Arrangement:
    """The song decoded from the mean of the songs' latents, phrase by phrase; weights: one a song, by default equal.

    Rolls are (instruments, steps of 1/24 beat, 128), as long as the songs on average.
    Example: `vae.average(ensemble, [vae.read("a.mid"), vae.read("b.mid")], weights=[2, 1])`
    """
    songs = [as_source(song, ensemble.band) for song in source_midis]
    checked = decoding_options(average, ensemble.band, options)
    mixed = average_stage.average(ensemble, songs, weights, checked, keep_keys)
    return checked.apply(mixed, songs[0].song)[0]


@checks_arguments
def blend(
    ensemble: Ensemble,
    source_midi: AnySong,
    style: AnySong,
    amount: float = 0.5,
    bars: BarRange | None = None,
    **options: Unpack[DecodingOptions],
) -> Arrangement:
    """The source MIDI with each instrument's latents moved toward the nearest of the same instrument in `style`.

    amount: 0 (nothing changes) to 1. Rolls are as long as the source's: (instruments, steps of 1/24 beat, 128).
    Example: `vae.blend(ensemble, vae.read("a.mid"), vae.read("style.mid"), amount=0.7, bars=(3, 6))`
    """
    source_midi, style = as_source(source_midi, ensemble.band), as_source(style, ensemble.band)
    checked = decoding_options(blend, ensemble.band, options)
    arrangement = blend_stage.blend(ensemble, source_midi, style, amount, bars, checked)
    return checked.apply(arrangement, source_midi.song, moves=what_moves(bars is None))[0]


@checks_arguments
def apply_attributes(
    ensemble: Ensemble,
    source_midi: AnySong,
    folder: str | Path,
    amounts: Mapping[str, float],
    bars: BarRange | None = None,
    **options: Unpack[DecodingOptions],
) -> Arrangement:
    """The source MIDI with more or less of the attributes learned in the workspace `folder`, or of the bundled band
    (`folder="bundled"`), in standard deviations.

    Rolls are as long as the source's: (instruments, steps of 1/24 beat, 128).
    Example: `vae.apply_attributes(ensemble, vae.read("a.mid"), "my-workspace", {"density": 1.5, "drums.density": -1})`
    """
    source_midi = as_source(source_midi, ensemble.band)
    checked = decoding_options(apply_attributes, ensemble.band, options)
    workspace = None if folder == BUNDLED else Workspace.find(Path(folder))
    directions = attributes_stage.load_directions(workspace, ensemble)
    step = attributes_stage.latent_step(ensemble, directions, [f"{name}={amount}" for name, amount in amounts.items()])
    arrangement = attributes_stage.apply(ensemble, source_midi, step, checked, bars)
    return checked.apply(arrangement, source_midi.song, moves=what_moves(bars is None))[0]


@checks_arguments
def groove(
    source_midi: AnySong,
    fill: bool | None = None,
    amount: float = 1.0,
    folder: str | Path | None = None,
    channel: int = DRUM_CHANNEL + 1,
) -> Arrangement:
    """The source MIDI with its drums in a drummer's velocities and timing; `folder`: a workspace with a groove model.

    fill: whether drums are added (None: where only one or two are played); amount: 0 (on the grid) to 2, 1 as learned;
    channel: that of the rhythm, 1 to 16.
    Example: `vae.groove(vae.read("taps.mid"), fill=True)`
    """
    drummer = groove_stage.find_groove(Workspace.find(Path(folder)) if folder else None)
    return groove_stage.play(drummer, as_source(source_midi), channel, fill, amount)[0]


@checks_arguments
def reconstruct(
    ensemble: Ensemble, source_midi: AnySong, **options: Unpack[DecodingOptions]
) -> tuple[Arrangement, tuple[ReconstructionScore, ...]]:
    """The source MIDI encoded and decoded, and for each instrument how many of its cells come back.

    Example: `arrangement, scores = vae.reconstruct(ensemble, vae.read("a.mid"))`
    """
    source_midi = as_source(source_midi, ensemble.band)
    checked = decoding_options(reconstruct, ensemble.band, options)
    scores, arrangement = reconstruct_stage.reconstruct(ensemble, source_midi, checked)
    return checked.apply(arrangement, source_midi.song, moves="all")[0], scores
