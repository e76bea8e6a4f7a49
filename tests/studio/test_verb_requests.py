"""A request becomes a verb, and the command line that does the same."""

from pathlib import Path

import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.studio.command_lines import command_lines
from pianoroll_vae.studio.fields import Fields
from pianoroll_vae.studio.session import WORK, Draft, Session
from pianoroll_vae.studio.verb_requests import JOB_FIELDS, WITHOUT_SOURCE, RequestContext, parse_verb
from pianoroll_vae.studio.verbs import Verb

GENRES = ("blues", "rock")
ATTRIBUTES = {"density": ("piano", "drums"), "register": ("piano",)}


def parsed(values: dict[str, object], folder: Path) -> Verb:
    session = Session.open(folder)
    session.add([b"one", b"two"], [Draft("one", ""), Draft("two", "")])
    return parse_verb(Fields(values, JOB_FIELDS), RequestContext(LPD5.names, GENRES, session, ATTRIBUTES))


@pytest.mark.parametrize(
    ("values", "command"),
    [
        (
            {"verb": "new", "bars": 16, "key": "A minor", "tempo": 96, "genres": ["rock"], "density": {"bass": "low"}},
            "vaemusic generate --bars 16 --noise 1 --key 'A minor' --tempo 96 --genre rock --density bass=low --seed 7"
            " -o 0002.mid",
        ),
        (
            {"verb": "rewrite", "instruments": ["drums", "bass"], "first_bar": 9, "last_bar": 16},
            "vaemusic vary 0001.mid --noise bass=1.5,drums=1.5 --bars 9-16 --seed 7 -o 0002.mid",
        ),
        (
            {"verb": "vary", "instruments": ["piano"], "noise": 0.3, "chart": "| Am | F C |"},
            "vaemusic vary 0001.mid --noise piano=0.3 --chords 'Am F' --seed 7 -o 0002.mid",
        ),
        (
            {"verb": "average", "takes": [1, 2], "weights": [0.25, 0.75]},
            "vaemusic average 0001.mid 0002.mid --weights 0.25,0.75 -o 0002.mid",
        ),
        (
            {
                "verb": "vary",
                "noise": 0.5,
                "parts": [
                    {"instruments": ["piano", "drums"], "first_bar": 1, "last_bar": 2},
                    {"instruments": ["bass"], "first_bar": 7, "last_bar": 7},
                ],
            },
            "vaemusic vary 0001.mid --noise piano=0.5,drums=0.5 --bars 1-2 --seed 7 -o 0002-1.mid"
            " && vaemusic vary 0002-1.mid --noise bass=0.5 --bars 7-7 --seed 7 -o 0002.mid",
        ),
        ({"verb": "continue", "bars": 8}, "vaemusic continue 0001.mid --bars 8 --noise 1 --seed 7 -o 0002.mid"),
        (
            {"verb": "accompany", "instruments": ["piano"]},
            "vaemusic accompany 0001.mid --keep piano --noise 1 --seed 7 -o 0002.mid",
        ),
        (
            {"verb": "accompany", "instruments": ["piano"], "first_bar": 5, "last_bar": 6},
            "vaemusic accompany 0001.mid --keep piano --bars 5-6 --noise 1 --seed 7 -o 0002.mid",
        ),
        (
            {"verb": "accompany", "instruments": ["piano"], "density": {"piano": "high", "bass": "low"}},
            "vaemusic accompany 0001.mid --keep piano --noise 1 --density bass=low --seed 7 -o 0002.mid",
        ),
        (
            {
                "verb": "accompany",
                "density": {"bass": "low", "drums": "high"},
                "parts": [
                    {"instruments": ["piano", "drums"], "first_bar": 1, "last_bar": 2},
                    {"instruments": ["bass"], "first_bar": 7, "last_bar": 7},
                ],
            },
            "vaemusic accompany 0001.mid --keep piano,drums --bars 1-2 --noise 1 --density bass=low --seed 7"
            " -o 0002-1.mid && vaemusic accompany 0002-1.mid --keep bass --bars 7-7 --noise 1 --density drums=high"
            " --seed 7 -o 0002.mid",
        ),
        (
            {"verb": "attributes", "changes": {"piano": {"density": 1.5, "register": -1}, "drums": {"density": 2}}},
            "vaemusic attributes apply 0001.mid --attribute piano.density=+1.5 --attribute piano.register=-1"
            " --attribute drums.density=+2 -o 0002.mid",
        ),
        (
            {"verb": "continue", "bars": 8, "after": 4},
            "vaemusic continue 0001.mid --bars 8 --after 4 --noise 1 --seed 7 -o 0002.mid",
        ),
        (
            {"verb": "continue", "bars": 8, "genres": ["blues"], "density": {"drums": "medium"}},
            "vaemusic continue 0001.mid --bars 8 --noise 1 --genre blues --density drums=medium --seed 7 -o 0002.mid",
        ),
    ],
)
def test_a_request_has_its_command_line(values: dict[str, object], command: str, tmp_path: Path) -> None:
    source = "" if values["verb"] in WITHOUT_SOURCE else "0001.mid"
    assert command_lines(parsed(values, tmp_path), source, 7, "0002.mid") == command


def test_a_chart_is_written_to_a_file_and_named_on_the_command_line(tmp_path: Path) -> None:
    verb = parsed({"verb": "new", "chart": "| Am | F |"}, tmp_path)
    assert verb.words[:3] == ("generate", "--chart", "asked.chart")
    assert (tmp_path / WORK / "asked.chart").read_text() == "| Am | F |"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"verb": "rm -rf"}, "There is no verb 'rm -rf'"),
        ({"verb": "new", "bars": 10**9}, "'bars' is not valid"),
        ({"verb": "new", "key": "H major"}, "H major"),
        ({"verb": "new", "genres": ["polka"]}, "'genres' is not valid"),
        ({"verb": "new", "density": {"bass": "loud"}}, "no density 'loud'"),
        ({"verb": "rewrite", "instruments": []}, "No instrument may change"),
        ({"verb": "vary", "instruments": ["tuba"]}, "'instruments' is not valid"),
        ({"verb": "rewrite", "instruments": ["bass"], "first_bar": 9, "last_bar": 8}, "'last_bar' is not valid"),
        ({"verb": "accompany", "instruments": list(LPD5.names)}, "keeps some instruments"),
        ({"verb": "accompany", "instruments": ["piano"], "density": {"bass": 1}}, "'bass' is not valid"),
        ({"verb": "continue", "density": {"tuba": "low"}}, "no field 'tuba'"),
        ({"verb": "average", "takes": [1, 2], "weights": [0, 0]}, "two to four takes"),
        ({"verb": "average", "takes": [1, 2], "weights": [1]}, "two to four takes"),
        ({"verb": "attributes", "changes": {"piano": {"register": 11}}}, "'register' is not valid"),
        ({"verb": "attributes", "changes": {"drums": {"register": 1}}}, "no field 'register'"),
        ({"verb": "attributes", "changes": {}}, "No attribute is named"),
        ({"verb": "attributes", "changes": {"piano": {"density": 1}}, "count": 2}, "changed in one take"),
        ({"verb": "new", "parts": [{"first_bar": 1}]}, "parts of a request are not valid"),
        ({"verb": "vary", "parts": []}, "parts of a request are not valid"),
        ({"verb": "vary", "parts": [{"instruments": ["bass"], "noise": 2}]}, "no field 'noise'"),
        ({"verb": "vary", "parts": [7]}, "not a JSON object"),
        ({"verb": "new", "count": 5}, "'count' is not valid"),
    ],
)
def test_what_cannot_be_done_is_refused(values: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match=message) as error:
        parsed(values, tmp_path)
    assert error.value.hint
