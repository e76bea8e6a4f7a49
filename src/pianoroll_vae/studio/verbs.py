"""What the page can ask of the band: a JSON request becomes a call of a command's stage, and that command line."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pianoroll_vae.config import GenerateSettings
from pianoroll_vae.console import Watch
from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.chart import Chart, parse_chart
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.studio.fields import Fields
from pianoroll_vae.studio.session import Session
from pianoroll_vae.workspace import Workspace

MAX_BARS, MAX_NOISE, MAX_TAKES, MAX_CORNERS = 400, 4.0, 4, 4
LONGEST_CHART = 2**16
"""Characters."""

MAX_TEMPO, MIN_TEMPO = 300, 30
LEVELS = ("low", "medium", "high")


class Verb(Protocol):
    """One command with its options, but without its song, its seed and its outputs."""

    @property
    def label(self) -> str:
        """What the history shows."""

    @property
    def words(self) -> tuple[str, ...]:
        """The options on the command line."""

    def run(
        self, workspace: Workspace | None, source: Path | None, seed: int, outputs: Sequence[Path], watch: Watch
    ) -> list[WrittenSong]:
        """Write a song to each of `outputs`, or so many songs into that folder as `count` of the seed's options."""


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
        density = ",".join(f"{name}={level}" for name, level in self.density.items())
        return (
            "generate",
            *(("--chart", self.chart_name) if self.chart else ("--bars", str(self.bars))),
            *_noise_words({WHOLE_BAND: self.noise}),
            *_option("--key", self.key),
            *_option("--tempo", f"{self.tempo:g}" if self.tempo else ""),
            *_option("--genre", ",".join(self.genres)),
            *_option("--density", density),
        )

    def run(
        self, workspace: Workspace | None, source: Path | None, seed: int, outputs: Sequence[Path], watch: Watch
    ) -> list[WrittenSong]:
        from pianoroll_vae.stages.generate import run

        options = MusicOptions(
            noise={WHOLE_BAND: self.noise}, key=self.key or None, tempo=self.tempo, seed=seed, count=self.count
        )
        length = Length() if self.chart else Length(bars=self.bars)
        chart = ChartOptions(self.chart, genres=self.genres, density=self.density)
        return run(workspace, GenerateSettings(), options, length, outputs, False, chart, watch)


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
        bars = f"{self.bars[0]}-{self.bars[1]}" if self.bars else ""
        return ("vary", *_noise_words(self.noise), *_option("--bars", bars), *_option("--chords", self.chords))

    def run(
        self, workspace: Workspace | None, source: Path | None, seed: int, outputs: Sequence[Path], watch: Watch
    ) -> list[WrittenSong]:
        from pianoroll_vae.stages.vary import run

        assert source is not None
        options = MusicOptions(noise=self.noise, chords=self.chords or None, seed=seed, count=self.count)
        return run(workspace, source, options, self.bars, outputs, watch)


@dataclass(frozen=True)
class Continue:
    """`vaemusic continue`"""

    bars: int = 16
    noise: float = 1.0
    genres: tuple[str, ...] = ()
    count: int = 1

    @property
    def label(self) -> str:
        return f"Continued by {self.bars} bars"

    @property
    def words(self) -> tuple[str, ...]:
        genre = _option("--genre", ",".join(self.genres))
        return ("continue", "--bars", str(self.bars), *_noise_words({WHOLE_BAND: self.noise}), *genre)

    def run(
        self, workspace: Workspace | None, source: Path | None, seed: int, outputs: Sequence[Path], watch: Watch
    ) -> list[WrittenSong]:
        from pianoroll_vae.stages.continue_song import run

        assert source is not None
        options = MusicOptions(noise={WHOLE_BAND: self.noise}, seed=seed, count=self.count)
        chart = ChartOptions(genres=self.genres)
        return run(workspace, source, options, Length(bars=self.bars), outputs, False, chart, watch)


@dataclass(frozen=True)
class Accompany:
    """`vaemusic accompany`"""

    keep: tuple[str, ...]
    noise: float = 1.0
    count: int = 1

    @property
    def label(self) -> str:
        return f"Accompaniment to {', '.join(self.keep)}"

    @property
    def words(self) -> tuple[str, ...]:
        return ("accompany", "--keep", ",".join(self.keep), *_noise_words({WHOLE_BAND: self.noise}))

    def run(
        self, workspace: Workspace | None, source: Path | None, seed: int, outputs: Sequence[Path], watch: Watch
    ) -> list[WrittenSong]:
        from pianoroll_vae.stages.accompany import run

        assert source is not None
        options = MusicOptions(noise={WHOLE_BAND: self.noise}, seed=seed, count=self.count)
        return run(workspace, source, self.keep, (), None, options, outputs, watch)


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

    def run(
        self, workspace: Workspace | None, source: Path | None, seed: int, outputs: Sequence[Path], watch: Watch
    ) -> list[WrittenSong]:
        from pianoroll_vae.stages.average import run

        return run(workspace, self.paths, self.weights, MusicOptions(), outputs, watch)


def command_line(words: Sequence[str], source: str, seed: int | None, output: str) -> str:
    """A command as it is typed: `words` are its name and options, `source` its song, "" where it has none."""
    name, *options = words
    seeds = [] if seed is None else ["--seed", str(seed)]
    return shlex.join(["vaemusic", name, *([source] if source else []), *options, *seeds, "-o", output])


@dataclass(frozen=True)
class Setting:
    """What a request is read against: the band's instruments and genres, and the session with its takes."""

    instruments: tuple[str, ...]
    genres: tuple[str, ...]
    session: Session


def parse_verb(request: Fields, setting: Setting) -> Verb:
    """The verb of a request with the fields `JOB_FIELDS`; a chart's text is written to a file of the session."""
    name = request.text("verb")
    if name not in _PARSERS:
        raise SettingInvalid(f"There is no verb '{name[:40]}'.", f"Valid verbs: {', '.join(_PARSERS)}.")
    return _PARSERS[name](request, setting, request.integer("count", 1, MAX_TAKES, 1))


def _new(request: Fields, setting: Setting, count: int) -> Verb:
    from pianoroll_vae.music.key import parse_key
    from pianoroll_vae.workspace import write_text

    key, chart = request.text("key", longest=40), setting.session.work / "asked.chart"
    if key:
        parse_key(key)
    if "chart" in request:
        bars = _chart(request).bars
        if bars > MAX_BARS:
            raise SettingInvalid(f"The chart has {bars} bars.", f"The studio plays charts of at most {MAX_BARS} bars.")
        write_text(chart, request.text("chart", longest=LONGEST_CHART))
    instruments = setting.instruments
    levels = request.mapping("density", *instruments)
    density = {name: levels.text(name) for name in instruments if name in levels}
    if wrong := set(density.values()) - set(LEVELS):
        raise SettingInvalid(f"There is no density '{wrong.pop()[:40]}'.", f"Valid densities: {', '.join(LEVELS)}.")
    return NewSong(
        bars=request.integer("bars", 1, MAX_BARS, 32),
        noise=request.number("noise", 0, MAX_NOISE, 1.0),
        key=key,
        tempo=request.number("tempo", MIN_TEMPO, MAX_TEMPO) if "tempo" in request else None,
        genres=request.names("genres", setting.genres),
        density=density,
        chart=chart if "chart" in request else None,
        chart_name=chart.name if "chart" in request else "",
        count=count,
    )


def _chart(request: Fields) -> Chart:
    return parse_chart(request.text("chart", longest=LONGEST_CHART))[0]


def _vary(request: Fields, setting: Setting, count: int) -> Verb:
    return _changed(request, setting, count, request.number("noise", 0.01, MAX_NOISE, 0.4))


def _rewrite(request: Fields, setting: Setting, count: int) -> Verb:
    return _changed(request, setting, count, 1.0)


def _changed(request: Fields, setting: Setting, count: int, noise: float) -> Verb:
    names = request.names("instruments", setting.instruments)
    if not names:
        raise SettingInvalid("No instrument may change.", "Mark one that is not locked.")
    first = request.integer("first_bar", 1, 10**6, 1)
    bars = (first, request.integer("last_bar", first, 10**6)) if "last_bar" in request else None
    # The command takes one chord a bar: that of its first half.
    chords = " ".join(_chart(request).symbols()[::2]) if "chart" in request else ""
    return Vary({name: noise for name in setting.instruments if name in names}, bars, chords, count)


def _continue(request: Fields, setting: Setting, count: int) -> Verb:
    genres = request.names("genres", setting.genres)
    return Continue(request.integer("bars", 1, MAX_BARS, 16), request.number("noise", 0, MAX_NOISE, 1.0), genres, count)


def _accompany(request: Fields, setting: Setting, count: int) -> Verb:
    keep = request.names("instruments", setting.instruments)
    if not keep or len(keep) == len(setting.instruments):
        raise SettingInvalid(
            "An accompaniment keeps some instruments and writes the others.",
            "Lock the instruments that stay, and leave one at least unlocked.",
        )
    return Accompany(keep, request.number("noise", 0, MAX_NOISE, 1.0), count)


def _average(request: Fields, setting: Setting, count: int) -> Verb:
    numbers = [Fields.of({"take": item}, "take").integer("take", 1, 10**6) for item in request.items("takes")]
    weights = [Fields.of({"weights": item}, "weights").number("weights", 0, 1) for item in request.items("weights")]
    if not 2 <= len(numbers) <= MAX_CORNERS or len(weights) != len(numbers) or not sum(weights):
        raise SettingInvalid(
            "An average is of two to four takes, with a weight for each.",
            'Send, for example, {"verb": "average", "takes": [1, 2], "weights": [0.5, 0.5]}.',
        )
    paths = tuple(setting.session.path(setting.session.take(number).number) for number in numbers)
    return Average(paths, tuple(round(weight, 3) for weight in weights))


_PARSERS = {
    "new": _new,
    "rewrite": _rewrite,
    "vary": _vary,
    "continue": _continue,
    "accompany": _accompany,
    "average": _average,
}

WITHOUT_SOURCE = ("new", "average")
"""Verbs that do not begin from one take."""

JOB_FIELDS = (
    *("verb", "take", "seed", "count", "bars", "noise", "key", "tempo", "genres", "density", "chart"),
    *("instruments", "first_bar", "last_bar", "takes", "weights"),
)


def _option(name: str, value: str) -> tuple[str, ...]:
    return (name, value) if value else ()


def _noise_words(noise: Mapping[str, float]) -> tuple[str, ...]:
    return ("--noise", ",".join(f"{name}={value:g}" if name else f"{value:g}" for name, value in noise.items()))
