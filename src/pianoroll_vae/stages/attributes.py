"""Makes songs denser or calmer, higher or lower, more of a genre: directions learned from the workspace's dataset."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.directions import Direction, Heard, learn
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.music_options import Facts, MusicOptions
from pianoroll_vae.desk.outputs import WrittenSong, output_paths, write
from pianoroll_vae.errors import ArtifactDamaged, ArtifactStale, NothingFound, SettingInvalid, suggest
from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES, attribute_values
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.workspace import DATASET, VAE, Artifact, Workspace, write_text

ATTRIBUTES = Artifact("attributes", "models/attributes.json", "vaemusic attributes learn", (DATASET, VAE))
MOST_SONGS = 300
"""Of training, and as many that were held out: more no longer turn a direction."""

MOST_PHRASES = 12
"""Of one song."""

LARGEST_STEP = 10.0
_WISH = re.compile(r"(?:(?P<who>[^.=]+)\.)?(?P<name>[^=]+)=(?P<amount>[^=]+)")


@dataclass(frozen=True)
class AttributeLine:
    """One attribute: the mean of the instruments it is offered for."""

    name: str
    kind: str
    moves: float | None
    others: float | None
    instruments: tuple[str, ...]


def run_learn(workspace: Workspace, watch: Watch) -> list[AttributeLine]:
    """Learn the directions, keep those that move what they are named for, and say how far."""
    dataset = Dataset.open(workspace.require(DATASET))
    ensemble = load_ensemble(workspace, watch)
    genres = tuple(sorted({genre for song in dataset.songs for genre in song.genres}))
    with watch.task("Listening", None, "songs") as task:
        train = _hear(ensemble, dataset, ("train",), genres, task.advance)
        held_out = _hear(ensemble, dataset, ("valid", "test"), genres, task.advance)
    if train is None or held_out is None:
        raise NothingFound(
            "The dataset has too few songs to learn from and to measure with.",
            "Choose more songs: vaemusic filter, vaemusic preprocess.",
        )
    with watch.task("Learning directions", len(genres) + len(ATTRIBUTE_MEASURES), "directions") as task:
        directions = learn(ensemble, train, held_out, genres, task.advance)
    write_text(workspace.path(ATTRIBUTES), json.dumps([_to_json(each) for each in directions]))
    workspace.record(ATTRIBUTES)
    return lines(ensemble, load_directions(workspace, ensemble))


def run_list(workspace: Workspace, watch: Watch) -> list[AttributeLine]:
    """What can be asked for."""
    ensemble = load_ensemble(workspace, watch)
    return [line for line in lines(ensemble, load_directions(workspace, ensemble)) if line.instruments]


def run_apply(
    workspace: Workspace,
    source: Path,
    asked: Sequence[str],
    bars: BarRange | None,
    options: MusicOptions,
    outputs: Sequence[Path],
    watch: Watch,
) -> list[WrittenSong]:
    """Write the song in the file `source` with more or less of the attributes; `asked` as 'density=+1.5'."""
    where = output_paths(outputs, 1)
    ensemble = load_ensemble(workspace, watch)
    options.check(ensemble.band)
    directions = load_directions(workspace, ensemble)
    source_midi = SourceMidi.read(source, ensemble.band)
    step = latent_step(ensemble, directions, asked)
    with watch.task("Changing", None, "songs"):
        arrangement = apply(ensemble, source_midi, step, options, bars)
    arrangement, facts = options.apply(arrangement, source_midi.song)
    return [
        write(arrangement, where[0], None, str(source), {**facts, **_told(ensemble, source_midi, arrangement, asked)})
    ]


def apply(
    ensemble: Ensemble,
    source_midi: SourceMidi,
    step: Latents,
    options: MusicOptions | None = None,
    bars: BarRange | None = None,
) -> Arrangement:
    """The source MIDI with its latents moved by `step` (instruments, latent_size); what that does not change stays."""
    latents = ensemble.encode(ensemble.to_phrases(source_midi.song))
    threshold = (options or MusicOptions()).threshold_for(ensemble.band, ensemble.thresholds)
    return ensemble.move_latents(source_midi, latents, latents + step, threshold, bars)


def latent_step(ensemble: Ensemble, directions: Sequence[Direction], asked: Sequence[str]) -> Latents:
    """(instruments, latent_size): 'density=+1.5' and 'drums.density=-1' as one step."""
    if not asked:
        raise SettingInvalid("No attribute is asked for.", "Name one: --attribute density=+1.5.")
    by_name = {direction.name: direction for direction in directions if direction.offered.any()}
    step = np.zeros_like(directions[0].vectors)
    for wish in asked:
        who, name, amount = _parse(wish)
        if name not in by_name:
            raise SettingInvalid(f"There is no attribute '{name}'.", suggest(name, by_name) if by_name else "")
        direction = by_name[name]
        instruments = direction.offered.copy()
        if who is not None:
            instruments &= np.arange(len(instruments)) == ensemble.band.index(who)
            if not instruments.any():
                offered = ", ".join(np.array(ensemble.band.names)[direction.offered].tolist())
                raise SettingInvalid(f"{name} does not move the {who}.", f"It moves: {offered}.")
        step += np.where(instruments[:, None], amount * direction.vectors, 0).astype(np.float32)
    return step


def lines(ensemble: Ensemble, directions: Sequence[Direction]) -> list[AttributeLine]:
    """A line for each attribute, the strongest first."""
    table = []
    for each in directions:
        instruments = np.flatnonzero(each.offered)
        who = tuple(ensemble.band.names[instrument] for instrument in instruments)
        moves = float(each.moves[instruments].mean()) if len(instruments) else None
        others = float(each.others[instruments].mean()) if len(instruments) else None
        table.append(AttributeLine(each.name, each.kind, moves, others, who))
    return sorted(table, key=lambda line: (line.kind != "trait", -(line.moves or 0)))


def load_directions(workspace: Workspace, ensemble: Ensemble) -> list[Direction]:
    """The learned directions, refused where dataset or VAEs have changed since."""
    path = workspace.require(ATTRIBUTES)
    status = workspace.status(ATTRIBUTES)
    if status.state == "stale":
        raise ArtifactStale(f"The attributes are stale: {status.why}.", f"Run: {ATTRIBUTES.made_by}")
    try:
        directions = [_from_json(each) for each in json.loads(path.read_text())]
        if any(each.vectors.shape != directions[0].vectors.shape for each in directions) or not directions:
            raise ValueError("vectors of several shapes")
        if len(directions[0].vectors) != len(ensemble.band):
            raise ValueError("another band's")
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise ArtifactDamaged(f"{path} holds no attributes: {reason}.", f"Run: {ATTRIBUTES.made_by}") from None
    return directions


def _hear(
    ensemble: Ensemble, dataset: Dataset, splits: tuple[str, ...], genres: tuple[str, ...], done: Any
) -> Heard | None:
    """Phrases of at most so many songs of some splits, evenly from each song and all over the dataset."""
    songs = [i for i, song in enumerate(dataset.songs) if song.split in splits and any(song.notes)]
    songs = [songs[i] for i in np.unique(np.linspace(0, len(songs) - 1, min(MOST_SONGS, len(songs))).astype(int))]
    phrases, labels = [], []
    for index in songs:
        heard = ensemble.to_phrases(dataset.song(index))
        chosen = np.unique(np.linspace(0, len(heard) - 1, min(MOST_PHRASES, len(heard))).astype(int))
        phrases.append(heard[chosen])
        of_song = [genre in dataset.songs[index].genres for genre in genres]
        labels.append(np.tile(np.array(of_song, bool), (len(chosen), 1)))
        done()
    return Heard.of(ensemble, np.concatenate(phrases), np.concatenate(labels)) if phrases else None


def _parse(wish: str) -> tuple[str | None, str, float]:
    found = _WISH.fullmatch(wish)
    try:
        amount = float(found["amount"]) if found else float("nan")
    except ValueError:
        amount = float("nan")
    if found is None or not abs(amount) <= LARGEST_STEP:
        raise SettingInvalid(
            f"'{wish}' says no attribute and how much.", "Write density=+1.5, or drums.density=-1, at most 10."
        )
    return found["who"], found["name"].strip(), amount


def _told(ensemble: Ensemble, source_midi: SourceMidi, arrangement: Arrangement, asked: Sequence[str]) -> Facts:
    """For each trait that was asked for, its mean over instruments and phrases before and after."""
    facts: Facts = {}
    for _, name, _ in map(_parse, asked):
        if name in ATTRIBUTE_MEASURES:
            place = list(ATTRIBUTE_MEASURES).index(name)
            means = [
                np.nanmean(attribute_values(ensemble.to_phrases(song), ensemble.steps_per_beat)[..., place])
                for song in (source_midi.song, arrangement.song())
                if len(song.notes)
            ]
            facts[name] = " → ".join(f"{mean:.2f}" for mean in means)
    return facts


def _to_json(direction: Direction) -> dict[str, Any]:
    return {
        "name": direction.name,
        "kind": direction.kind,
        "vectors": direction.vectors.round(6).tolist(),
        "moves": _plain(direction.moves),
        "others": _plain(direction.others),
    }


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]


def _from_json(values: Mapping[str, Any]) -> Direction:
    vectors = np.array(values["vectors"], np.float32)
    moves, others = (np.array(values[name], np.float64) for name in ("moves", "others"))
    if vectors.ndim != 2 or not len(vectors) == len(moves) == len(others):
        raise ValueError("a direction has no vectors")
    return Direction(str(values["name"]), str(values["kind"]), vectors, moves, others)
