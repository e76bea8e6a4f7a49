"""Summarises the workspace's dataset, and optionally draws the summary."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import writing
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_summary import DatasetSummary, summarise
from pianoroll_vae.paths import size_of
from pianoroll_vae.workspace import DATASET, Workspace


@dataclass(frozen=True)
class DatasetReport:
    """The dataset in numbers; picture: the drawing, or None."""

    path: Path
    size: int
    band: str
    steps_per_beat: int
    segment_steps: int
    velocities: bool
    rounding: str
    summary: DatasetSummary
    picture: Path | None

    def as_dict(self) -> dict[str, Any]:
        summary = self.summary
        return {
            "path": str(self.path),
            "size": self.size,
            "band": self.band,
            "steps_per_beat": self.steps_per_beat,
            "segment_steps": self.segment_steps,
            "velocities": self.velocities,
            "rounding": self.rounding,
            "songs": summary.songs,
            "segments": summary.segments,
            "hours": round(summary.hours, 2),
            "notes": summary.notes,
            "splits": summary.splits,
            "genres": dict(summary.genres),
            "instruments": {
                one.name: {
                    "songs": one.songs,
                    "bars_played": round(one.bars_played, 4),
                    "notes": one.notes,
                    "pitch_range": one.pitch_range,
                }
                for one in summary.instruments
            },
            "picture": str(self.picture) if self.picture else None,
        }


def run(workspace: Workspace, picture: Path | None) -> DatasetReport:
    """Summarise the dataset; draw it into the file `picture` if that is given."""
    path = workspace.require(DATASET)
    dataset = Dataset.open(path)
    summary = summarise(dataset)
    if picture is not None:
        from pianoroll_vae.listen.dataset_picture import dataset_png

        image = dataset_png(dataset, summary)
        with writing(picture) as part:
            part.write_bytes(image)
    return DatasetReport(
        path,
        size_of(path),
        dataset.band.name,
        dataset.steps_per_beat,
        dataset.segment_steps,
        dataset.has_velocities,
        dataset.rounding,
        summary,
        picture,
    )
