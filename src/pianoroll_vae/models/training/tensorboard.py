"""Writes metrics as TensorBoard's event files. TensorBoard is an optional extra.

Each network has a folder of its own, so that TensorBoard draws the instruments over each other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import wrap_write_errors
from pianoroll_vae.errors import SettingInvalid

Records = Sequence[Mapping[str, Any]]


@contextmanager
def event_files(folder: Path, instruments: Sequence[str], after: int) -> Iterator[Callable[[Records], None]]:
    """Yields a function that writes the records of an epoch, each into `folder`/instrument.

    after: the epoch from which the run is resumed; TensorBoard drops what earlier runs wrote of later epochs.
    """
    writer_of = _summary_writer()
    with ExitStack() as open_files:
        with wrap_write_errors(folder):
            writers = {
                name: open_files.enter_context(closing(writer_of(str(folder / name), purge_step=after + 1)))
                for name in instruments
            }

        def write(records: Records) -> None:
            with wrap_write_errors(folder):
                for record in records:
                    writer = writers[record["instrument"]]
                    for metric, value in record.items():
                        if isinstance(value, int | float) and metric != "epoch":
                            writer.add_scalar(metric, value, record["epoch"])
                    writer.flush()

        yield write


def refuse_without_tensorboard() -> None:
    """Raise SettingInvalid before training starts where TensorBoard is not installed."""
    _summary_writer()


def _summary_writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise SettingInvalid(
            "Files for TensorBoard need TensorBoard, which is not installed.",
            "Install it: pip install 'pianoroll-vae[tensorboard]'",
        ) from None
    return SummaryWriter
