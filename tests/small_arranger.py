"""An arranger workspace with small untrained networks, saved as checkpoints, and songs of random bars."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from pianoroll_vae.models.arranger.blocks import read_blocks
from pianoroll_vae.models.arranger.conditions import GENRES, TEMPOS, Conditions
from pianoroll_vae.models.arranger.tokens import END, ChartedSong
from pianoroll_vae.models.arranger.train.prior import Prior
from pianoroll_vae.models.arranger.train.trainer import load_weights
from pianoroll_vae.models.arranger.train.vae import ArrangerVae
from pianoroll_vae.models.arranger.traits import CLASSES
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.model import Kind
from pianoroll_vae.models.recipe import ARRANGER, ArrangerSizes, BarVaeSizes
from pianoroll_vae.models.training.checkpoint import fingerprints, save_trained
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import LENGTHS, NOTE_COLUMNS, BarNotes, Bars
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels
from pianoroll_vae.stages import init
from pianoroll_vae.workspace import BAR_VAE, CONDITIONAL, MELODY, VAE, Artifact, Workspace

SMALL_ARRANGER = replace(
    ARRANGER,
    latent_size=4,
    arranger=ArrangerSizes(
        width=32,
        heads=2,
        layers=2,
        bar_width=16,
        context_tokens=64,
        epoch_windows=8,
        context_bars=16,
        prior_width=32,
        prior_heads=2,
        prior_layers=2,
        chart_width=32,
        chart_heads=2,
        chart_layers=2,
    ),
    bar_vae=BarVaeSizes(
        latent_size=8,
        width=32,
        step_features=4,
        pitch_features=2,
        rank=4,
        note_features=2,
        note_width=8,
        epochs=2,
        bars=64,
        batch_size=16,
    ),
    vae=replace(ARRANGER.vae, epochs=2, batch_size=4, learning_rate=5e-2),
    latents=replace(ARRANGER.latents, components=2, epochs=2, pairs=256, batch_size=4, learning_rate=5e-2),
)

READY_TO_END = 1.5
"""How much sooner than by chance a bar ends, so that songs of random networks are soon written."""

READY_TO_PLAY = 1.0
"""How much sooner than by chance an instrument plays in a block of a chart."""

MEAN_ONSET = 1.0
"""Mean onset bias of the pitches, with which some cells of a bar have onsets."""

DRUMS = LPD5.drums

SIXTEENTH_LENGTHS = np.flatnonzero(LENGTHS % 3 == 0)[:8]
"""Places in `LENGTHS` of one to eight sixteenths."""


def small_arranger_weights(kind: Kind, seed: int = 5) -> Weights:
    """The weights of one kind of network, lively though untrained: those that begin with zeros are random too, so that
    chords, conditions and what is known of the next bar matter."""
    family = family_of(SMALL_ARRANGER)
    specs = family.parameter_specs(kind, SMALL_ARRANGER, LPD5)
    weights = Weights.fresh(family.network_names(kind, LPD5), specs, seed)
    rng = torch.Generator().manual_seed(seed)
    for name, view in weights.views().items():
        if not specs[name].fan_in:
            view.normal_(0, 0.2, generator=rng)
    if kind == "bar_vae":
        weights["decoder.pitch_bias.weight"].normal_(MEAN_ONSET, 1, generator=rng)
    if kind == "vae":
        weights["heads.step.bias"].zero_()[:, END] = READY_TO_END
        weights["decoder.latent.weight"].mul_(4)  # so that latents matter more than at first
    if kind == "melody":
        weights["chart.next_active.out.bias"].fill_(READY_TO_PLAY)
    return weights


def small_vae() -> ArrangerVae:
    """The VAE of these weights."""
    network = ArrangerVae(SMALL_ARRANGER, len(LPD5))
    return load_weights(network, small_arranger_weights("vae")).requires_grad_(False)


def small_prior(kind: Kind) -> Prior:
    """The prior of the lead ("melody") or of the other instruments ("conditional")."""
    rows = 1 if kind == "melody" else len(LPD5) - 1
    network = Prior(SMALL_ARRANGER, len(LPD5), rows, with_chart=kind == "melody")
    return load_weights(network, small_arranger_weights(kind)).requires_grad_(False)


def small_arranger_workspace(root: Path) -> Workspace:
    """A workspace with such a band."""
    init.run(root)
    workspace = Workspace.find(root)
    facts = {"dataset": "none", "scores": {}}
    vae = small_arranger_weights("vae")
    save_trained(workspace.path(VAE), "vae", SMALL_ARRANGER, LPD5, vae, facts)
    bar_vae = small_arranger_weights("bar_vae")
    save_trained(workspace.path(BAR_VAE), "bar_vae", SMALL_ARRANGER, LPD5, bar_vae, facts)
    learned = {"learned_from": fingerprints(vae), **facts}
    latents: dict[Kind, Artifact] = {"melody": MELODY, "conditional": CONDITIONAL}
    for kind, artifact in latents.items():
        save_trained(workspace.path(artifact), kind, SMALL_ARRANGER, LPD5, small_arranger_weights(kind), learned)
    return workspace


def bar_notes(rng: np.random.Generator, count: int, drums: bool = False) -> BarNotes:
    """Random notes of one bar on sixteenths, as `Bars` has them: `count` at most, none twice, in the order of
    writing."""
    taken = np.unique(3 * rng.integers(0, 16, count) * 128 + rng.integers(30, 90, count))
    notes = np.zeros((len(taken), NOTE_COLUMNS), np.uint8)
    notes[:, 0], notes[:, 1] = taken // 128, taken % 128
    notes[:, 2] = 0 if drums else rng.choice(SIXTEENTH_LENGTHS, len(taken))
    notes[:, 3] = rng.integers(2, 8, len(taken))
    return notes


def loops(bars: int, seed: int = 0, kinds: int = 3, silent: tuple[int, ...] = ()) -> Bars:
    """A song in which every instrument plays one of `kinds` bars of its own, or rests; `silent` never play."""
    rng = np.random.default_rng(seed)
    stock = [[bar_notes(rng, 6, bool(DRUMS[instrument])) for _ in range(kinds)] for instrument in range(len(LPD5))]
    nothing = np.zeros((0, NOTE_COLUMNS), np.uint8)
    cells = []
    for _ in range(bars):
        chosen = rng.integers(-1, kinds, len(LPD5))
        cells += [
            nothing if k < 0 or instrument in silent else stock[instrument][k] for instrument, k in enumerate(chosen)
        ]
    return Bars.from_cells(cells, len(LPD5))


def random_chords(bars: int, rng: np.random.Generator) -> Labels:
    """(bars, 2): some of them no chord."""
    return np.where(rng.random((bars, 2)) < 0.1, NO_CHORD, rng.integers(0, NO_CHORD, (bars, 2)))


def random_conditions(rng: np.random.Generator) -> Conditions:
    traits = rng.integers(0, CLASSES, (len(LPD5), len(CLASSES)))
    return Conditions((rng.random(GENRES) < 0.3).astype(np.float32), np.array(rng.integers(1, TEMPOS)), traits)


def charted(bars: Bars, seed: int = 0) -> ChartedSong:
    """The bars as a song with conditions and chords, of which each four bars have one of two patterns."""
    rng = np.random.default_rng(seed)
    patterns = random_chords(8, rng).reshape(2, 4, 2)
    chords = patterns[rng.integers(0, 2, -(-len(bars) // 4))].reshape(-1, 2)[: len(bars)]
    return ChartedSong(bars, chords, read_blocks(bars, chords, 0), random_conditions(rng))
