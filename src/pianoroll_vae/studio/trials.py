"""Blind comparisons of a generated song with a real one: excerpts, votes, and the score.

    trials/0001.json     which of the two is the real one, and where both are from
    trials/0001a.mid     the first excerpt; 0001b.mid is the second
    trials/votes.jsonl   a line for each vote

Both excerpts have the same number of bars, the band's grid, its instruments and its programs, so that neither the
length nor the sound shows which one is real.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from math import comb
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import wrap_write_errors, write_bytes, write_text
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.music.meter import bar_starts, bars_between
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import is_file
from pianoroll_vae.studio.session import append_line

EXCERPT_BARS = 16
GENERATED_BARS = 32
SIDES = ("a", "b")
SAME = "same"


@dataclass(frozen=True)
class Origin:
    """Where an excerpt is from: a title, or the command line that wrote it."""

    title: str
    command: str = ""


@dataclass(frozen=True)
class Vote:
    """One answer. Correct: whether the real one was recognised."""

    trial: int
    better: str
    """'generated', 'real' or 'same'."""

    correct: bool
    real: str
    generated: str


@dataclass(frozen=True)
class Trials:
    """The comparisons in a folder."""

    folder: Path

    def path(self, number: int, side: str) -> Path:
        return self.folder / f"{number:04}{side}.mid"

    def has(self, number: int, side: str) -> bool:
        return side in SIDES and is_file(self.path(number, side))

    def add(self, real: Song, generated: Song, origins: Mapping[str, Origin]) -> int:
        """Keep the excerpts of two songs in random order; origins: of 'real' and 'generated'. The number of the
        trial."""
        with wrap_write_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
        number = next(number for number in count(1) if not is_file(self.folder / f"{number:04}.json"))
        real_side = random.SystemRandom().choice(SIDES)
        for side in SIDES:
            write_bytes(self.path(number, side), midi_bytes(excerpt(real if side == real_side else generated)))
        content = {"real": real_side, **{f"{kind}_song": asdict(origin) for kind, origin in origins.items()}}
        write_text(self.folder / f"{number:04}.json", json.dumps(content))
        return number

    def vote(self, number: int, better: str, guess: str) -> Vote:
        """Keep an answer: the side that is better, or `SAME`, and the side that is taken for the real one."""
        if not self.has(number, "a"):
            raise NothingFound(f"There is no trial {number}.", "POST /api/trials makes one.")
        if any(vote.trial == number for vote in self.votes()):
            raise SettingInvalid("You have voted on these songs.", "Ask for two others.")
        trial = json.loads((self.folder / f"{number:04}.json").read_text(encoding="utf-8"))
        real, generated = Origin(**trial["real_song"]), Origin(**trial["generated_song"])
        which = SAME if better == SAME else "real" if better == trial["real"] else "generated"
        vote = Vote(number, which, guess == trial["real"], real.title, generated.command)
        append_line(self.folder / "votes.jsonl", json.dumps(asdict(vote)))
        return vote

    def votes(self) -> list[Vote]:
        """All votes that were kept; a torn line is left out."""
        try:
            lines = (self.folder / "votes.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        votes = []
        for line in lines:
            try:
                votes.append(Vote(**json.loads(line)))
            except (ValueError, TypeError):
                continue
        return votes


def excerpt(song: Song) -> Song:
    """The bars in the middle of a song, from a multiple of four on, on the band's grid and without its name."""
    bars = len(bar_starts(song))
    first = max((bars - EXCERPT_BARS) // 8 * 4, 0)
    part = bars_between(song, first + 1, min(first + EXCERPT_BARS, bars))
    steps = round(part.beats * TWELFTHS_PER_BEAT)  # a note that ends with the part may be rounded beyond its end
    return replace(part.regrid(TWELFTHS_PER_BEAT, "nearest").between(0, steps), name="")


def is_comparable(song: Song) -> bool:
    """Whether a song is long enough, and plays in the meter of the band's songs."""
    return len(bar_starts(song)) >= EXCERPT_BARS and song.meters == ((0, 4, 4),) and len(excerpt(song).notes) > 0


def score(votes: Sequence[Vote]) -> dict[str, Any]:
    """How often the generated song was preferred, and the real one recognised; p: how likely a result that far from a
    half is by chance."""
    decided = [vote for vote in votes if vote.better != SAME]
    preferred, correct = sum(vote.better == "generated" for vote in decided), sum(vote.correct for vote in votes)
    return {
        "votes": len(votes),
        "same": len(votes) - len(decided),
        "preferred": preferred,
        "decided": len(decided),
        "preferred_p": binomial_p_value(preferred, len(decided)),
        "recognised": correct,
        "recognised_p": binomial_p_value(correct, len(votes)),
    }


def binomial_p_value(successes: int, trials: int) -> float:
    """The two-sided exact binomial test against a half."""
    far = abs(successes - trials / 2)
    ways = sum(comb(trials, k) for k in range(trials + 1) if abs(k - trials / 2) >= far)
    return float(ways / 2**trials)
