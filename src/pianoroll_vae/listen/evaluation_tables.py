"""Formats an evaluation as tables and sentences, for the console and the report."""

from pianoroll_vae.console import Cell, Table
from pianoroll_vae.listen.evaluation_result import REAL, THESIS, ByName, Evaluation

FOLLOWING_COLUMNS = "asked", "measure", "songs", "mean", "real songs"


def summary(evaluation: Evaluation) -> Table:
    """One row for each set of songs; drop-out and copied shares are those of the worst instrument."""
    rows: list[tuple[Cell, ...]] = []
    for scores in evaluation.sets:
        drift = scores.key_drift
        rows.append(
            (
                scores.name + (" against real songs" if scores.name == REAL else ""),
                scores.songs,
                _rounded(scores.auc),
                _rounded(scores.overlap),
                _worst(scores.drop_out),
                _worst(scores.copied) if scores.copied else None,
                f"{drift.first:.3f} → {drift.last:.3f}" if drift else None,
                f"{scores.diversity:.2f}",
            )
        )
    columns = "songs of", "songs", "AUC", "overlap", "drop-out", "copied", "key, first → last", "diversity"
    return Table("", columns, rows, "Ideal values, those of real songs: AUC 0.5, overlap 1, diversity 1.")


def by_instrument(evaluation: Evaluation) -> Table:
    """Drop-out and copied phrases of every instrument in every set."""
    names = list(evaluation.sets[0].drop_out)
    rows: list[tuple[Cell, ...]] = []
    for scores in evaluation.sets:
        rows.append((f"{scores.name}: drop-out", *(_percent(scores.drop_out[name]) for name in names)))
        if scores.copied:
            rows.append((f"{scores.name}: copied", *(_percent(scores.copied[name]) for name in names)))
    return Table("", ("share", *names), rows)


def harmony_and_form(evaluation: Evaluation) -> Table:
    """The measures of coherence, a column for real songs and for each evaluated set."""
    sets = [scores for scores in evaluation.sets if scores.name in (REAL, *evaluation.evaluated)]
    rows = [(name, *(_rounded(scores.coherence.get(name)) for scores in sets)) for name in sets[0].coherence]
    return Table("", ("harmony and form", *(scores.name for scores in sets)), rows)


def following(evaluation: Evaluation) -> list[Table]:
    """For each model that was asked, what it did."""
    tables = []
    for name, measures in evaluation.following.items():
        rows = [(m.asked, m.measure, m.songs, _rounded(m.band), _rounded(m.real)) for m in measures]
        tables.append(Table(f"{name}: what is asked and what is played", FOLLOWING_COLUMNS, rows))
    return tables


def least_overlapping(evaluation: Evaluation, most: int = 10) -> Table:
    """The features in which the evaluated songs differ most from real ones."""
    rows = [(f.name, _rounded(f.histogram.overlap), _rounded(f.importance)) for f in evaluation.features[:most]]
    return Table("", ("features with the least overlap", "overlap", "permutation importance (AUC)"), rows)


def conclusions(evaluation: Evaluation) -> list[str]:
    """The main figures and whether the two-sample test is valid, in sentences."""
    count = len(evaluation.evaluated)
    what = evaluation.evaluated[0] if count == 1 else f"{count} sets of songs"
    sentences = [f"AUC {evaluation.mean_auc:.3f}, overlap {evaluation.mean_overlap:.3f}, mean over {what}."]
    if evaluation.gap_closed is not None:
        sentences.append(f"{evaluation.gap_closed:.0%} of the overlap's gap from thesis to real songs is closed.")
    if evaluation.diversity_between is not None:
        sentences.append(f"Diversity between sets is {evaluation.diversity_between:.2f} times that of real songs.")
    if evaluation.warning:
        sentences.append(evaluation.warning)
    elif evaluation.scores_of(THESIS) is None:
        sentences.append(
            "The two-sample test passes one of two checks: it does not separate real songs from real songs; the other "
            "needs songs of the recipe thesis (--thesis DIR)."
        )
    else:
        sentences.append(
            "The two-sample test is valid: it does not separate real songs from real songs, and separates thesis songs "
            "from real ones."
        )
    return sentences


def figures(evaluation: Evaluation) -> Table:
    """The figures that papers publish, a column for each set."""
    names = list(evaluation.sets[0].figures)
    rows = [(name, *(_rounded(scores.figures.get(name)) for scores in evaluation.sets)) for name in names]
    return Table("", ("published figures", *(scores.name for scores in evaluation.sets)), rows)


def _worst(shares: ByName) -> str | None:
    measured = [(copied_share, name) for name, copied_share in shares.items() if copied_share is not None]
    copied_share, name = max(measured, default=(0.0, ""))
    return f"{name} {copied_share:.0%}" if name else None


def _percent(copied_share: float | None) -> str | None:
    return None if copied_share is None else f"{copied_share:.1%}"


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{round(value, 3) + 0.0:.3f}"  # + 0.0: not -0.000
