"""History has the latest run of every network, with one record an epoch."""

import json
from pathlib import Path

import pytest

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.stages.history import run
from pianoroll_vae.workspace import Workspace
from tests.conftest import Vaemusic


def line(run_id: str, instrument: str, epoch: int, stage: str = "vae", **figures: object) -> str:
    record = {
        "stage": stage,
        "instrument": instrument,
        "epoch": epoch,
        "run": run_id,
        "loss": 10.0 / epoch,
        "valid_loss": 11.0 / epoch,
        "f1": 0.1 * epoch,
        "seconds": 2.0,
        "rolls_per_second": 5000.0,
        "best_epoch": epoch,
        "ended": "",
    }
    return json.dumps({**record, **figures})


def workspace(root: Path, *lines: str) -> Workspace:
    (root / "vaemusic.toml").write_text("")
    (root / "metrics.jsonl").write_text("".join(text + "\n" for text in lines))
    return Workspace(root)


def test_only_the_latest_run_counts_and_an_epoch_trained_twice_once(tmp_path: Path) -> None:
    here = workspace(
        tmp_path,
        *(line("old", "piano", epoch) for epoch in (1, 2, 3)),
        *(line("new", "piano", epoch) for epoch in (1, 2, 2)),
        line("new", "piano", 3, ended="all 3 epochs trained"),
        '{"torn',
    )
    report = run(here, None)
    assert [record["epoch"] for record in report.records] == [1, 2, 3]
    assert all(record["run"] == "new" for record in report.records)
    network = report.networks[0]
    assert (network.epochs, network.seconds, network.per_second) == (3, 6.0, 5000.0)
    assert network.ended == "all 3 epochs trained"


def test_a_restarted_run_drops_earlier_epochs(tmp_path: Path) -> None:
    here = workspace(tmp_path, *(line("a", "piano", epoch) for epoch in (1, 2, 3, 1)))
    assert [record["epoch"] for record in run(here, None).records] == [1]


def test_where_no_epoch_was_better_than_the_first_weights_there_are_no_figures(tmp_path: Path) -> None:
    [network] = run(
        workspace(tmp_path, line("a", "band", 1, best_epoch=0), line("a", "band", 2, best_epoch=0)), None
    ).networks
    assert (network.epochs, network.best_epoch, network.seconds) == (2, 0, 4.0)
    assert (network.loss, network.valid_loss, network.f1) == (None, None, None)


def test_curves_are_drawn_the_same_each_time(tmp_path: Path) -> None:
    lines = [line("a", name, epoch) for epoch in (1, 2) for name in ("piano", "drums")]
    lines += [line("b", "piano", epoch, stage="melody") for epoch in (1, 2)]
    here = workspace(tmp_path, *lines)
    pictures = []
    for name in ("one.png", "two.png"):
        run(here, tmp_path / name)
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0].startswith(b"\x89PNG")
    assert pictures[0] == pictures[1]


def test_without_training_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="Nothing has been trained") as caught:
        run(workspace(tmp_path), None)
    assert caught.value.hint == "Run: vaemusic train all"


def test_the_table_says_what_its_figures_are_and_has_those_of_a_run_once(tmp_path: Path, vaemusic: Vaemusic) -> None:
    best = [line("a", name, 1, loss=7.25, valid_loss=8.5, seconds=3.75) for name in ("piano", "drums")]
    last = [line("a", name, 2, loss=1.5, valid_loss=9.5, seconds=3.75, best_epoch=1) for name in ("piano", "drums")]
    workspace(tmp_path, *best, *last)
    shown = vaemusic("-w", tmp_path, "history").out
    assert shown.count("7.25") == shown.count("8.5") == 2
    assert "1.5 " not in shown
    assert shown.count(" 7.5 ") == 1
    assert "loss, held out and F1: of the best epoch" in shown


def test_the_command_prints_metrics_for_scripts(tmp_path: Path, vaemusic: Vaemusic) -> None:
    workspace(tmp_path, line("a", "piano", 1))
    assert json.loads(vaemusic("-w", tmp_path, "history", "--json").out)["epochs"][0]["instrument"] == "piano"
    assert "piano" in vaemusic("-w", tmp_path, "history").out
