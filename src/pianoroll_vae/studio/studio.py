"""The studio behind the page: the session, the processes that write and render, and one piece of work at a time."""

import asyncio
import random
import shutil
import time
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pianoroll_vae.desk.music_options import MAX_SEED
from pianoroll_vae.errors import SettingInvalid, VaemusicError, WorkspaceBusy
from pianoroll_vae.listen.lanes import colours_of
from pianoroll_vae.music.band import LPD5, Band, find_band
from pianoroll_vae.music.phrases import PHRASE_BARS
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.downloads import Downloads, FileRequest
from pianoroll_vae.studio.edits import NewNote, edited
from pianoroll_vae.studio.events import Events
from pianoroll_vae.studio.session import Channel, Draft, Session, Take
from pianoroll_vae.studio.song_view import SongView
from pianoroll_vae.studio.sound import Sound, SoundRequest
from pianoroll_vae.studio.verbs import Average, Continue, NewSong, Vary, Verb, command_line
from pianoroll_vae.studio.worker import Worker, WorkStopped
from pianoroll_vae.studio.writing import BandFacts, Order, Writing, Written

SONGS_KEPT = 16


class Studio:
    """Everything that happens in a session; every change is sent to all pages as the event `state`."""

    def __init__(self, folder: Path, workspace: Path | None = None) -> None:
        self.session = Session.open(folder)
        self.band: Band = LPD5
        self.genres: tuple[str, ...] = ()
        self.events = Events()
        self.writer = Worker(Writing(workspace, folder), self._on_progress)
        self.sound = Worker(Sound())
        self.files = Worker(Downloads())
        self.job: dict[str, Any] | None = None
        self.jobs = 0
        self.problem = ""
        self._views: OrderedDict[int, SongView] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Warm both processes up while the page loads."""
        self._in_background(self.sound.warm())
        self._in_background(self._warm())

    async def _warm(self) -> None:
        try:
            facts: BandFacts = await self.writer.warm()
            self.genres, self.problem = facts.genres, ""
            if facts.band != self.band.stored:
                self.band = find_band(facts.band)
                self._views.clear()
        except WorkStopped:
            return
        except Exception as error:
            self.problem = error.message if isinstance(error, VaemusicError) else str(error)
        self.changed()

    def close(self) -> None:
        """End the processes and all streams of events."""
        self.events.close()
        for worker in (self.writer, self.sound, self.files):
            worker.close()

    def state(self) -> dict[str, Any]:
        session, colours = self.session, colours_of(self.band)
        mixer = {name: asdict(session.mixer.get(name, Channel())) for name in (*self.band.names, "others")}
        return {
            "current": session.current,
            "undo": session.undo_to,
            "redo": session.next_take,
            "takes": [asdict(take) for take in session.takes.values()],
            "mixer": mixer,
            "instruments": [
                {"name": instrument.name, "is_drum": instrument.is_drum, "colour": colours[place]}
                for place, instrument in enumerate(self.band)
            ],
            "genres": list(self.genres),
            "ready": self.writer.ready,
            "problem": self.problem,
            "job": self.job,
            "jobs": self.jobs,
            "folder": str(session.folder),
        }

    def changed(self) -> None:
        self.events.send("state", self.state())

    def view(self, number: int) -> SongView:
        """A take, read; the last ones are kept."""
        if number not in self._views:
            take = self.session.take(number)
            self._views[number] = SongView(SourceMidi.read(self.session.path(number), self.band), take.own_chart)
        self._views.move_to_end(number)
        while len(self._views) > SONGS_KEPT:
            self._views.popitem(last=False)
        return self._views[number]

    async def render(self, number: int, lane: int, piece: int) -> bytes:
        """A piece of sound as WAV."""
        pieces = self.view(number).pieces
        if not (0 <= lane < len(pieces.lanes) and 0 <= piece < pieces.count):
            raise SettingInvalid("There is no such piece.", f"GET /api/takes/{number} lists the lanes and pieces.")
        request = SoundRequest(self.session.path(number), self.band, lane, piece, pieces.digest(lane, piece))
        sound: bytes = await self.sound.call(request)
        return sound

    def require_idle(self) -> None:
        """Raise WorkspaceBusy while something is written."""
        if self.job is not None:
            raise WorkspaceBusy("The band is still writing.", "Wait until it is done, or cancel it.")

    def write(self, verb: Verb, source: int | None, seed: int | None, count: int) -> dict[str, Any]:
        """Begin to write; the songs become takes when they are done."""
        self.require_idle()
        if source is not None:
            self.session.take(source)
        seed = random.SystemRandom().randrange(MAX_SEED - count) if seed is None else seed
        self.jobs += 1
        progress = {"done": 0, "total": None, "title": ""}
        self.job = {"number": self.jobs, "label": verb.label, "seed": seed, "began": time.time(), **progress}
        self._in_background(self._write(self.job, verb, source, seed, count))
        self.changed()
        return self.job

    async def _write(self, job: dict[str, Any], verb: Verb, source: int | None, seed: int, count: int) -> None:
        folder = self.session.work / f"{time.time_ns():x}"
        path = None if source is None else self.session.path(source)
        order = Order(verb, path, seed, count, _total(verb, count), folder)
        try:
            written: Written = await self.writer.call(order)
            if self.job is job:
                self._keep(verb, source, seed, written)
                self.events.send("written", {"takes": self.session.group(self.session.next_number - 1)})
        except WorkStopped:
            self._in_background(self._warm())
        except Exception as error:
            self.refused(error)
        finally:
            if self.job is job:
                self.job = None
                self.changed()
            shutil.rmtree(folder, ignore_errors=True)

    def _keep(self, verb: Verb, source: int | None, seed: int, written: Written) -> None:
        session, first = self.session, self.session.next_number
        own_chart = isinstance(verb, NewSong)
        if source is not None and isinstance(verb, Vary):
            own_chart = session.take(source).own_chart
        drafts = []
        for index in range(len(written.paths)):
            words, number = list(verb.words), first + index
            if isinstance(verb, NewSong) and verb.chart is not None:
                chart = session.path(number, ".chart")
                shutil.copyfile(verb.chart, chart)
                words[words.index("--chart") + 1] = chart.name
            name = "" if source is None else session.path(source).name
            own_seed = None if isinstance(verb, Average) else seed + index
            command = command_line(words, name, own_seed, session.path(number).name)
            drafts.append(Draft(verb.label, command, own_seed, own_chart))
        session.add([path.read_bytes() for path in written.paths], drafts, source)

    def edit(self, take: Take, remove: Sequence[int], add: Sequence[NewNote], programs: Mapping[str, int]) -> None:
        """Keep the take with changed notes or programs as another one."""
        song = edited(self.view(take.number).source_midi, remove, add, programs)
        changes = [f"{len(remove)} notes removed"] * bool(remove) + [f"{len(add)} notes added"] * bool(add)
        changes += [f"{name} plays program {program}" for name, program in programs.items()]
        command = ""
        if programs and not (remove or add):
            words = ("vary", "--noise", "0", *(f"--program={name}={program}" for name, program in programs.items()))
            number = self.session.next_number
            command = command_line(words, self.session.path(take.number).name, 0, self.session.path(number).name)
        draft = Draft(", ".join(changes).capitalize(), command, own_chart=take.own_chart)
        self.session.add([song], [draft], take.number)

    async def download(self, number: int, name: str) -> bytes:
        """A file of a take: song.mid, piano.wav, song.zip and so on."""
        take = self.session.take(number)
        request = FileRequest(self.session.path(number), take.own_chart, self.band, name)
        content: bytes = await self.files.call(request)
        return content

    def cancel(self) -> None:
        """Stop the work at once."""
        if self.job is not None:
            self.writer.stop()
            self.job = None
            self.events.send("notice", {"text": "Cancelled. Nothing was changed."})
            self.changed()

    def refused(self, error: Exception) -> None:
        known = isinstance(error, VaemusicError)
        message, hint = (error.message, error.hint) if isinstance(error, VaemusicError) else (str(error), "")
        self.events.send("refused", {"error": message, "hint": hint, "bug": not known})

    def _on_progress(self, progress: dict[str, Any]) -> None:
        if self.job is not None:
            self.job |= progress
            self.events.send("progress", self.job)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _total(verb: Verb, count: int) -> int | None:
    """The phrases that are written, which the stage counts."""
    if isinstance(verb, NewSong) and not verb.chart:
        return count * -(-verb.bars // PHRASE_BARS)
    return count if isinstance(verb, Continue) and count > 1 else None
