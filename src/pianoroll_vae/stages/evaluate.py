"""Says how near songs are to real ones: a model's, or any MIDI files, against songs that nobody trained on.

Reads the workspace and folders; writes nothing but the report that was asked for.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pianoroll_vae import config
from pianoroll_vae.console import Watch
from pianoroll_vae.errors import FileUnreadable, NothingFound, VaemusicError
from pianoroll_vae.listen.evaluation import REAL, SWAPPED, THESIS, Evaluation, evaluate
from pianoroll_vae.music.band import Band, find_band
from pianoroll_vae.music.dataset import Dataset, SongEntry
from pianoroll_vae.music.midi import read_midi
from pianoroll_vae.music.midi_score import MIDI_SUFFIXES
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.sources.dropped import DroppedFiles
from pianoroll_vae.sources.folders import files_under
from pianoroll_vae.sources.lakh import read_lakh
from pianoroll_vae.workspace import CONFIG_FILE, DATASET, Workspace, write_text

BUNDLED_MODEL = Path("bundled")
"""As a source: the model that comes with the package."""

RARE = 0.25
"""Of a split, as a share."""

MOST_REAL = 400
"""Real songs on either side of the ceiling: enough that the AUC varies by no more than about 0.02."""


@dataclass(frozen=True)
class Asked:
    """What is evaluated, and how."""

    sources: tuple[Path, ...] = ()
    """Folders of MIDI files, or workspaces whose model plays; none: the workspace at hand."""

    against: Path | None = None
    """Real songs: a dataset, or a folder of MIDI or Lakh files; None: the workspace's dataset."""

    thesis: Path | None = None
    """Songs of the recipe thesis, as a source."""

    count: int = 150
    steps: int = 40
    noise: float = 1.0
    seeds: tuple[int, ...] = (0,)
    primer_bars: int = 4
    """Bars at the beginning of every song that are not judged."""

    tuning: bool = False
    """Judge against songs kept for tuning, so that the final ones stay unseen until the end."""


def run(workspace: Workspace | None, asked: Asked, watch: Watch) -> Evaluation:
    """Evaluate what was asked for; `workspace` may be None where sources and real songs are named."""
    real = _real_songs(asked.against or _dataset_of(workspace), asked, watch)
    taken = {REAL, SWAPPED} | ({THESIS} if asked.thesis else set())
    judged: dict[str, Sequence[Song]] = {}
    for source in asked.sources or (_root_of(workspace),):
        for name, songs in _songs_of(source, asked, real.band, watch).items():
            judged[f"{name} in {source}" if name in taken | set(judged) else name] = songs
    thesis: Sequence[Song] = ()
    if asked.thesis:
        thesis = next(iter(_songs_of(asked.thesis, replace(asked, seeds=asked.seeds[:1]), real.band, watch).values()))
    evaluation = evaluate(
        judged, real.held_out, real.others, thesis, real.training, asked.primer_bars, asked.seeds[0], watch
    )
    settings = {name: str(value) for name, value in vars(asked).items() if value not in (None, ())}
    return replace(evaluation, settings=settings)


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write the evaluation as one HTML file."""
    from pianoroll_vae.listen.report import html  # draws, and drawing is slow to load

    write_text(path, html(evaluation))


@dataclass(frozen=True)
class _Real:
    """Real songs: judged against, the ceiling's other side, and those trained on (empty where nobody knows)."""

    band: Band
    held_out: Sequence[Song]
    others: Sequence[Song]
    training: Sequence[Song]


def _real_songs(path: Path, asked: Asked, watch: Watch) -> _Real:
    seed = asked.seeds[0]
    if path.is_dir():
        band = find_band("lpd5")
        songs = _read_folder(path, band, 2 * MOST_REAL, seed, watch)
        half = len(songs) // 2
        return _Real(band, songs[:half], songs[half:], ())
    dataset = Dataset.open(path)
    with watch.task("Reading real songs", None, "songs") as task:
        judged_against = _drawn(dataset, seed, partial(_is_judged_against, tuning=asked.tuning))
        held_out = [dataset.song(index) for index in _where_all_play(dataset.songs, judged_against)[:MOST_REAL]]
        learned_from = _drawn(dataset, seed, lambda song: song.split == "train")
        training = {}
        for index in learned_from:
            training[index] = dataset.song(index)
            task.advance()
        others = [training[index] for index in _where_all_play(dataset.songs, learned_from)[:MOST_REAL]]
    return _Real(dataset.band, held_out, others, list(training.values()))


def _songs_of(source: Path, asked: Asked, band: Band, watch: Watch) -> dict[str, Sequence[Song]]:
    """By name: the songs of a folder, or for each seed those that a workspace's model plays."""
    if source == BUNDLED_MODEL:
        return _seeds_of("bundled", None, asked, watch)
    if not (source / CONFIG_FILE).is_file():
        return {source.name or str(source): _read_folder(source, band, asked.count, asked.seeds[0], watch)}
    return _seeds_of(config.load(source).recipe, Workspace(source), asked, watch)


def _seeds_of(name: str, workspace: Workspace | None, asked: Asked, watch: Watch) -> dict[str, Sequence[Song]]:
    """By name: the songs that a band plays for each seed."""
    return {
        name if len(asked.seeds) == 1 else f"{name}, seed {seed}": _play(workspace, asked, seed, watch)
        for seed in asked.seeds
    }


def _play(workspace: Workspace | None, asked: Asked, seed: int, watch: Watch) -> list[Song]:
    """Songs of the workspace's model, or of the bundled one, from primers that are neither trained on nor judged
    against: the workspace's own, or those of the dataset judged against."""
    from pianoroll_vae.desk.ensembles import load_ensemble  # networks are slow to load, and folders need none
    from pianoroll_vae.desk.music_options import MAX_SEED, WHOLE_BAND, MusicOptions
    from pianoroll_vae.stages.generate import compose

    ensemble = load_ensemble(workspace)
    rng = random.Random(seed)
    seeds = rng.sample(range(MAX_SEED), asked.count)
    if workspace is not None:
        dataset = workspace.require(DATASET)
    elif asked.against is not None and asked.against.is_file():
        dataset = asked.against
    else:
        raise NothingFound(
            "The bundled model needs songs to start from that are not those it is judged against.",
            "Name a dataset that holds both: --against workspace/dataset.h5",
        )
    primers = _primers(Dataset.open(dataset), asked, rng)
    options = MusicOptions(noise={WHOLE_BAND: asked.noise})
    songs: list[Song] = []
    with watch.task("Playing", asked.count * asked.steps, "phrases") as task:
        for begin in range(0, asked.count, ensemble.songs_at_once):
            group = slice(begin, begin + ensemble.songs_at_once)
            songs += compose(
                ensemble,
                primers[group],
                seeds[group],
                options,
                default_phrases=asked.steps,
                on_phrases=task.advance,
            )
    return songs


def _primers(dataset: Dataset, asked: Asked, rng: random.Random) -> list[Song]:
    """Openings of songs in which all play, if there are any; in turn, when there are fewer than wanted."""
    playable = _drawn(dataset, 0, partial(_may_be_primer, tuning=asked.tuning, shortest=dataset.segment_steps))
    pool = list(_where_all_play(dataset.songs, playable))
    if not pool:
        raise NothingFound(
            "The dataset holds no song kept for tuning that could be a primer.",
            "Choose more songs: vaemusic filter, vaemusic preprocess.",
        )
    rng.shuffle(pool)
    return [
        first_full_segment(dataset.song(pool[turn % len(pool)]), dataset.segment_steps) for turn in range(asked.count)
    ]


def _where_all_play(entries: Sequence[SongEntry], songs: Sequence[int]) -> Sequence[int]:
    """Of these songs, those in which every instrument plays, or all where those are rare.

    What songs go on from and what they are judged against must be alike: who is told apart by an instrument that is
    absent from half of the real songs, and from none of the primers, is not told apart by how he plays.
    """
    full = [index for index in songs if all(entries[index].notes)]
    return full if len(full) >= len(songs) * RARE else songs


def _drawn(dataset: Dataset, seed: int, wanted: Callable[[SongEntry], bool]) -> list[int]:
    """The wanted songs in an order of chance."""
    indices = [index for index, song in enumerate(dataset.songs) if wanted(song)]
    random.Random(seed).shuffle(indices)
    return indices


def _is_judged_against(song: SongEntry, tuning: bool) -> bool:
    return song.split == "valid" and _is_even(song) if tuning else song.split == "test"


def _may_be_primer(song: SongEntry, tuning: bool, shortest: int) -> bool:
    """Songs that give primers are neither trained on nor judged against."""
    spare = song.split == "valid" and not (tuning and _is_even(song))
    return spare and song.steps >= shortest and any(song.notes)


def _is_even(song: SongEntry) -> bool:
    """True for half of all songs, the same half in every dataset."""
    return int(song.md5[-1], 16) % 2 == 0


def _read_folder(folder: Path, band: Band, most: int, seed: int, watch: Watch) -> list[Song]:
    """MIDI and Lakh files below a folder, drawn by chance; the same music is read once, whatever it is called."""
    songs: dict[str, Song] = {}
    unreadable = 0
    paths = sorted(_song_files(folder))
    random.Random(seed).shuffle(paths)
    with watch.task(f"Reading {folder.name}", min(len(paths), most), "songs") as task:
        for path in paths:
            if len(songs) >= most:
                break
            try:
                read = read_lakh if path.suffix == ".npz" else read_midi
                song = read(path, band, FINE_STEPS_PER_BEAT)
            except VaemusicError:
                unreadable += 1
                continue
            songs.setdefault(_music_of(song), replace(song, name=path.stem))
            task.advance()
    if unreadable:
        watch.notice(f"Left out, because they cannot be read: {unreadable} of the files below {folder}.")
    if not songs:
        raise NothingFound(f"There is no song below {folder}.", "Name a folder of MIDI files.")
    return list(songs.values())


def _song_files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise FileUnreadable(f"{folder} is no folder.", "Name a folder of MIDI files, or a workspace.")
    for entry in files_under(folder, DroppedFiles()):
        if entry.name.lower().endswith((*MIDI_SUFFIXES, ".npz")):
            yield Path(entry.path)


def _music_of(song: Song) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for column in song.notes.columns:
        digest.update(column.tobytes())
    return digest.hexdigest()


def _root_of(workspace: Workspace | None) -> Path:
    if workspace is None:
        raise NothingFound(
            "There is nothing to evaluate.", "Name a folder of MIDI files, or run the command in a workspace."
        )
    return workspace.root


def _dataset_of(workspace: Workspace | None) -> Path:
    if workspace is None:
        raise NothingFound("There are no real songs to compare with.", "Name a folder of them: --against DIR.")
    return workspace.require(DATASET)
