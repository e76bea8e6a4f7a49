"""The command lines that write what a verb of the page writes."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from pianoroll_vae.desk.outputs import WrittenSong
from pianoroll_vae.studio.verbs import ApplyAttributes, Average, StageInputs, Verb


@dataclass(frozen=True)
class VerbSequence:
    """Verbs of which each changes what the one before it wrote: other bars, or other instruments."""

    verbs: tuple[Verb, ...]
    count: int = 1

    @property
    def label(self) -> str:
        return "; ".join(verb.label for verb in self.verbs)

    @property
    def words(self) -> tuple[str, ...]:
        """Of no command; see `command_lines`."""
        return ()

    def run(self, given: StageInputs) -> list[WrittenSong]:
        where = given.outputs[0]
        songs = [where] if self.count == 1 else [where / f"song_{number}.mid" for number in range(self.count)]
        return [
            self._run(replace(given, seed=given.seed + number, outputs=[song])) for number, song in enumerate(songs)
        ]

    def _run(self, given: StageInputs) -> WrittenSong:
        *between, last = songs_between("", given.outputs[0].name, len(self.verbs))[1:]
        assert given.source is not None, "parts are written again in a song"
        paths = [given.source, *(given.outputs[0].parent / name for name in (*between, last))]
        for verb, (source, song) in zip(self.verbs, pairwise(paths), strict=True):
            [written] = verb.run(replace(given, source=source, outputs=[song]))
        return written


def command_lines(verb: Verb, source: str, seed: int | None, output: str, workspace: Sequence[str] = ()) -> str:
    """The command of a verb as it is typed, or several with `&&` between them."""
    verbs = verb.verbs if isinstance(verb, VerbSequence) else (verb,)
    songs = pairwise(songs_between(source, output, len(verbs)))
    lines = [
        command_line(each.words, *names, seed if is_sampled(each) else None, workspace)
        for each, names in zip(verbs, songs, strict=True)
    ]
    return " && ".join(lines)


def songs_between(source: str, output: str, verbs: int) -> list[str]:
    """The names of the songs before and after each verb: 0001.mid, 0002-1.mid, 0002-2.mid, 0002.mid."""
    return [source, *(f"{Path(output).stem}-{number}.mid" for number in range(1, verbs)), output]


def is_sampled(verb: Verb) -> bool:
    """Whether what is written depends on a seed."""
    if isinstance(verb, VerbSequence):
        return any(map(is_sampled, verb.verbs))
    return not isinstance(verb, Average | ApplyAttributes)


def command_line(
    words: Sequence[str], source: str, output: str, seed: int | None, workspace: Sequence[str] = ()
) -> str:
    """A command as it is typed: `words` are its name and options, `source` its song, "" where it has none; workspace:
    the option before the command."""
    name, *options = words
    seeds = [] if seed is None else ["--seed", str(seed)]
    return shlex.join(
        ["vaemusic", *workspace, *name.split(), *([source] if source else []), *options, *seeds, "-o", output]
    )
