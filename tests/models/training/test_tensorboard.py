"""Event files hold the metrics, of resumed runs too."""

import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.training.tensorboard import event_files, refuse_without_tensorboard


def shown(folder: Path) -> dict[str, dict[int, float]]:
    """Metric → epoch → value, as TensorBoard reads them."""
    events = EventAccumulator(str(folder))
    events.Reload()
    return {figure: {e.step: e.value for e in events.Scalars(figure)} for figure in events.Tags()["scalars"]}


def records(epoch: int, loss: float) -> list[dict[str, object]]:
    return [
        {"stage": "vae", "instrument": name, "epoch": epoch, "loss": loss + i, "best_epoch": 1, "ended": ""}
        for i, name in enumerate(("piano", "drums"))
    ]


def test_each_instrument_has_a_folder_with_its_metrics(tmp_path: Path) -> None:
    with event_files(tmp_path, ("piano", "drums"), after=0) as write:
        write(records(1, 9.0))
        assert shown(tmp_path / "piano")["loss"] == {1: 9.0}, "an epoch that is done is there to be seen"
        write(records(2, 5.0))
    assert shown(tmp_path / "drums") == {"loss": {1: 10.0, 2: 6.0}, "best_epoch": {1: 1.0, 2: 1.0}}


def test_a_resumed_run_replaces_the_epochs_it_trains_again(tmp_path: Path) -> None:
    with event_files(tmp_path, ("piano", "drums"), after=0) as write:
        for epoch in (1, 2, 3):
            write(records(epoch, 9.0))
    with event_files(tmp_path, ("piano", "drums"), after=1) as write:
        write(records(2, 4.0))
    assert shown(tmp_path / "piano")["loss"] == {1: 9.0, 2: 4.0}


def test_without_tensorboard_the_hint_is_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(SettingInvalid, match="not installed") as caught:
        refuse_without_tensorboard()
    assert caught.value.hint == "Install it: pip install 'pianoroll-vae[tensorboard]'"
