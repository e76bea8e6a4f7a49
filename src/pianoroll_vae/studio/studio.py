"""The studio behind the page: the session, the processes that write and render, and one piece of work at a time."""

import asyncio
import random
import shutil
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pianoroll_vae.desk.music_options import MAX_SEED
from pianoroll_vae.errors import NothingFound, VaemusicError, WorkspaceBusy
from pianoroll_vae.music.band import LPD5, Band, find_band
from pianoroll_vae.music.phrases import PHRASE_BARS
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.command_lines import command_lines
from pianoroll_vae.studio.downloads import SONG_MIDI, Downloads, FileRequest
from pianoroll_vae.studio.edits import Edit, edited
from pianoroll_vae.studio.events import Events
from pianoroll_vae.studio.keeping import BAND, keep_edited, keep_written, workspace_words
from pianoroll_vae.studio.learner import Learner
from pianoroll_vae.studio.real_songs import choose_real_song
from pianoroll_vae.studio.session import Channel, Session, Take
from pianoroll_vae.studio.song_view import SongView, SongViews, instruments_of
from pianoroll_vae.studio.sound import Sound, SoundRequest
from pianoroll_vae.studio.trials import GENERATED_BARS, Origin, Trials
from pianoroll_vae.studio.verb_requests import MAX_REQUESTED_TEMPO, MIN_REQUESTED_TEMPO
from pianoroll_vae.studio.verbs import Continue, NewSong, Verb
from pianoroll_vae.studio.worker import Worker, WorkStopped
from pianoroll_vae.studio.writing import Attribute, BandFacts, WriteRequest, Writing, Written
from pianoroll_vae.workspace import Workspace

JOBS = "jobs"
"""Where songs are written, in the session's work folder. The last job's files stay until the next one begins: a page
may still ask for the sound of the song's beginning."""

Keep = Callable[[int, Written], None]
"""Called with the seed and the songs that were written."""


class Studio:
    """Everything that happens in a session; every change is sent to all pages as the event `state`."""

    def __init__(self, folder: Path, workspace: Path | None = None) -> None:
        self.session = Session.open(folder)
        self.band: Band = LPD5
        self.genres: tuple[str, ...] = ()
        self.attributes: tuple[Attribute, ...] = ()
        self.events = Events()
        self.learner = Learner(folder / BAND, self.events.send)
        self._root = workspace
        self._version = time.time_ns() // 1000  # beyond those of an earlier server in this folder
        self.writer = self._new_writer()
        self.sound = Worker(Sound())
        self.files = Worker(Downloads())
        self.job: dict[str, Any] | None = None
        self.jobs = 0
        self.problem = ""
        self.workspace = Workspace(workspace) if workspace else None
        self.trials = Trials(folder / "trials")
        self._beginning: tuple[Path, float] | None = None
        self.views = SongViews()
        self._tasks: set[asyncio.Task[None]] = set()

    def _new_writer(self) -> Worker:
        own = self.session.own_band and self.learner.is_trained
        root = self.learner.folder if own else self._root
        return Worker(Writing(root, self.session.folder))

    def play_with(self, own: bool) -> None:
        """Write songs with the band that was learned here, or with that of the workspace or the package."""
        self.require_idle()
        if own and not self.learner.is_trained:
            raise NothingFound("No band has been learned here yet.", "Choose MIDI files and learn: the page /learn.")
        if own == self.session.own_band:
            return
        self.session.own_band = own
        self.session.save()
        self._load_band()

    def _load_band(self) -> None:
        self.writer.close()
        self.writer = self._new_writer()
        self._in_background(self._warm())
        self.changed()

    def learn(self, epochs: int) -> None:
        """Begin to train, or go on."""
        self._in_background(self._learn(self.learner.begin(epochs)))

    async def _learn(self, work: Coroutine[Any, Any, None]) -> None:
        await work
        await self.load_learned()

    async def load_learned(self) -> None:
        """If the band that was learned plays, load it again, once nothing is being written."""
        while self.job is not None:
            await asyncio.sleep(0.1)
        if self.session.own_band:
            self._load_band()

    async def start(self) -> None:
        """Warm both processes up while the page loads."""
        self._in_background(self._warm())
        self._in_background(self._warm_sound())

    async def _warm_sound(self) -> None:
        with suppress(WorkStopped):
            await self.sound.warm()

    async def _warm(self) -> None:
        try:
            facts: BandFacts = await self.writer.warm()
            self.genres, self.attributes, self.problem = facts.genres, facts.attributes, ""
            if facts.band != self.band.stored:
                self.band = find_band(facts.band)
                self.views.clear()
        except WorkStopped:
            return
        except Exception as error:
            self.problem = error.message if isinstance(error, VaemusicError) else str(error)
        self.changed()

    def close(self) -> None:
        """End the processes and all streams of events."""
        self.events.close()
        for worker in (self.writer, self.sound, self.files, self.learner.worker):
            worker.close()

    def state(self) -> dict[str, Any]:
        session = self.session
        mixer = {name: asdict(session.mixer.get(name, Channel())) for name in (*self.band.names, "others")}
        return {
            "version": self._version,
            "current": session.current,
            "undo": session.undo_to,
            "redo": session.next_take,
            "takes": [vars(take) for take in session.takes.values()],
            "mixer": mixer,
            "instruments": instruments_of(self.band),
            "genres": list(self.genres),
            "attributes": [asdict(attribute) for attribute in self.attributes],
            "ready": self.writer.ready,
            "problem": self.problem,
            "job": self.job,
            "jobs": self.jobs,
            "folder": str(session.folder),
            "own_band": session.own_band,
        }

    def changed(self) -> None:
        """Send the state to all pages; its version grows with each change."""
        self._version += 1
        self.events.send("state", self.state())

    def view(self, number: int) -> SongView:
        """A take, read."""
        take = self.session.take(number)
        return self.views.read(self.session.path(number), self.band, take.own_chart)

    def beginning(self) -> tuple[Path, SongView]:
        """What is written of the song that is being written, or was written last."""
        if self._beginning is None:
            raise NothingFound("No beginning of a song is written.", "While a new song is written, its job has one.")
        path, beats = self._beginning
        return path, self.views.read(path, self.band, True, beats)

    def trial_view(self, number: int, side: str) -> SongView:
        """One of two songs that are compared."""
        if not self.trials.has(number, side):
            raise NothingFound(f"There is no song {side[:8]} of a trial {number}.", "POST /api/trials makes a trial.")
        return self.views.read(self.trials.path(number, side), self.band)

    async def render(self, view: SongView, path: Path, lane: int, piece: int) -> bytes:
        """A piece of sound of the song at `path` as WAV."""
        pieces = view.pieces
        if not (0 <= lane < len(pieces.lanes) and 0 <= piece < pieces.count):
            raise NothingFound("There is no such piece.", "The song's own address lists its lanes and pieces.")
        request = SoundRequest(path, self.band, lane, piece, pieces.digest(lane, piece))
        sound: bytes = await self.sound.call(request)
        return sound

    def require_idle(self) -> None:
        """Raise WorkspaceBusy while something is written."""
        if self.job is not None:
            raise WorkspaceBusy("The band is still writing.", "Wait until it is done, or cancel it.")

    def write(self, verb: Verb, source: int | None, seed: int | None, count: int) -> dict[str, Any]:
        """Begin to write; the songs become takes when they are done."""
        if source is not None:
            self.session.take(source)
        return self._begin(verb.label, verb, source, seed, count, partial(self._keep, verb, source))

    def compare(self) -> dict[str, Any]:
        """Begin to write a song, in the tempo of a real one, with which it is compared when it is done."""
        real, origin = choose_real_song(self.workspace, self.session, self.band)
        verb = NewSong(
            bars=GENERATED_BARS, tempo=round(min(max(real.tempo[0][1], MIN_REQUESTED_TEMPO), MAX_REQUESTED_TEMPO))
        )
        return self._begin("Two songs to compare", verb, None, None, 1, partial(self._keep_trial, verb, real, origin))

    def _begin(
        self, label: str, verb: Verb, source: int | None, seed: int | None, count: int, keep: Keep
    ) -> dict[str, Any]:
        self.require_idle()
        seed = random.SystemRandom().randrange(MAX_SEED - count) if seed is None else seed
        self.jobs += 1
        progress = {"done": 0, "total": None, "title": ""}
        self.job = {"number": self.jobs, "label": label, "seed": seed, "began": time.time(), **progress}
        self._beginning = None
        shutil.rmtree(self.session.work / JOBS, ignore_errors=True)
        folder = self.session.work / JOBS / str(self.jobs)
        path = None if source is None else self.session.path(source)
        request = WriteRequest(verb, path, seed, count, _total(verb, count), folder)
        self._in_background(self._write(self.job, request, keep))
        self.changed()
        return self.job

    async def _write(self, job: dict[str, Any], request: WriteRequest, keep: Keep) -> None:
        try:
            written: Written = await self.writer.call(request, partial(self._on_progress, job))
            if self.job is job:
                keep(request.seed, written)
        except WorkStopped:
            if not self.writer.ready:
                self._in_background(self._warm())
        except Exception as error:
            if self.job is job:
                self.refused(error)
        finally:
            if self.job is job:
                self.job = None
                self.changed()

    def _keep_trial(self, verb: NewSong, real: Song, origin: Origin, seed: int, written: Written) -> None:
        generated = SourceMidi.read(written.paths[0], self.band).song
        command = command_lines(verb, "", seed, "song.mid", workspace_words(self.session))
        origins = {"real": origin, "generated": Origin(verb.label, command)}
        self.events.send("trial", {"trial": self.trials.add(real, generated, origins)})

    def _keep(self, verb: Verb, source: int | None, seed: int, written: Written) -> None:
        takes = keep_written(self.session, verb, source, seed, written)
        self.events.send("written", {"takes": [take.number for take in takes]})

    def edit(self, take: Take, edit: Edit) -> None:
        """Keep the take with changed notes or programs as another one."""
        keep_edited(self.session, take, edit, edited(self.view(take.number).source_midi, edit))

    async def download(self, number: int, name: str) -> bytes:
        """A file of a take: song.mid, piano.wav, song.zip and so on."""
        take = self.session.take(number)
        if name == SONG_MIDI:
            return self.session.path(number).read_bytes()
        request = FileRequest(self.session.path(number), take.own_chart, self.band, name)
        content: bytes = await self.files.call(request)
        return content

    def cancel(self) -> None:
        """Stop the work; its songs are not kept."""
        if self.job is not None:
            self.writer.cancel()
            self.job = None
            self.events.send("notice", {"text": "Cancelled. Nothing was changed."})
            self.changed()

    def refused(self, error: Exception) -> None:
        known = isinstance(error, VaemusicError)
        message, hint = (error.message, error.hint) if isinstance(error, VaemusicError) else (str(error), "")
        self.events.send("refused", {"error": message, "hint": hint, "bug": not known})

    def _on_progress(self, job: dict[str, Any], progress: dict[str, Any]) -> None:
        if self.job is job:
            if "beginning" in progress:
                self._beginning = progress.pop("path"), progress.pop("beats")
            job |= progress
            self.events.send("progress", job)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _total(verb: Verb, count: int) -> int | None:
    """The phrases that are written, which the stage counts."""
    if isinstance(verb, NewSong) and not verb.chart:
        return count * -(-verb.bars // PHRASE_BARS)
    return count if isinstance(verb, Continue) and count > 1 else None
