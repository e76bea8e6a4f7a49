"""What the page can ask of the band: each verb is a call of a command's stage, with the options of its command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pianoroll_vae.config import GenerateSettings
from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong
from pianoroll_vae.errors import counted
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace

if TYPE_CHECKING:
    from pianoroll_vae.desk.new_songs import OnBeginning


@dataclass(frozen=True)
class StageInputs:
    """What stages are given beside a verb's options."""

    workspace: Workspace | None
    source: Path | None
    seed: int
    outputs: Sequence[Path]
    watch: Watch
    on_beginning: "OnBeginning | None" = None
    """Called while a new song is written; other verbs change a song that can be heard already."""


class Verb(Protocol):
    """One command with its options, but without its song, its seed and its outputs."""

    @property
    def label(self) -> str:
        """What the history shows."""

    @property
    def words(self) -> tuple[str, ...]:
        """The options on the command line."""

    def run(self, given: StageInputs) -> list[WrittenSong]:
        """Write a song to each of the outputs, or `count` songs into that folder."""


@dataclass(frozen=True)
class NewSong:
    """`vaemusic generate`"""

    bars: int = 32
    noise: float = 1.0
    key: str = ""
    tempo: float | None = None
    genres: tuple[str, ...] = ()
    density: Mapping[str, str] = field(default_factory=dict)
    chart: Path | None = None
    chart_name: str = ""
    count: int = 1

    @property
    def label(self) -> str:
        facts = [self.key, *self.genres, f"{self.tempo:g} BPM" if self.tempo else ""]
        return " · ".join(["Song from a chart" if self.chart else "New song", *filter(None, facts)])

    @property
    def words(self) -> tuple[str, ...]:
        return (
            "generate",
            *(("--chart", self.chart_name) if self.chart else ("--bars", str(self.bars))),
            *_noise_words({WHOLE_BAND: self.noise}),
            *_option("--key", self.key),
            *_option("--tempo", f"{self.tempo:g}" if self.tempo else ""),
            *_option("--genre", ",".join(self.genres)),
            *_density_words(self.density),
        )

    def run(self, given: StageInputs) -> list[WrittenSong]:
        from pianoroll_vae.stages.generate import run

        options = MusicOptions(
            noise={WHOLE_BAND: self.noise}, key=self.key or None, tempo=self.tempo, seed=given.seed, count=self.count
        )
        length = Length() if self.chart else Length(bars=self.bars)
        chart = ChartOptions(self.chart, genres=self.genres, density=self.density)
        return run(
            given.workspace,
            GenerateSettings(),
            options,
            length,
            given.outputs,
            False,
            chart,
            given.watch,
            given.on_beginning,
        )


@dataclass(frozen=True)
class Vary:
    """`vaemusic vary`; with noise 1 the notes are written again."""

    noise: Mapping[str, float] = field(default_factory=dict)
    bars: BarRange | None = None
    chords: str = ""
    count: int = 1

    @property
    def label(self) -> str:
        again = all(noise >= 1 for noise in self.noise.values())
        where = f"bars {self.bars[0]}–{self.bars[1]}" if self.bars else "all bars"
        return f"{'Written again' if again else 'Varied'}: {', '.join(self.noise)}, {where}"

    @property
    def words(self) -> tuple[str, ...]:
        return ("vary", *_noise_words(self.noise), *_bars_words(self.bars), *_option("--chords", self.chords))

    def run(self, given: StageInputs) -> list[WrittenSong]:
        from pianoroll_vae.stages.vary import run

        assert given.source is not None
        options = MusicOptions(noise=self.noise, chords=self.chords or None, seed=given.seed, count=self.count)
        return run(given.workspace, given.source, options, self.bars, given.outputs, given.watch)


@dataclass(frozen=True)
class Continue:
    """`vaemusic continue`; after: the bar, from 1, behind which the song is left out."""

    bars: int = 16
    noise: float = 1.0
    genres: tuple[str, ...] = ()
    count: int = 1
    after: int | None = None
    density: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"Continued by {counted(self.bars, 'bar')}" + (f" after bar {self.after}" if self.after else "")

    @property
    def words(self) -> tuple[str, ...]:
        after = _option("--after", str(self.after or ""))
        asked = *_option("--genre", ",".join(self.genres)), *_density_words(self.density)
        return ("continue", "--bars", str(self.bars), *after, *_noise_words({WHOLE_BAND: self.noise}), *asked)

    def run(self, given: StageInputs) -> list[WrittenSong]:
        from pianoroll_vae.stages.continue_song import run

        assert given.source is not None
        options = MusicOptions(noise={WHOLE_BAND: self.noise}, seed=given.seed, count=self.count)
        chart = ChartOptions(genres=self.genres, density=self.density)
        return run(
            given.workspace,
            given.source,
            options,
            Length(bars=self.bars),
            given.outputs,
            False,
            chart,
            given.watch,
            self.after,
        )


@dataclass(frozen=True)
class Accompany:
    """`vaemusic accompany`"""

    keep: tuple[str, ...]
    noise: float = 1.0
    count: int = 1
    bars: BarRange | None = None
    density: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        where = f", bars {self.bars[0]}–{self.bars[1]}" if self.bars else ""
        return f"Accompaniment to {', '.join(self.keep)}{where}"

    @property
    def words(self) -> tuple[str, ...]:
        sampling = *_noise_words({WHOLE_BAND: self.noise}), *_density_words(self.density)
        return ("accompany", "--keep", ",".join(self.keep), *_bars_words(self.bars), *sampling)

    def run(self, given: StageInputs) -> list[WrittenSong]:
        from pianoroll_vae.stages.accompany import run

        assert given.source is not None
        options = MusicOptions(noise={WHOLE_BAND: self.noise}, seed=given.seed, count=self.count)
        return run(
            given.workspace,
            given.source,
            self.keep,
            (),
            None,
            options,
            given.outputs,
            given.watch,
            self.bars,
            ChartOptions(density=self.density),
        )


@dataclass(frozen=True)
class Average:
    """`vaemusic average`, which samples nothing and so has no seed."""

    paths: tuple[Path, ...]
    weights: tuple[float, ...]
    count: int = 1

    @property
    def label(self) -> str:
        parts = zip(self.paths, self.weights, strict=True)
        return "Between takes " + ", ".join(f"{int(path.stem)} ({weight:.0%})" for path, weight in parts if weight)

    @property
    def words(self) -> tuple[str, ...]:
        weights = ",".join(f"{weight:g}" for weight in self.weights)
        return ("average", *(path.name for path in self.paths), "--weights", weights)

    def run(self, given: StageInputs) -> list[WrittenSong]:
        from pianoroll_vae.stages.average import run

        return run(given.workspace, self.paths, self.weights, MusicOptions(), given.outputs, given.watch)


@dataclass(frozen=True)
class ApplyAttributes:
    """`vaemusic attributes apply`, which samples nothing and so has no seed."""

    changes: Mapping[str, float]
    """Standard deviations by instrument and attribute: 'piano.density'."""

    bars: BarRange | None = None
    count: int = 1

    @property
    def label(self) -> str:
        where = f", bars {self.bars[0]}–{self.bars[1]}" if self.bars else ""
        return ", ".join(f"{name} {amount:+g}" for name, amount in self.changes.items()) + where

    @property
    def words(self) -> tuple[str, ...]:
        changes = (word for change in self._changes for word in ("--attribute", change))
        return ("attributes apply", *changes, *_bars_words(self.bars))

    @property
    def _changes(self) -> list[str]:
        return [f"{name}={amount:+g}" for name, amount in self.changes.items()]

    def run(self, given: StageInputs) -> list[WrittenSong]:
        from pianoroll_vae.stages.attributes import run_apply

        assert given.source is not None
        return run_apply(
            given.workspace, given.source, self._changes, self.bars, MusicOptions(), given.outputs, given.watch
        )


def _option(name: str, value: str) -> tuple[str, ...]:
    return (name, value) if value else ()


def _bars_words(bars: BarRange | None) -> tuple[str, ...]:
    return _option("--bars", f"{bars[0]}-{bars[1]}" if bars else "")


def _density_words(density: Mapping[str, str]) -> tuple[str, ...]:
    return _option("--density", ",".join(f"{name}={level}" for name, level in density.items()))


def _noise_words(noise: Mapping[str, float]) -> tuple[str, ...]:
    return ("--noise", ",".join(f"{name}={value:g}" if name else f"{value:g}" for name, value in noise.items()))
