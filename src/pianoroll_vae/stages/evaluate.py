"""Evaluates songs of a model, or any MIDI files, against real songs that no model was trained on."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pianoroll_vae.console import Watch
from pianoroll_vae.errors import NothingFound, SettingInvalid, counted
from pianoroll_vae.listen.evaluation import REAL, SWAPPED, THESIS, Evaluation, evaluate
from pianoroll_vae.listen.following import BARS, FollowingScore, SongGenerator, measure_following, songs_to_measure
from pianoroll_vae.listen.two_sample_test import FOLDS
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import Band, find_band
from pianoroll_vae.music.dataset import Dataset, SongEntry
from pianoroll_vae.music.meter import FOUR_FOUR
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import exists, is_file, is_folder
from pianoroll_vae.sources.song_folder import read_songs
from pianoroll_vae.workspace import CONFIG_FILE, DATASET, Workspace, write_text

BUNDLED_MODEL = Path("bundled")
"""As a source: the model in the package."""

MIN_FULL_BAND_SHARE = 0.25
"""If fewer songs of a split have all instruments, all its songs are used."""

MAX_REAL_SONGS = 400
"""In each of the two sets of real songs that are compared as the upper bound: the AUC then varies by about 0.02."""

MAX_FOLLOWED_SONGS = 96
"""Real songs that a model accompanies, continues and fills in: the standard error of a mean share is then .02 or so; of
24 songs it is twice that."""


@dataclass(frozen=True)
class EvaluateOptions:
    """What is evaluated, and how."""

    sources: tuple[Path, ...] = ()
    """Folders of MIDI files, or workspaces whose model generates songs; empty: the current workspace."""

    against: Path | None = None
    """Real songs: a dataset, or a folder of MIDI or Lakh files; None: the workspace's dataset."""

    thesis: Path | None = None
    """A source of songs by the recipe thesis, the lower bound."""

    count: int = 150
    steps: int = 40
    noise: float = 1.0
    seeds: tuple[int, ...] = (0,)
    primer_bars: int = 4
    """Bars at the beginning of each song that are not evaluated."""

    tuning: bool = False
    """Compare with the half of the validation songs kept for tuning, so that the test songs stay unseen."""

    model: str = ""
    """Which of the trained models of a workspace; empty: the one without a name."""

    following: bool = False
    """Whether to measure also if the models do what they are asked."""


def run(workspace: Workspace | None, options: EvaluateOptions, watch: Watch) -> Evaluation:
    """`workspace` may be None where sources and real songs are named."""
    sources = options.sources or (_root_or_refuse(workspace),)
    asked = _bands_to_ask(sources, options) if options.following else {}
    real = real_songs(options.against or dataset_or_refuse(workspace), options, watch)
    taken = {REAL, SWAPPED} | ({THESIS} if options.thesis else set())
    evaluated: dict[str, Sequence[Song]] = {}
    for source in sources:
        for name, songs in _read_or_generate(source, options, real.band, watch).items():
            evaluated[f"{name} in {source}" if name in taken | set(evaluated) else name] = songs
    thesis: Sequence[Song] = ()
    if options.thesis:
        thesis = next(
            iter(
                _read_or_generate(options.thesis, replace(options, seeds=options.seeds[:1]), real.band, watch).values()
            )
        )
    evaluation = evaluate(
        evaluated, real.held_out, real.second, thesis, real.training, options.primer_bars, options.seeds[0], watch
    )
    settings = {name: str(value) for name, value in vars(options).items() if value not in (None, ())}
    following = {name: _measure_following(band, name, real.held_out, watch) for name, band in asked.items()}
    return replace(evaluation, settings=settings, following=following)


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write the evaluation as one HTML file."""
    from pianoroll_vae.listen.report import html  # Matplotlib is slow to import

    write_text(path, html(evaluation))


@dataclass(frozen=True)
class RealSongs:
    """Two sets of real songs, and the training songs (empty where they are unknown or not asked for)."""

    band: Band
    held_out: Sequence[Song]
    second: Sequence[Song]
    training: Sequence[Song]


def real_songs(
    path: Path, options: EvaluateOptions, watch: Watch, most: int = MAX_REAL_SONGS, all_training: bool = True
) -> RealSongs:
    """At most `most` in each set, of a dataset or a folder; all_training: all training songs are read, and not only the
    second set."""
    seed = options.seeds[0]
    if not exists(path):
        raise NothingFound(
            f"There is no dataset and no folder {path}.", "Name a dataset or a folder of real songs: --against PATH."
        )
    if is_folder(path):
        band = find_band("lpd5")
        songs = read_songs(path, band, 2 * most, seed, watch)
        half = len(songs) // 2
        if half < FOLDS:
            raise SettingInvalid(
                f"The two-sample test divides the real songs into two sets of {FOLDS} or more; below {path} there "
                f"{'is' if len(songs) == 1 else 'are'} {counted(len(songs), 'song')} that can be read and differ.",
                f"Name a folder of {2 * FOLDS} real songs or more, or a dataset: --against PATH.",
            )
        return RealSongs(band, songs[:half], songs[half:], ())
    dataset = Dataset.open(path)
    reference = _shuffled(dataset, seed, partial(_is_reference, tuning=options.tuning))
    training_indices = _shuffled(dataset, seed, lambda song: song.split == "train")
    second = _with_full_band(dataset.songs, training_indices)[:most]
    _refuse_small_dataset(path, dataset, reference, second, options)
    wanted = training_indices if all_training else second
    with watch.task("Reading real songs", len(wanted), "songs") as task:
        held_out = [dataset.song(index) for index in _with_full_band(dataset.songs, reference)[:most]]
        training = {}
        for index in wanted:
            training[index] = dataset.song(index)
            task.advance()
    songs = list(training.values()) if all_training else []
    return RealSongs(dataset.band, held_out, [training[index] for index in second], songs)


def _refuse_small_dataset(
    path: Path, dataset: Dataset, reference: Sequence[int], training: Sequence[int], options: EvaluateOptions
) -> None:
    """Both sets need songs for each fold of the two-sample test."""
    held_out = _with_full_band(dataset.songs, reference)
    if min(len(held_out), len(training)) >= FOLDS:
        return
    usable = counted(len(held_out), "validation song" if options.tuning else "test song")
    complete = "" if len(held_out) == len(reference) else f" with all instruments (of {len(reference)})"
    raise SettingInvalid(
        f"The two-sample test needs {FOLDS} held-out songs or more, and as many training songs; of the "
        f"{counted(len(dataset.songs), 'song')} of {path} it can use {usable}{complete} and "
        f"{counted(len(training), 'training song')}.",
        "Choose more songs (vaemusic filter, vaemusic preprocess), or name a folder of real songs: --against DIR.",
    )


def _read_or_generate(source: Path, options: EvaluateOptions, band: Band, watch: Watch) -> dict[str, Sequence[Song]]:
    """By name: the songs of a folder, or for each seed those that a workspace's model generates."""
    if source == BUNDLED_MODEL:
        return _generate_per_seed("bundled", None, options, watch)
    if not is_file(source / CONFIG_FILE):
        return {source.name or str(source): read_songs(source, band, options.count, options.seeds[0], watch)}
    from pianoroll_vae.desk.ensembles import load_ensemble

    evaluated = Workspace(source, options.model)
    trained = load_ensemble(evaluated).recipe.name
    return _generate_per_seed(options.model or trained, evaluated, options, watch)


def _generate_per_seed(
    name: str, workspace: Workspace | None, options: EvaluateOptions, watch: Watch
) -> dict[str, Sequence[Song]]:
    """By name: the songs that a model generates with each seed."""
    from pianoroll_vae.desk.ensembles import load_ensemble  # networks are slow to import, and not needed for folders

    ensemble = load_ensemble(workspace)
    dataset = None if ensemble.plays_charts else _dataset_of_primers(workspace, options)
    return {
        name if len(options.seeds) == 1 else f"{name}, seed {seed}": generate(ensemble, dataset, options, seed, watch)
        for seed in options.seeds
    }


def generate(ensemble: Ensemble, dataset: Path | None, options: EvaluateOptions, seed: int, watch: Watch) -> list[Song]:
    """Songs of a band. Where it needs primers, they are validation songs of `dataset` that are not in the reference."""
    from pianoroll_vae.desk.music_options import MAX_SEED, WHOLE_BAND, MusicOptions
    from pianoroll_vae.desk.new_songs import NewSongOptions
    from pianoroll_vae.desk.primers import NONE, find_primers
    from pianoroll_vae.desk.song_processes import generate_in_groups

    rng = random.Random(seed)
    seeds = rng.sample(range(MAX_SEED), options.count)
    if dataset is None:
        primers = find_primers(None, NONE, seeds, ensemble)
    else:
        primers = [_on_grid(primer, ensemble) for primer in _primers(Dataset.open(dataset), options, rng)]
    music_options = MusicOptions(noise={WHOLE_BAND: options.noise}, ending=False)  # the real songs are excerpts
    asked = NewSongOptions(music_options, default_phrases=options.steps)
    phrases = options.count * options.steps
    with watch.task("Generating", phrases, "phrases") as task:
        return [song.new for song in generate_in_groups(ensemble, primers, seeds, asked, phrases, task.advance)]


def _on_grid(primer: Song, ensemble: Ensemble) -> Song:
    """Of the same length; a note that touches the next step does not lengthen it."""
    steps = round(primer.beats * ensemble.steps_per_beat)
    return primer.regrid(ensemble.steps_per_beat).between(0, steps)


def _bands_to_ask(sources: Sequence[Path], options: EvaluateOptions) -> Mapping[str, Ensemble]:
    """By name: the bands among the sources, refused where one does not play charts."""
    from pianoroll_vae.desk.ensembles import load_ensemble

    bands = {}
    for source in sources:
        if source == BUNDLED_MODEL or is_file(source / CONFIG_FILE):
            band = load_ensemble(None if source == BUNDLED_MODEL else Workspace(source, options.model))
            if not band.plays_charts:
                raise SettingInvalid(
                    f"{source} has the recipe {band.recipe.name}, whose band plays no charts.",
                    "Leave --following out.",
                )
            bands[str(source)] = band
    if not bands:
        raise SettingInvalid("--following asks a model, and there is none.", "Name a workspace or the word bundled.")
    return bands


def _measure_following(
    ensemble: Ensemble, name: str, held_out: Sequence[Song], watch: Watch
) -> tuple[FollowingScore, ...]:
    real = [song for song in held_out if all(meter[1:] == FOUR_FOUR for meter in song.meters)][:MAX_FOLLOWED_SONGS]
    with watch.task(f"Asking {name}", songs_to_measure(ensemble, len(real)), "songs") as task:
        return measure_following(ensemble, real, _generator(ensemble), task)


def _generator(ensemble: Ensemble) -> SongGenerator:
    """Writes songs as `vaemusic generate` does."""
    from pianoroll_vae.desk.chart_options import ChartOptions
    from pianoroll_vae.desk.length import Length
    from pianoroll_vae.desk.music_options import MusicOptions
    from pianoroll_vae.desk.new_songs import NewSongOptions, generate_songs
    from pianoroll_vae.desk.primers import NONE, find_primers

    def generate(
        seed: int, *, chords: str | None = None, key: str | None = None, density: Mapping[str, str] | None = None
    ) -> Song:
        options = MusicOptions(chords=chords, key=key)
        request = ChartOptions(chords=chords, density=density or {}).load(ensemble)
        primers = find_primers(None, NONE, [seed], ensemble)
        asked = NewSongOptions(options, Length(bars=BARS), request=request)
        [made] = generate_songs(ensemble, primers, [seed], asked)
        return options.apply(made, primers[0], 0, ensemble.plays_charts)[0].song()

    return generate


def _dataset_of_primers(workspace: Workspace | None, options: EvaluateOptions) -> Path:
    if workspace is not None:
        dataset = workspace.require(DATASET)
    elif options.against is not None and is_file(options.against):
        dataset = options.against
    else:
        raise NothingFound(
            "The bundled model needs a dataset whose validation songs it continues.",
            "Name one: --against workspace/dataset.h5",
        )
    return dataset


def _primers(dataset: Dataset, options: EvaluateOptions, rng: random.Random) -> list[Song]:
    """The first full segments of validation songs with all instruments; repeated where there are fewer than `count`."""
    playable = _shuffled(dataset, 0, partial(_is_primer, tuning=options.tuning, shortest=dataset.segment_steps))
    pool = list(_with_full_band(dataset.songs, playable))
    if not pool:
        raise NothingFound(
            "The dataset holds no validation song that could be a primer.",
            "Choose more songs: vaemusic filter, vaemusic preprocess.",
        )
    rng.shuffle(pool)
    return [
        first_full_segment(dataset.song(pool[index % len(pool)]), dataset.segment_steps)
        for index in range(options.count)
    ]


def _with_full_band(entries: Sequence[SongEntry], songs: Sequence[int]) -> Sequence[int]:
    """Those of the songs in which every instrument plays, or all songs where those are rare.

    Primers and real songs must be alike: otherwise the two-sample test would find generated songs by an instrument that
    half of the real songs lack, and not by their music.
    """
    full = [index for index in songs if all(entries[index].notes)]
    return full if len(full) >= len(songs) * MIN_FULL_BAND_SHARE else songs


def _shuffled(dataset: Dataset, seed: int, condition: Callable[[SongEntry], bool]) -> list[int]:
    """Indices of the songs that meet a condition, shuffled."""
    indices = [index for index, song in enumerate(dataset.songs) if condition(song)]
    random.Random(seed).shuffle(indices)
    return indices


def _is_reference(song: SongEntry, tuning: bool) -> bool:
    return song.split == "valid" and _is_even(song) if tuning else song.split == "test"


def _is_primer(song: SongEntry, tuning: bool, shortest: int) -> bool:
    """Validation songs that are not in the reference."""
    spare = song.split == "valid" and not (tuning and _is_even(song))
    return spare and song.steps >= shortest and any(song.notes)


def _is_even(song: SongEntry) -> bool:
    """True for half of all songs, the same half in every dataset."""
    return int(song.md5[-1], 16) % 2 == 0


def _root_or_refuse(workspace: Workspace | None) -> Path:
    if workspace is None:
        raise NothingFound(
            "There is nothing to evaluate.", "Name a folder of MIDI files, or run the command in a workspace."
        )
    return workspace.root


def dataset_or_refuse(workspace: Workspace | None, hint: str = "Name a folder of them: --against DIR.") -> Path:
    """The workspace's dataset; hint: what to name where there is no workspace."""
    if workspace is None:
        raise NothingFound("There are no real songs to compare with.", hint)
    return workspace.require(DATASET)
