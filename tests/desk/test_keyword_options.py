"""Keywords of the Python API are the options of the command line; a mistyped one is named with its verb."""

from typing import Any

import pytest

import pianoroll_vae as vae
from pianoroll_vae.desk.keyword_options import SamplingOptions, decoding_options, sampling_options
from pianoroll_vae.desk.music_options import WHOLE_BAND, MusicOptions
from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5


def test_defaults_are_those_of_the_command_line() -> None:
    assert sampling_options(vae.generate, LPD5, {}) == decoding_options(vae.blend, LPD5, {}) == MusicOptions()


def test_keywords_are_options_and_take_one_value_or_several() -> None:
    one: SamplingOptions = {"noise": 0.5, "mute": "drums", "key": "A minor", "ending": False, "program": None}
    assert sampling_options(vae.generate, LPD5, one) == MusicOptions(
        noise={WHOLE_BAND: 0.5}, mute=("drums",), key="A minor", ending=False
    )
    several: SamplingOptions = {"temperature": {"bass": 0.9}, "solo": ["bass", "drums"], "program": {"bass": 33}}
    assert sampling_options(vae.generate, LPD5, several) == MusicOptions(
        temperature={"bass": 0.9}, solo=("bass", "drums"), program={"bass": 33}
    )


def test_values_are_checked() -> None:
    with pytest.raises(SettingInvalid, match="tempo"):
        decoding_options(vae.blend, LPD5, {"tempo": -3})
    with pytest.raises(match="banjo"):
        sampling_options(vae.vary, LPD5, {"mute": "banjo"})


@pytest.mark.parametrize(
    ("keyword", "hint"),
    [
        ("temprature", "Did you mean 'temperature'?"),
        ("step", "Did you mean 'steps'?"),
        ("xyz", "Valid names: bars, chart, chords, density, "),
    ],
)
def test_a_mistyped_keyword_is_named_with_its_verb(keyword: str, hint: str) -> None:
    options: Any = {keyword: 1}
    with pytest.raises(TypeError) as wrong:
        sampling_options(vae.generate, LPD5, options)
    assert str(wrong.value).startswith(f"generate() has no keyword '{keyword}'. {hint}")


def test_a_verb_that_draws_nothing_has_no_noise() -> None:
    options: Any = {"noise": 1.0}
    with pytest.raises(TypeError, match="blend\\(\\) has no keyword 'noise'"):
        decoding_options(vae.blend, LPD5, options)
