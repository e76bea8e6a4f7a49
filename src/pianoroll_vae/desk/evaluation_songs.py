"""The songs of an evaluation: real ones that no model was trained on, and those that a model generates."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pianoroll_vae.desk.music_options import MAX_SEED, WHOLE_BAND, MusicOptions
from pianoroll_vae.desk.new_songs import NewSongOptions
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.desk.song_processes import generate_in_groups
from pianoroll_vae.errors import NothingFound, SettingInvalid, counted
from pianoroll_vae.listen.two_sample_test import MIN_SET_SONGS
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.band import Band, find_band
from pianoroll_vae.music.dataset import Dataset, SongEntry
from pianoroll_vae.music.primer import first_full_segment
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import exists, is_folder
from pianoroll_vae.progress import Watch
from pianoroll_vae.sources.song_folder import read_songs
from pianoroll_vae.workspace import DATASET, Workspace

MIN_FULL_BAND_SHARE = 0.25
"""If fewer songs of a split have all instruments, all its songs are used."""

MAX_REAL_SONGS = 400
"""In each of the two sets of real songs that are compared as the upper bound: the AUC then varies by about 0.02."""


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
        if half < MIN_SET_SONGS:
            raise SettingInvalid(
                f"The two-sample test divides the real songs into two sets of {MIN_SET_SONGS} or more; below {path} "
                f"there {'is' if len(songs) == 1 else 'are'} {counted(len(songs), 'song')} that can be read and "
                "differ.",
                f"Name a folder of {2 * MIN_SET_SONGS} real songs or more, or a dataset: --against PATH.",
            )
        return RealSongs(band, songs[:half], songs[half:], ())
    dataset = Dataset.open(path)
    reference = _shuffled(dataset, seed, partial(is_reference, tuning=options.tuning))
    training_indices = _shuffled(dataset, seed, lambda song: song.split == "train")
    second = with_full_band(dataset.songs, training_indices)[:most]
    _refuse_small_dataset(path, dataset, reference, second, options)
    wanted = training_indices if all_training else second
    with watch.task("Reading real songs", len(wanted), "songs") as task:
        held_out = [dataset.song(index) for index in with_full_band(dataset.songs, reference)[:most]]
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
    held_out = with_full_band(dataset.songs, reference)
    if min(len(held_out), len(training)) >= MIN_SET_SONGS:
        return
    usable = counted(len(held_out), "validation song" if options.tuning else "test song")
    complete = "" if len(held_out) == len(reference) else f" with all instruments (of {len(reference)})"
    raise SettingInvalid(
        f"The two-sample test needs {MIN_SET_SONGS} held-out songs or more, and as many training songs; of the "
        f"{counted(len(dataset.songs), 'song')} of {path} it can use {usable}{complete} and "
        f"{counted(len(training), 'training song')}.",
        "Choose more songs (vaemusic filter, vaemusic preprocess), or name a folder of real songs: --against DIR.",
    )


def generate_evaluated(
    ensemble: Ensemble, dataset: Path | None, options: EvaluateOptions, seed: int, watch: Watch
) -> list[Song]:
    """Songs of a band. Where it needs primers, they are validation songs of `dataset` that are not in the reference."""
    rng = random.Random(seed)
    seeds = rng.sample(range(MAX_SEED), options.count)
    if dataset is None:
        primers = find_primers(None, NONE, seeds, ensemble)
    else:
        primers = [_on_grid(primer, ensemble) for primer in _draw_primers(Dataset.open(dataset), options, rng)]
    music_options = MusicOptions(noise={WHOLE_BAND: options.noise}, ending=False)  # the real songs are excerpts
    song_options = NewSongOptions(music_options, default_phrases=options.steps)
    phrases = options.count * options.steps
    with watch.task("Generating", phrases, "phrases") as task:
        return [song.new for song in generate_in_groups(ensemble, primers, seeds, song_options, phrases, task.advance)]


def _on_grid(primer: Song, ensemble: Ensemble) -> Song:
    """Of the same length; a note that touches the next step does not lengthen it."""
    steps = round(primer.beats * ensemble.steps_per_beat)
    return primer.regrid(ensemble.steps_per_beat).between(0, steps)


def _draw_primers(dataset: Dataset, options: EvaluateOptions, rng: random.Random) -> list[Song]:
    """The first full segments of validation songs with all instruments; repeated where there are fewer than `count`."""
    playable = _shuffled(dataset, 0, partial(is_primer, tuning=options.tuning, shortest=dataset.segment_steps))
    pool = list(with_full_band(dataset.songs, playable))
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


def with_full_band(entries: Sequence[SongEntry], songs: Sequence[int]) -> Sequence[int]:
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


def is_reference(song: SongEntry, tuning: bool) -> bool:
    return song.split == "valid" and _is_even(song) if tuning else song.split == "test"


def is_primer(song: SongEntry, tuning: bool, shortest: int) -> bool:
    """Validation songs that are not in the reference."""
    spare = song.split == "valid" and not (tuning and _is_even(song))
    return spare and song.steps >= shortest and any(song.notes)


def _is_even(song: SongEntry) -> bool:
    """True for half of all songs, the same half in every dataset."""
    return int(song.md5[-1], 16) % 2 == 0


def dataset_or_refuse(workspace: Workspace | None, hint: str = "Name a folder of them: --against DIR.") -> Path:
    """The workspace's dataset; hint: what to name where there is no workspace."""
    if workspace is None:
        raise NothingFound("There are no real songs to compare with.", hint)
    return workspace.require(DATASET)
