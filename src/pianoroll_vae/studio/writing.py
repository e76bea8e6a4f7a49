"""The work of the studio's first process: it runs the stages that write songs."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.progress import Task, Watch
from pianoroll_vae.studio.session import WORK
from pianoroll_vae.studio.verbs import NewSong, StageInputs, Vary, Verb
from pianoroll_vae.studio.worker import SendProgress
from pianoroll_vae.workspace import Workspace


@dataclass(frozen=True)
class WriteRequest:
    """A verb to be carried out; `folder` is new, and takes the songs."""

    verb: Verb
    source: Path | None
    seed: int
    count: int
    total: int | None
    """Units of progress, where they are known."""

    folder: Path


@dataclass(frozen=True)
class Written:
    """Songs in the order of their seeds, and what the command line would have shown."""

    paths: tuple[Path, ...]
    facts: Mapping[str, str | float]


@dataclass(frozen=True)
class Attribute:
    """What the band can change in songs: 'attribute' or 'genre', and of which instruments."""

    name: str
    kind: str
    instruments: tuple[str, ...]


@dataclass(frozen=True)
class BandFacts:
    """The band that plays, the genres it has learned, and the attributes that it can change."""

    band: str
    genres: tuple[str, ...]
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True)
class Writing:
    """`folder`: of the session, for the song that warms the process up."""

    root: Path | None
    folder: Path

    def start(self) -> BandFacts:
        """Load the band and compile or load all loops that playing needs, so that the first song takes no longer."""
        from pianoroll_vae.desk.ensembles import load_ensemble
        from pianoroll_vae.progress import SilentWatch

        # The stages note in the user's state folder what they wrote; here that stays in the session's folder.
        os.environ["XDG_STATE_HOME"] = str(self.folder / WORK)
        ensemble = load_ensemble(self._workspace)
        warm = self.folder / WORK / "warm"
        shutil.rmtree(warm, ignore_errors=True)
        song, watch = warm / "song.mid", SilentWatch()
        NewSong(bars=4).run(StageInputs(self._workspace, None, 1, [song], watch))
        Vary({ensemble.band.lead: 0.5}).run(StageInputs(self._workspace, song, 1, [warm / "varied.mid"], watch))
        return BandFacts(ensemble.band.stored, ensemble.recipe.genres, self._attributes(watch))

    def call(self, request: WriteRequest, send_progress: SendProgress) -> Written:
        """Sends the files of beginnings, too, in which a song can be heard while the rest is written."""
        outputs = [request.folder / "song.mid"] if request.count == 1 else [request.folder]
        watch, beginnings = PipeWatch(send_progress, request.total), count(1)

        def on_beginning(song: Arrangement, beats: float) -> None:
            number = next(beginnings)
            path = request.folder / f"beginning_{number}.mid"
            write_bytes(path, song.midi())
            send_progress(beginning=number, path=path, beats=beats)

        inputs = StageInputs(self._workspace, request.source, request.seed, outputs, watch, on_beginning)
        songs = request.verb.run(inputs)
        return Written(tuple(song.path for song in songs), songs[0].facts)

    def _attributes(self, watch: Watch) -> tuple[Attribute, ...]:
        """None of a band whose attributes were not learned."""
        from pianoroll_vae.stages.attributes import run_list

        try:
            lines = run_list(self._workspace, watch)
            return tuple(Attribute(line.name, line.kind, line.instruments) for line in lines)
        except VaemusicError:
            return ()

    @property
    def _workspace(self) -> Workspace | None:
        return Workspace(self.root) if self.root else None


@dataclass
class PipeWatch:
    """Sends the progress of a stage to the server."""

    send_progress: SendProgress
    total: int | None

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        bar = _Bar(self.send_progress, title, total if total and total > 1 else self.total)
        bar.advance(0)
        yield bar

    def notice(self, text: str) -> None:
        self.send_progress(notice=text)

    def epoch(self, record: Mapping[str, Any]) -> None:
        self.send_progress(epoch=dict(record))


@dataclass
class _Bar:
    send_progress: SendProgress
    title: str
    total: int | None
    done: int = 0

    def advance(self, n: int = 1) -> None:
        self.done += n
        self.send_progress(title=self.title, done=self.done, total=self.total)
