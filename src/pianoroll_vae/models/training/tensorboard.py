"""Metrics as TensorBoard's event files, for those who watch training there; TensorBoard is an optional extra.

A folder for each network, so that TensorBoard draws the instruments over each other. Knows no training.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.workspace import wrap_write_errors

Records = Sequence[Mapping[str, Any]]


@contextmanager
def event_files(folder: Path, instruments: Sequence[str], after: int) -> Iterator[Callable[[Records], None]]:
    """Yields what writes the records of an epoch, each into `folder`/instrument.

    `after`: the epoch this run goes on from; what files of earlier runs say of later epochs is forgotten.
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
                    for figure, value in record.items():
                        if isinstance(value, int | float) and figure != "epoch":
                            writer.add_scalar(figure, value, record["epoch"])
                    writer.flush()

        yield write


def refuse_without_tensorboard() -> None:
    """Say that TensorBoard is not installed before an hour of training shows it."""
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
