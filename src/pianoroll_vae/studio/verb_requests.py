"""Reads what the page asks of the band: a JSON request as a verb, checked against the band and the session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import REWRITE_NOISE, Density
from pianoroll_vae.music.chart import Chart, parse_chart
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.studio.command_lines import VerbSequence
from pianoroll_vae.studio.fields import Fields
from pianoroll_vae.studio.session import Session
from pianoroll_vae.studio.verbs import Accompany, ApplyAttributes, Average, Continue, NewSong, Vary, Verb

MAX_BARS, MAX_NOISE, MAX_TAKES, MAX_CORNERS = 400, 4.0, 4, 4
MAX_BAR = 10**6
MAX_CHART_LENGTH = 2**16
"""Characters."""

MAX_REQUESTED_TEMPO, MIN_REQUESTED_TEMPO = 300, 30
LEVELS = get_args(Density)


@dataclass(frozen=True)
class RequestContext:
    """What a request is read against: the band, and the session with its takes."""

    instruments: tuple[str, ...]
    genres: tuple[str, ...]
    session: Session
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The instruments whose attribute the band can change."""


def parse_verb(request: Fields, context: RequestContext) -> Verb:
    """The verb of a request with the fields `JOB_FIELDS`; a chart's text is written to a file of the session."""
    name = request.text("verb")
    if name not in _PARSERS:
        raise SettingInvalid(f"There is no verb '{name[:40]}'.", f"Valid verbs: {', '.join(_PARSERS)}.")
    count = request.integer("count", 1, MAX_TAKES, 1)
    if name == "attributes" and count > 1:
        raise SettingInvalid("Attributes are changed in one take.", "Leave the count out.")
    if "parts" not in request:
        return _PARSERS[name](request, context, count)
    parts = request.items("parts")
    if name not in IN_PARTS or not 1 <= len(parts) <= MAX_PARTS:
        raise SettingInvalid(
            "The parts of a request are not valid.", f"Give 1 to {MAX_PARTS} to one of {', '.join(IN_PARTS)}."
        )
    verbs = [_PARSERS[name](request.replaced(part, *PART_FIELDS), context, 1) for part in parts]
    return VerbSequence(tuple(verbs), count)


def _generate(request: Fields, context: RequestContext, count: int) -> Verb:
    from pianoroll_vae.atomic_files import write_text
    from pianoroll_vae.music.key import parse_key

    key, chart = request.text("key", longest=40), context.session.work / "asked.chart"
    if key:
        parse_key(key)
    if "chart" in request:
        bars = _chart(request).bars
        if bars > MAX_BARS:
            raise SettingInvalid(f"The chart has {bars} bars.", f"The studio plays charts of at most {MAX_BARS} bars.")
        write_text(chart, request.text("chart", longest=MAX_CHART_LENGTH))
    return NewSong(
        bars=request.integer("bars", 1, MAX_BARS, 32),
        noise=request.number("noise", 0, MAX_NOISE, 1.0),
        key=key,
        tempo=request.number("tempo", MIN_REQUESTED_TEMPO, MAX_REQUESTED_TEMPO) if "tempo" in request else None,
        genres=request.names("genres", context.genres),
        density=_density(request, context),
        chart=chart if "chart" in request else None,
        chart_name=chart.name if "chart" in request else "",
        count=count,
    )


def _density(request: Fields, context: RequestContext) -> dict[str, str]:
    levels = request.mapping("density", *context.instruments)
    density = {name: levels.text(name) for name in context.instruments if name in levels}
    if wrong := set(density.values()) - set(LEVELS):
        raise SettingInvalid(f"There is no density '{wrong.pop()[:40]}'.", f"Valid densities: {', '.join(LEVELS)}.")
    return density


def _chart(request: Fields) -> Chart:
    return parse_chart(request.text("chart", longest=MAX_CHART_LENGTH))[0]


def _vary(request: Fields, context: RequestContext, count: int) -> Verb:
    return _changed(request, context, count, request.number("noise", 0.01, MAX_NOISE, 0.4))


def _rewrite(request: Fields, context: RequestContext, count: int) -> Verb:
    return _changed(request, context, count, REWRITE_NOISE)


def _changed(request: Fields, context: RequestContext, count: int, noise: float) -> Verb:
    names = request.names("instruments", context.instruments)
    if not names:
        raise SettingInvalid("No instrument may change.", "Mark one that is not locked.")
    # The command takes one chord a bar: that of its first half.
    chords = " ".join(_chart(request).symbols()[::2]) if "chart" in request else ""
    return Vary({name: noise for name in context.instruments if name in names}, _bars(request), chords, count)


def _bars(request: Fields) -> BarRange | None:
    first = request.integer("first_bar", 1, MAX_BAR, 1)
    return (first, request.integer("last_bar", first, MAX_BAR)) if "last_bar" in request else None


def _continue(request: Fields, context: RequestContext, count: int) -> Verb:
    genres = request.names("genres", context.genres)
    after = request.integer("after", 1, MAX_BAR) if "after" in request else None
    noise = request.number("noise", 0, MAX_NOISE, 1.0)
    density = _density(request, context)
    return Continue(request.integer("bars", 1, MAX_BARS, 16), noise, genres, count, after, density)


def _accompany(request: Fields, context: RequestContext, count: int) -> Verb:
    keep = request.names("instruments", context.instruments)
    if not keep or len(keep) == len(context.instruments):
        raise SettingInvalid(
            "An accompaniment keeps some instruments and writes the others.",
            "Lock the instruments that stay, and leave one at least unlocked.",
        )
    # Each of several parts keeps other instruments, and the request has one density for all of them.
    density = {name: level for name, level in _density(request, context).items() if name not in keep}
    return Accompany(keep, request.number("noise", 0, MAX_NOISE, 1.0), count, _bars(request), density)


def _attributes(request: Fields, context: RequestContext, count: int) -> Verb:
    by_instrument = request.mapping("changes", *context.instruments)
    changes: dict[str, float] = {}
    for instrument in context.instruments:
        known = [name for name, instruments in context.attributes.items() if instrument in instruments]
        amounts = by_instrument.mapping(instrument, *known)
        changes |= {f"{instrument}.{name}": amounts.number(name, -10, 10) for name in known if name in amounts}
    if not changes:
        raise SettingInvalid(
            "No attribute is named.",
            'Send, for example, {"verb": "attributes", "take": 1, "changes": {"piano": {"density": 1.5}}}.',
        )
    return ApplyAttributes(changes, _bars(request))


def _average(request: Fields, context: RequestContext, count: int) -> Verb:
    numbers = [Fields.of({"take": item}, "take").integer("take", 1, 10**6) for item in request.items("takes")]
    weights = [Fields.of({"weights": item}, "weights").number("weights", 0, 1) for item in request.items("weights")]
    if not 2 <= len(numbers) <= MAX_CORNERS or len(weights) != len(numbers) or not sum(weights):
        raise SettingInvalid(
            "An average is of two to four takes, with a weight for each.",
            'Send, for example, {"verb": "average", "takes": [1, 2], "weights": [0.5, 0.5]}.',
        )
    paths = tuple(context.session.path(context.session.take(number).number) for number in numbers)
    return Average(paths, tuple(round(weight, 3) for weight in weights))


_PARSERS: dict[str, Callable[[Fields, RequestContext, int], Verb]] = {
    "new": _generate,
    "rewrite": _rewrite,
    "vary": _vary,
    "continue": _continue,
    "accompany": _accompany,
    "average": _average,
    "attributes": _attributes,
}

WITHOUT_SOURCE = ("new", "average")
"""Verbs that do not begin from one take."""

IN_PARTS = ("rewrite", "vary", "accompany", "attributes")
PART_FIELDS = ("instruments", "first_bar", "last_bar", "changes")
"""Fields of one of the parts that are changed in one go."""

MAX_PARTS = 16

JOB_FIELDS = (
    *("verb", "take", "seed", "count", "bars", "noise", "key", "tempo", "genres", "density", "chart"),
    *("instruments", "first_bar", "last_bar", "after", "takes", "weights", "changes", "parts"),
)
