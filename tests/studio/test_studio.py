"""The band that writes in a studio."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pianoroll_vae.studio.studio import Studio


@pytest.mark.parametrize("own_band", [True, False])
def test_a_band_that_has_learned_more_is_loaded_again_where_it_plays(tmp_path: Path, own_band: bool) -> None:
    async def learned() -> bool:
        studio = Studio(tmp_path / "songs")
        studio.session.own_band = own_band
        writer = studio.writer
        await studio.load_learned()
        studio.close()
        return studio.writer is not writer

    with ThreadPoolExecutor(1) as thread:  # in this thread runs the loop of the browser, where there is one
        assert thread.submit(asyncio.run, learned()).result() is own_band
