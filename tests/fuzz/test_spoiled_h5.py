"""MSD song files that went bad: thousands of them end in terms or in one message, whatever the HDF5 library does."""

import random
import time
from pathlib import Path

from pianoroll_vae.sources.genres import GenreQuery, TrackLabels
from pianoroll_vae.sources.million_song import SongFiles, song_file
from pianoroll_vae.sources.worker_pool import ReadFailure
from tests.fuzz.spoiling import spoiled
from tests.sources import msd_files

FILES = 2000
SECONDS = 20


def test_thousands_of_spoiled_files_end_in_terms_or_in_one_message(tmp_path: Path) -> None:
    rng = random.Random(3)
    ids = [f"TRABCDE128F4{number:06X}" for number in range(FILES)]
    whole = msd_files.song_file(tmp_path, ids[0], [("blues", 1.0), ("rock", 0.5)]).read_bytes()
    for track_id in ids:
        song_file(tmp_path, track_id).write_bytes(spoiled(whole, rng))
    began = time.monotonic()
    answers = []
    for _, answer in SongFiles(tmp_path, workers=1).labels(ids, GenreQuery(("blues",))):
        answers.append(answer)
        if time.monotonic() - began > SECONDS:
            break
    refused = [answer.reason for answer in answers if isinstance(answer, ReadFailure)]
    assert len(answers) > 200
    assert refused
    assert any(isinstance(answer, TrackLabels) for answer in answers)
    assert not [reason for reason in refused if "unexpected" in reason]
