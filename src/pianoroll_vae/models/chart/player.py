"""The networks of a band that writes note by note, beside one song that is being written.

Computes what `networks` and `plans` do, one bar, one decision, one note at a time, without their framework: what is
read of memory for a note is all that counts (see `kernels`). Knows no files, and what is chosen is not its matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.chart import kernels
from pianoroll_vae.models.chart.choices import FULLNESS, LEAST, Scores
from pianoroll_vae.models.chart.kernels import Array, Layers, Manner, Ring, Writer, halved
from pianoroll_vae.models.chart.layers import LONGEST_PERIOD, SHORTEST_PERIOD, Views
from pianoroll_vae.models.chart.networks import PHRASE_BARS, chart_of
from pianoroll_vae.models.chart.plans import DEEDS, POINTER
from pianoroll_vae.models.chart.stream import NEW, REPEATS
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.bars import BAR_STEPS, BarNotes
from pianoroll_vae.music.notes import PITCHES

MOST_TOGETHER = 6
"""Notes that an instrument begins at once: a chord that has gone astray climbs on and on, since its notes only rise."""

MOST_NOTES = 96
"""In a bar of one instrument, whatever the networks say."""

NO_GUIDE = np.zeros((0, 4), np.uint8)


class Said(NamedTuple):
    """Of one instrument's next bar, as `plans.Said` has it."""

    kind: Scores
    back: Scores
    weight: Scores
    mean: Scores
    log_deviation: Scores


@dataclass(frozen=True)
class Attention:
    """One network's layers, ready."""

    layers: Layers
    speed: NDArray[np.float64]
    heads: int
    tokens: int

    @staticmethod
    def of(w: Mapping[str, Array], prefix: str, layers: int, heads: int, tokens: int) -> "Attention":
        def each(name: str) -> list[Array]:
            return [w[f"{prefix}{layer}.{name}"] for layer in range(layers)]

        width = len(w[f"{prefix}0.norm1"])
        half = width // heads // 2
        heads_of = [each * (1 + gain) for each, gain in zip(each("heads"), each("norm1"), strict=True)]
        for weight in heads_of:
            weight[:width] *= np.float32((2 * half) ** -0.5)  # queries
        up = [each * (1 + gain) for each, gain in zip(each("up"), each("norm2"), strict=True)]
        ready = Layers(
            halved(np.stack(heads_of)),
            halved(np.stack(each("out"))),
            halved(np.stack(up)),
            np.stack(each("up_bias")),
            halved(np.stack(each("down"))),
        )
        slower = np.arange(half) / max(half - 1, 1)
        speed = 2 * np.pi / (SHORTEST_PERIOD * (LONGEST_PERIOD / SHORTEST_PERIOD) ** slower)
        return Attention(ready, speed, heads, tokens)

    def ring(self) -> Ring:
        """Nothing was seen yet."""
        layers, width, _ = self.layers.out.shape
        shape = layers, self.heads, self.tokens, width // self.heads
        return Ring(np.zeros(shape, np.uint16), np.zeros(shape, np.uint16), np.zeros(1, np.int64))


class Networks:
    """A band's weights, made ready for all the songs that it writes."""

    def __init__(self, recipe: Recipe, vae: Views, melody: Views, conditional: Views, order: tuple[int, ...]) -> None:
        chart = chart_of(recipe)
        self.latent_size, self.components = recipe.latent_size, recipe.latents.components
        self.lead, self.followers = order[0], order[1:]
        self.vae: Mapping[str, Array] = {name: view.numpy() for name, view in vae.items()}
        self.plans: tuple[Mapping[str, Array], ...] = tuple(
            {name: view.numpy() for name, view in plan.items()} for plan in (melody, conditional)
        )
        self.planners = [[_row(plan, who) for who in range(len(plan["say.deed"]))] for plan in self.plans]
        self.writing = Attention.of(self.vae, "write.", chart.layers, chart.heads, chart.tokens)
        self.looking = tuple(
            Attention.of(plan, "past.", chart.plan_layers, chart.plan_heads, chart.bars) for plan in self.plans
        )
        self.writer = _writer(self.vae, self.writing.speed)


def _row(plan: Mapping[str, Array], planner: int) -> Mapping[str, Array]:
    """The part of a latent network that is one instrument's own."""
    return {name: part[planner] for name, part in plan.items() if name.startswith(("now.", "say."))}


def _writer(w: Mapping[str, Array], speed: NDArray[np.float64]) -> Writer:
    def plain(name: str) -> Array:
        return np.ascontiguousarray(w[name])

    return Writer(
        speed,
        who=plain("write.who"),
        says=plain("write.says"),
        place=plain("write.place"),
        pitch=plain("write.pitch"),
        pitch_class=plain("write.class"),
        length=plain("write.length"),
        next=halved(np.concatenate([w["next.place"], w["next.hidden"]]) * (1 + w["write.norm"])),
        place_bias=plain("next.place_bias"),
        next_at=plain("next.at"),
        next_of=plain("next.of"),
        next_pitch=halved(w["next.pitch"]),
        pitch_bias=plain("next.pitch_bias"),
        next_length=halved(w["next.length"]),
        next_velocity=halved(w["next.velocity"]),
        velocity_bias=plain("next.velocity_bias"),
    )


class Player:
    """What the networks have read of one song, and what they answer."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self.ring = networks.writing.ring()
        self.looked = tuple(attention.ring() for attention in networks.looking)
        self.made: Array = np.zeros(networks.writing.layers.out.shape[1], np.float32)
        """What the decoder made of the token it read last."""

        self.past: list[Array] = []
        """What each latent network made of the bars it has seen; empty where it has seen none."""

    def hear(self, who: int, notes: BarNotes) -> tuple[Scores, Scores]:
        """A bar's notes to its content (content,) and its latent's mean (latent_size,)."""
        w, (place, pitch, length, _) = self.networks.vae, notes.T.astype(np.int64)
        heard = w["hear.place"][who * BAR_STEPS + place] * w["hear.pitch"][who * PITCHES + pitch]
        heard = (heard + w["hear.length"][length]).sum(0) + w["hear.who"][who]
        content = _level(w["hear.out"] @ _bent(w["hear.in"] @ _level(heard) + w["hear.in_bias"]))
        size = self.networks.latent_size
        return content, w["hear.latent"][:size] @ content + w["hear.latent_bias"][:size]

    def read_heading(
        self, who: int, says: int, bar: int, latent: Scores | None = None, content: Scores | None = None
    ) -> None:
        w, writing = self.networks.vae, self.networks.writing
        x: Array = w["write.who"][who] + w["write.says"][says] + w["write.phrase"][bar % PHRASE_BARS]
        if latent is not None:
            x += w["write.latent"] @ latent
        if content is not None:
            x += w["write.content"] @ content
        kernels.show(writing.layers, self.ring, writing.speed, x, bar * BAR_STEPS)
        self.made = x

    def read_notes(self, who: int, bar: int, notes: BarNotes) -> None:
        """Notes that are given."""
        networks = self.networks
        kernels.read_notes(networks.writing.layers, self.ring, networks.writer, who, bar * BAR_STEPS, notes)

    def write_notes(
        self,
        who: int,
        bar: int,
        bold: float,
        struck: bool,
        usual: float,
        chance: np.random.Generator,
        guide: BarNotes = NO_GUIDE,
        follow: float = 0.0,
    ) -> BarNotes:
        """The notes of the bar whose heading was read last; see `kernels.write_notes`."""
        networks = self.networks
        return kernels.write_notes(
            networks.writing.layers,
            self.ring,
            networks.writer,
            self.made,
            who,
            bar * BAR_STEPS,
            Manner(float(bold), LEAST, FULLNESS, float(usual), MOST_TOGETHER, bool(struck)),
            np.ascontiguousarray(guide),
            float(follow),
            chance.random((MOST_NOTES, 5)),
        )

    def look_back(self, bar: int, content: Scores, deed: NDArray[np.int64]) -> None:
        """A bar is complete: content (players, content), deed (players,)."""
        self.past = []
        for w, attention, ring in zip(self.networks.plans, self.networks.looking, self.looked, strict=True):
            x = w["past.content"] @ content.ravel() + w["past.deed"][_rows(deed)].sum(0)
            x = np.asarray(x + w["past.phrase"][bar % PHRASE_BARS], np.float32)
            kernels.show(attention.layers, ring, attention.speed, x, bar)
            self.past.append(_level(x, kernels.LEAST_SQUARE) * (1 + w["past.norm"]))

    def decide(
        self, who: int, content: Scores, deed: NDArray[np.int64], mine: Scores, there: NDArray[np.bool_]
    ) -> Said:
        """What `who` does next; see `plans.decide`."""
        networks = self.networks
        network, planner = (0, 0) if who == networks.lead else (1, networks.followers.index(who))
        w = networks.planners[network][planner]
        x = w["now.in"] @ self.past[network] + w["now.content"] @ content.ravel() + w["now.deed"][_rows(deed)].sum(0)
        x = _level(x + w["now.out"] @ _bent(w["now.inner"] @ x + w["now.inner_bias"]))
        deeds = w["say.deed"] @ x + w["say.deed_bias"]
        alike = mine @ (w["say.found"].T @ (w["say.looks_for"] @ x)) * np.float32(POINTER**-0.5)
        back = np.where(there, deeds[3:] + alike, -np.inf)
        kind = deeds[:3]
        if not there.any():
            kind[REPEATS:NEW] = -np.inf
        told, mixed = w["say.mixture"] @ x + w["say.mixture_bias"], networks.components
        mean, log_deviation = told[mixed:].reshape(2, mixed, networks.latent_size)
        return Said(kind, back, told[:mixed], mean, log_deviation.clip(-5, 2))


def _rows(deed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the deeds (players,) stand in an embedding of all players' deeds."""
    return deed + DEEDS * np.arange(len(deed))


def _level(x: Array, least: float = float(np.finfo(np.float32).eps)) -> Array:
    """Root-mean-square normalisation of x (width,)."""
    return np.asarray(x * kernels.shrink(x, least), np.float32)


def _bent(x: Array) -> Array:
    """GELU of x, which is changed."""
    kernels.bend(x)
    return x
