"""An evaluation in words and tables, for the console and for the report. Knows nothing of how either looks."""

from pianoroll_vae.console import Cell, Table
from pianoroll_vae.listen.evaluation import REAL, THESIS, Evaluation, Shares


def summary(evaluation: Evaluation) -> Table:
    """One row for each set of songs; the worst instrument stands for drop-out and copying."""
    rows: list[tuple[Cell, ...]] = []
    for line in evaluation.lines:
        drift = line.key_drift
        rows.append(
            (
                line.name + (" against real songs" if line.name == REAL else ""),
                line.songs,
                _rounded(line.auc),
                _rounded(line.overlap),
                _worst(line.drop_out),
                _worst(line.memorised) if line.memorised else None,
                f"{drift.first:.3f} → {drift.last:.3f}" if drift else None,
                f"{line.variety:.2f}",
            )
        )
    columns = "songs of", "songs", "AUC", "overlap", "drop-out", "copied", "key, first → last", "variety"
    return Table("", columns, rows, "AUC 0.5, overlap 1 and variety 1: as real songs are")


def by_instrument(evaluation: Evaluation) -> Table:
    """Drop-out and copied phrases of every instrument in every set."""
    names = list(evaluation.lines[0].drop_out)
    rows: list[tuple[Cell, ...]] = []
    for line in evaluation.lines:
        rows.append((f"{line.name}: drop-out", *(_percent(line.drop_out[name]) for name in names)))
        if line.memorised:
            rows.append((f"{line.name}: copied", *(_percent(line.memorised[name]) for name in names)))
    return Table("", ("share", *names), rows)


def giveaways(evaluation: Evaluation, most: int = 10) -> Table:
    """The features that give the judged songs away."""
    rows = [(f.name, _rounded(f.histogram.overlap), _rounded(f.importance)) for f in evaluation.features[:most]]
    return Table("", ("what gives the songs away", "overlap", "the judge's AUC loses without it"), rows)


def verdict(evaluation: Evaluation) -> list[str]:
    """What the figures say, in sentences."""
    said = [f"AUC {evaluation.mean_auc:.3f}, overlap {evaluation.mean_overlap:.3f}, over {_sets(evaluation)}."]
    if evaluation.gap_closed is not None:
        said.append(f"{evaluation.gap_closed:.0%} of the overlap's gap from thesis to real songs is closed.")
    if evaluation.variety_between is not None:
        said.append(f"Between sets the songs are {evaluation.variety_between:.2f} times as unlike as real songs.")
    if evaluation.doubts:
        said.append(f"Do not believe the judge here: {'; '.join(evaluation.doubts)}.")
    elif evaluation.line(THESIS) is None:
        said.append("The judge holds as far as known: it cannot tell real from real, and no thesis songs are at hand.")
    else:
        said.append("The judge holds: it cannot tell real from real, and always tells thesis songs.")
    return said


def figures(evaluation: Evaluation) -> Table:
    """What papers print, side by side."""
    names = list(evaluation.lines[0].figures)
    rows = [(name, *(_rounded(line.figures.get(name)) for line in evaluation.lines)) for name in names]
    return Table("", ("as papers print it", *(line.name for line in evaluation.lines)), rows)


def _sets(evaluation: Evaluation) -> str:
    count = len(evaluation.judged)
    return f"{evaluation.judged[0]}" if count == 1 else f"{count} sets of songs"


def _worst(shares: Shares) -> str | None:
    measured = [(share, name) for name, share in shares.items() if share is not None]
    share, name = max(measured, default=(0.0, ""))
    return f"{name} {share:.0%}" if name else None


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{round(value, 3) + 0.0:.3f}"  # + 0.0: not -0.000
