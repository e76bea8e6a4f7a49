import json
from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.listen.evaluation import evaluate
from pianoroll_vae.listen.evaluation_result import REAL, SWAPPED, THESIS, Evaluation, SetScores
from pianoroll_vae.listen.evaluation_tables import (
    by_instrument,
    conclusions,
    harmony_and_form,
    least_overlapping,
    summary,
)
from pianoroll_vae.listen.report import html
from pianoroll_vae.music.song import Song
from pianoroll_vae.progress import SilentWatch
from tests.music.measures.random_songs import random_song

SONGS = 5

pytestmark = pytest.mark.usefixtures("few_trees")


def some(first: int, notes_per_bar: int = 12) -> list[Song]:
    return [random_song(seed, bars=20, notes_per_bar=notes_per_bar) for seed in range(first, first + SONGS)]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Two sets, the second of which is a copy of the training songs; songs of the thesis are nearly silent."""
    training = some(20)
    evaluated = {"mine": some(40, notes_per_bar=4), "copies": [replace(song, name="copy") for song in training]}
    thesis = some(60, notes_per_bar=1)
    return evaluate(evaluated, some(0), training, thesis, training, 4, 0, SilentWatch())


@pytest.fixture(scope="module")
def page(evaluation: Evaluation) -> str:
    """Of songs whose names look like HTML."""
    ranking = tuple((real, replace(song, name="<script>alert('&')</script>")) for real, song in evaluation.ranking)
    return html(replace(evaluation, ranking=ranking))


def scores_of(evaluation: Evaluation, name: str) -> SetScores:
    scores = evaluation.scores_of(name)
    assert scores is not None
    return scores


def test_the_evaluation_has_its_upper_and_lower_bounds(evaluation: Evaluation) -> None:
    assert [scores.name for scores in evaluation.sets] == [REAL, SWAPPED, THESIS, "mine", "copies"]
    assert all(scores.songs == SONGS and scores.excerpts == 2 * SONGS for scores in evaluation.sets)


def test_unlike_songs_overlap_less_than_real_ones(evaluation: Evaluation) -> None:
    thesis, mine, real = (scores_of(evaluation, name).overlap for name in (THESIS, "mine", REAL))
    assert thesis < mine < real


def test_copied_songs_are_found_and_real_songs_are_measured_too(evaluation: Evaluation) -> None:
    assert set((scores_of(evaluation, "copies").copied or {}).values()) == {1.0}
    assert (scores_of(evaluation, REAL).copied or {})["piano"] == 0
    assert scores_of(evaluation, SWAPPED).copied is None


def test_the_closed_gap_runs_from_the_thesis_to_real_songs(evaluation: Evaluation) -> None:
    thesis, real = scores_of(evaluation, THESIS).overlap, scores_of(evaluation, REAL).overlap
    mean = np.mean([scores_of(evaluation, name).overlap for name in ("mine", "copies")])
    assert evaluation.gap_closed == pytest.approx((mean - thesis) / (real - thesis))
    assert replace(evaluation, sets=evaluation.sets[:2]).gap_closed is None


def test_every_evaluated_song_is_ranked_the_most_real_first(evaluation: Evaluation) -> None:
    realness = [realness for realness, _ in evaluation.ranking]
    assert len(realness) == 2 * SONGS
    assert realness == sorted(realness, reverse=True)


def test_features_are_sorted_by_overlap(evaluation: Evaluation) -> None:
    overlaps = [feature.histogram.overlap for feature in evaluation.features]
    assert len(overlaps) == 82
    assert overlaps == sorted(overlaps)


def with_scores(evaluation: Evaluation, name: str, **changes: float) -> Evaluation:
    sets = (replace(scores, **changes) if scores.name == name else scores for scores in evaluation.sets)  # type: ignore[arg-type]
    return replace(evaluation, sets=tuple(sets))


def test_the_two_sample_test_is_checked_with_real_songs_and_thesis_songs(evaluation: Evaluation) -> None:
    enough = replace(evaluation, fewest_songs=50)
    valid = with_scores(with_scores(enough, REAL, auc=0.5), THESIS, auc=1.0, overlap=0.5)
    assert valid.failed_checks == ()
    assert conclusions(valid)[-1].startswith("The two-sample test is valid")
    assert "AUC 0.600, not 0.48 to 0.55" in with_scores(valid, REAL, auc=0.6).failed_checks[0]
    assert "AUC 0.980, not 0.99 or more" in with_scores(valid, THESIS, auc=0.98).failed_checks[0]
    assert "overlap 0.700, not 0.60 or less" in with_scores(valid, THESIS, overlap=0.7).failed_checks[0]
    assert "has 49 songs" in replace(valid, fewest_songs=49).warning
    without_thesis = replace(valid, sets=tuple(scores for scores in valid.sets if scores.name != THESIS))
    assert "one of two checks" in conclusions(without_thesis)[-1]


def test_json_holds_every_figure_as_plain_values(evaluation: Evaluation) -> None:
    values = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))
    assert [scores["name"] for scores in values["sets"]] == [scores.name for scores in evaluation.sets]
    assert values["sets"][0]["key_drift"].keys() == {"first", "last"}
    assert values["sets"][0]["coherence"].keys() == scores_of(evaluation, REAL).coherence.keys()
    assert len(values["features"]) == 82
    assert len(values["songs"]) == 2 * SONGS
    assert values["test_valid"] is False
    assert f"smallest set has {SONGS} songs" in values["failed_checks"][0]


def test_tables_name_the_worst_instrument_and_leave_unknown_cells_empty(evaluation: Evaluation) -> None:
    rows = {str(row[0]): row for row in summary(evaluation).rows}
    assert str(rows["copies"][5]).endswith("100%")
    assert rows["copies"][2] == f"{scores_of(evaluation, 'copies').auc:.3f}"
    assert rows[SWAPPED][5] is None
    assert by_instrument(evaluation).columns == ("share", "piano", "guitar", "bass", "strings", "drums")
    assert len(least_overlapping(evaluation, most=3).rows) == 3


def test_harmony_and_form_have_a_column_for_real_songs_and_for_each_evaluated_set(
    evaluation: Evaluation, page: str
) -> None:
    table = harmony_and_form(evaluation)
    assert table.columns == ("harmony and form", REAL, "mine", "copies")
    rows = {str(row[0]): row for row in table.rows}
    measure = "bars the whole band repeats"
    assert rows[measure][2] == f"{scores_of(evaluation, 'mine').coherence[measure]:.3f}"
    assert measure in page
    assert not any(feature.name in rows for feature in evaluation.features)


def test_the_report_is_self_contained(page: str) -> None:
    assert page.count("<svg") == page.count("</svg>") == 82
    assert page.count("data:image/png;base64,") == 3
    assert all(f"The {what}:" in page for what in ("best", "median", "worst"))
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_names_of_songs_are_escaped_in_the_report(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;" in page
