"""A request has known fields of the right type within their bounds, or it is refused with a hint."""

import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.studio.fields import Fields


def test_fields_of_the_right_type_are_read() -> None:
    fields = Fields.parse(
        b'{"bars": 8, "noise": 0.5, "key": "A minor", "genres": ["rock"]}', *["bars", "noise", "key", "genres"]
    )
    assert (fields.integer("bars", 1, 9), fields.number("noise", 0, 1), fields.text("key")) == (8, 0.5, "A minor")
    assert fields.names("genres", ("rock", "jazz")) == ("rock",)


def test_a_field_that_is_missing_takes_its_default() -> None:
    assert Fields.parse(b"", "bars").integer("bars", 1, 9, 4) == 4


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"3", b'{"bars": "8"}', b'{"bars": 8.5}', b'{"bars": true}', b'{"bars": 1e99}', b'{"bars": null}'],
)
def test_what_is_not_a_whole_number_in_its_bounds_is_refused(body: bytes) -> None:
    with pytest.raises(SettingInvalid) as error:
        Fields.parse(body, "bars").integer("bars", 1, 9)
    assert error.value.hint


@pytest.mark.parametrize("body", [b'{"noise": NaN}', b'{"noise": Infinity}', b'{"noise": -1}', b'{"noise": "1"}'])
def test_what_is_no_number_in_its_bounds_is_refused(body: bytes) -> None:
    with pytest.raises(SettingInvalid, match="noise"):
        Fields.parse(body, "noise").number("noise", 0, 1)


def test_an_unknown_field_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(SettingInvalid, match="no field 'barz'") as error:
        Fields.parse(b'{"barz": 8}', "bars", "noise")
    assert "bars" in error.value.hint


@pytest.mark.parametrize(
    "body", [b'{"key": "' + b"x" * 300 + b'"}', b'{"key": "\\ud800"}', b'{"key": "\\u0000"}', b'{"key": 3}']
)
def test_a_text_that_is_too_long_or_cannot_be_written_is_refused(body: bytes) -> None:
    with pytest.raises(SettingInvalid, match="key"):
        Fields.parse(body, "key").text("key")


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="not JSON"):
        Fields.parse(b"[" * 100_000, "bars")
