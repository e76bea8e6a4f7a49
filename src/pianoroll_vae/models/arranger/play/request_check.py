"""Checks that the arranger's band can play what is asked of it."""

from collections.abc import Sequence

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.models.ensemble import SongRequest
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bar_lines import written_meter


def check_request(request: SongRequest, band: Band, genres: Sequence[str]) -> None:
    """Raise SettingInvalid for an instrument that is not in the band, a genre other than those it has learned, or a
    chart in a meter that it does not play."""
    for name in (*request.density, *request.players, *(request.joining or ())):
        band.index(name)
    for genre in request.genres:
        if genre not in genres:
            raise SettingInvalid(f"The band has not learned the genre '{genre}'.", suggest(genre, genres))
    if request.chart is not None and written_meter(*request.chart.meter) != request.chart.meter:
        over, under = request.chart.meter
        raise SettingInvalid(
            f"The band does not play charts in {over}/{under}.",
            "Write it in 4/4, 3/4, 5/4, 7/4, 6/8, 7/8 or 12/8; what has three parts, as 9/8, in {time: 3/4}.",
        )
