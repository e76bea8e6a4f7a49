"""The parts of the campaign. A part is a row of batches; a batch yields the command of every trial, and its fault.

A fault is empty where there is none. A batch has the same trials in every campaign with the same seed.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.campaign.guided import GUIDED_BATCHES, guided_inputs
from tests.campaign.inputs import INPUT_BATCHES, damaged_inputs
from tests.campaign.interruptions import DISK_BATCHES, KILL_BATCHES, PAIRS, full_disk, kills, together
from tests.campaign.material import Material
from tests.campaign.readers import READER_BATCHES, other_readers
from tests.campaign.words import WORD_BATCHES, hostile_words


class Part(NamedTuple):
    """What makes the trials of a batch, and how many batches a whole campaign has."""

    trials: Callable[[Material, random.Random, int, Path | None], Iterator[tuple[str, str]]]
    batches: int


PARTS: Mapping[str, Part] = {
    "kills": Part(kills, KILL_BATCHES),
    "full disk": Part(full_disk, DISK_BATCHES),
    "damaged inputs": Part(damaged_inputs, INPUT_BATCHES),
    "guided inputs": Part(guided_inputs, GUIDED_BATCHES),
    "together": Part(together, len(PAIRS)),
    "other readers": Part(other_readers, READER_BATCHES),
    "hostile words": Part(hostile_words, WORD_BATCHES),
}
