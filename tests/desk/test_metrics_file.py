"""Every line of the metrics is a record of its schema, or an error that names the line."""

import json
from pathlib import Path
from typing import Any

import pytest

from pianoroll_vae.desk.metrics_file import append_epoch, read_metrics
from pianoroll_vae.errors import ArtifactDamaged

RECORD: dict[str, Any] = {
    "stage": "vae",
    "instrument": "piano",
    "epoch": 1,
    "run": "a",
    "loss": 3.0,
    "valid_loss": float("nan"),
    "f1": 0.5,
    "seconds": 2.0,
    "rolls_per_second": 100.0,
    "best_epoch": 1,
    "ended": "",
    "kl": 0.1,
    "seed": 0,
    "precision": "float32",
}


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    append_epoch(path, [RECORD, RECORD | {"instrument": "bass"}])
    [(piano, line), (bass, _)] = read_metrics(path)
    assert (piano.instrument, piano.loss, piano.rate, bass.instrument) == ("piano", 3.0, 100.0, "bass")
    assert json.dumps(line) == json.dumps(RECORD)


def test_no_file_has_no_records(tmp_path: Path) -> None:
    assert list(read_metrics(tmp_path / "metrics.jsonl")) == []


def test_a_torn_line_is_left_out_and_written_over(tmp_path: Path) -> None:
    path = written(tmp_path / "metrics.jsonl", RECORD)
    with path.open("a") as file:
        file.write('{"stage": "vae", "instr')
    assert len(list(read_metrics(path))) == 1
    append_epoch(path, [RECORD | {"epoch": 2}])
    assert [record.epoch for record, _ in read_metrics(path)] == [1, 2]


def test_an_epoch_that_a_killed_run_has_written_is_replaced(tmp_path: Path) -> None:
    path = written(
        tmp_path / "metrics.jsonl", RECORD, RECORD | {"epoch": 2}, RECORD | {"epoch": 2, "instrument": "bass"}
    )
    append_epoch(path, [RECORD | {"epoch": 2, "loss": 1.0}, RECORD | {"epoch": 2, "instrument": "bass"}])
    assert [(record.epoch, record.instrument) for record, _ in read_metrics(path)] == [
        (1, "piano"),
        (2, "piano"),
        (2, "bass"),
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"loss": "low"}, "'loss' is 'low'; it must be a number"),
        ({"loss": 1e300}, "'loss' is 1e\\+300"),
        ({"loss": None}, "'loss' is None"),
        ({"epoch": 0}, "'epoch' is 0"),
        ({"epoch": True}, "'epoch' is True"),
        ({"stage": "blues"}, "'stage' is 'blues'; it must be one of vae"),
        ({"instrument": "$x^$"}, "'instrument' is"),
        ({"instrument": []}, "'instrument' is"),
        ({"seconds": -1}, "'seconds' is -1"),
        ({"kl": [1]}, "'others.kl' is"),
        ({"f1": {"a": 1}}, "'f1' is"),
    ],
)
def test_a_value_that_breaks_the_schema_is_named_with_its_line(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    path = written(tmp_path / "metrics.jsonl", RECORD, RECORD | change)
    with pytest.raises(ArtifactDamaged, match=f"line 2, is no epoch of training: {why}") as refusal:
        list(read_metrics(path))
    assert "Remove that line" in refusal.value.hint


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("[1, 2]\n")
    with pytest.raises(ArtifactDamaged, match="line 1"):
        list(read_metrics(path))


def test_more_networks_than_a_band_has_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "metrics.jsonl", *(RECORD | {"instrument": f"i{number}"} for number in range(101)))
    with pytest.raises(ArtifactDamaged, match="more than 100 networks"):
        list(read_metrics(path))
