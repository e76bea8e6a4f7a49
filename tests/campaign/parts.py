"""The parts of the campaign by name. Each yields the command of every trial, and its fault: empty where it has none."""

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.campaign.inputs import damaged_inputs
from tests.campaign.interruptions import full_disk, kills, together
from tests.campaign.material import Material
from tests.campaign.readers import other_readers
from tests.campaign.words import hostile_words

Part = Callable[[Material, random.Random, Path | None], Iterator[tuple[str, str]]]

PARTS: Mapping[str, Part] = {
    "kills": kills,
    "full disk": full_disk,
    "damaged inputs": damaged_inputs,
    "together": together,
    "other readers": other_readers,
    "hostile words": hostile_words,
}
