"""Evaluates songs of a model, or any MIDI files, against real songs that no model was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pianoroll_vae.atomic_files import write_text
from pianoroll_vae.desk.chart_options import ChartOptions
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.evaluation_songs import (
    EvaluateOptions,
    dataset_or_refuse,
    generate_evaluated,
    real_songs,
)
from pianoroll_vae.desk.length import Length
from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.new_songs import NewSongOptions, generate_songs
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.listen.evaluation import evaluate
from pianoroll_vae.listen.evaluation_result import REAL, SWAPPED, THESIS, Evaluation
from pianoroll_vae.listen.following import BARS, FollowingScore, SongGenerator, measure_following, songs_to_measure
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import FOUR_FOUR
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import is_file
from pianoroll_vae.progress import Watch
from pianoroll_vae.sources.song_folder import read_songs
from pianoroll_vae.stages.generate import with_options
from pianoroll_vae.workspace import CONFIG_FILE, DATASET, Workspace

BUNDLED_MODEL = Path("bundled")
"""As a source: the model in the package."""

MAX_FOLLOWED_SONGS = 96
"""Real songs that a model accompanies, continues and fills in: the standard error of a mean share is then .02 or so; of
24 songs it is twice that."""


def run(workspace: Workspace | None, options: EvaluateOptions, watch: Watch) -> Evaluation:
    """`workspace` may be None where sources and real songs are named."""
    sources = options.sources or (_root_or_refuse(workspace),)
    bands = _bands_that_play_charts(sources, options) if options.following else {}
    real = real_songs(options.against or dataset_or_refuse(workspace), options, watch)
    taken = {REAL, SWAPPED} | ({THESIS} if options.thesis else set())
    evaluated: dict[str, Sequence[Song]] = {}
    for source in sources:
        for name, songs in _read_or_generate(source, options, real.band, watch).items():
            evaluated[f"{name} in {source}" if name in taken | set(evaluated) else name] = songs
    thesis: Sequence[Song] = ()
    if options.thesis:
        one_seed = replace(options, seeds=options.seeds[:1])
        [thesis] = _read_or_generate(options.thesis, one_seed, real.band, watch).values()
    evaluation = evaluate(
        evaluated, real.held_out, real.second, thesis, real.training, options.primer_bars, options.seeds[0], watch
    )
    settings = {name: str(value) for name, value in vars(options).items() if value not in (None, ())}
    following = {name: _measure_following(band, name, real.held_out, watch) for name, band in bands.items()}
    return replace(evaluation, settings=settings, following=following)


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write the evaluation as one HTML file."""
    from pianoroll_vae.listen.report import html  # Matplotlib is slow to import

    write_text(path, html(evaluation))


def _read_or_generate(source: Path, options: EvaluateOptions, band: Band, watch: Watch) -> dict[str, Sequence[Song]]:
    """By name: the songs of a folder, or for each seed those that a workspace's model generates."""
    if source == BUNDLED_MODEL:
        return _generate_per_seed("bundled", None, options, watch)
    if not is_file(source / CONFIG_FILE):
        return {source.name or str(source): read_songs(source, band, options.count, options.seeds[0], watch)}
    evaluated = Workspace(source, options.model)
    trained = load_ensemble(evaluated).recipe.name
    return _generate_per_seed(options.model or trained, evaluated, options, watch)


def _generate_per_seed(
    name: str, workspace: Workspace | None, options: EvaluateOptions, watch: Watch
) -> dict[str, Sequence[Song]]:
    """By name: the songs that a model generates with each seed."""
    ensemble = load_ensemble(workspace)
    dataset = None if ensemble.plays_charts else _dataset_of_primers(workspace, options)
    names = {seed: name if len(options.seeds) == 1 else f"{name}, seed {seed}" for seed in options.seeds}
    return {names[seed]: generate_evaluated(ensemble, dataset, options, seed, watch) for seed in options.seeds}


def _bands_that_play_charts(sources: Sequence[Path], options: EvaluateOptions) -> Mapping[str, Ensemble]:
    """By name: the bands among the sources, refused where one does not play charts."""
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
        return measure_following(ensemble, real, song_generator(ensemble), task)


def song_generator(ensemble: Ensemble) -> SongGenerator:
    """Writes songs as `vaemusic generate` does."""

    def generate(
        seed: int, *, chords: str | None = None, key: str | None = None, density: Mapping[str, str] | None = None
    ) -> Song:
        request = ChartOptions(chords=chords, density=density or {}).load(ensemble)
        primers = find_primers(None, NONE, [seed], ensemble)
        options = NewSongOptions(MusicOptions(chords=chords, key=key), Length(bars=BARS), request=request)
        [made] = generate_songs(ensemble, primers, [seed], options)
        return with_options(ensemble, made, primers[0], options)[0].song()

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


def _root_or_refuse(workspace: Workspace | None) -> Path:
    if workspace is None:
        raise NothingFound(
            "There is nothing to evaluate.", "Name a folder of MIDI files, or run the command in a workspace."
        )
    return workspace.root
