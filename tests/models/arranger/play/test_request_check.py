"""The band refuses what it cannot play, and says what it can."""

import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.arranger.play.request_check import check_request
from pianoroll_vae.models.ensemble import SongRequest
from pianoroll_vae.music.band import LPD5
from tests.models.arranger.play.test_band import chart_of


@pytest.mark.parametrize(
    ("request_", "message", "hint"),
    [
        (SongRequest(genres=("polka",)), "not learned the genre 'polka'", ""),
        (SongRequest(density={"durms": "low"}), "no instrument 'durms'", "drums"),
        (SongRequest(chart_of("{time: 9/8}\n| C |")), "does not play charts in 9/8", "3/4"),
        (SongRequest(chart_of("{time: 2/4}\n| C |")), "does not play charts in 2/4", "4/4"),
    ],
)
def test_what_the_band_cannot_do_is_refused(request_: SongRequest, message: str, hint: str) -> None:
    with pytest.raises(SettingInvalid, match=message) as caught:
        check_request(request_, LPD5, ("blues",))
    assert hint in caught.value.hint
    check_request(SongRequest(chart_of("{time: 6/8}\n| C |"), density={"drums": "low"}), LPD5, ("blues",))
