import json
from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.console import SilentWatch
from pianoroll_vae.listen.evaluation import EXCHANGED, REAL, THESIS, Evaluation, Line, evaluate
from pianoroll_vae.listen.evaluation_tables import by_instrument, giveaways, summary, verdict
from pianoroll_vae.listen.report import html
from pianoroll_vae.music.song import Song
from tests.music.measures.random_songs import random_song

SONGS = 7


def some(first: int, notes_per_bar: int = 12) -> list[Song]:
    return [random_song(seed, bars=20, notes_per_bar=notes_per_bar) for seed in range(first, first + SONGS)]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Two sets, of which the second copies training songs; songs of the thesis are nearly silent."""
    training = some(20)
    judged = {"mine": some(40, notes_per_bar=4), "copies": [replace(song, name="copy") for song in training]}
    thesis = some(60, notes_per_bar=1)
    return evaluate(judged, some(0), training, thesis, training, 4, 0, SilentWatch())


def line(evaluation: Evaluation, name: str) -> Line:
    found = evaluation.line(name)
    assert found is not None
    return found


def test_the_table_has_its_ceiling_and_its_floors(evaluation: Evaluation) -> None:
    assert [line.name for line in evaluation.lines] == [REAL, EXCHANGED, THESIS, "mine", "copies"]
    assert all(line.songs == SONGS and line.excerpts == 2 * SONGS for line in evaluation.lines)


def test_unlike_songs_overlap_less_than_real_ones(evaluation: Evaluation) -> None:
    assert line(evaluation, THESIS).overlap < line(evaluation, "mine").overlap < line(evaluation, REAL).overlap


def test_copied_songs_are_found_out_and_real_ones_stand_beside(evaluation: Evaluation) -> None:
    assert set((line(evaluation, "copies").memorised or {}).values()) == {1.0}
    assert (line(evaluation, REAL).memorised or {})["piano"] == 0
    assert line(evaluation, EXCHANGED).memorised is None


def test_the_closed_gap_runs_from_the_thesis_to_real_songs(evaluation: Evaluation) -> None:
    floor, ceiling = line(evaluation, THESIS).overlap, line(evaluation, REAL).overlap
    mean = np.mean([line(evaluation, name).overlap for name in ("mine", "copies")])
    assert evaluation.gap_closed == pytest.approx((mean - floor) / (ceiling - floor))
    assert replace(evaluation, lines=evaluation.lines[:2]).gap_closed is None


def test_every_judged_song_is_ranked_the_most_real_first(evaluation: Evaluation) -> None:
    realness = [seems for seems, _ in evaluation.ranking]
    assert len(realness) == 2 * SONGS
    assert realness == sorted(realness, reverse=True)


def test_features_are_sorted_by_how_little_they_overlap(evaluation: Evaluation) -> None:
    overlaps = [feature.histogram.overlap for feature in evaluation.features]
    assert len(overlaps) == 82
    assert overlaps == sorted(overlaps)


def test_songs_that_are_all_alike_have_no_variety() -> None:
    same = {"one": [random_song(50, bars=12)] * 5, "again": [random_song(50, bars=12)] * 5}
    evaluation = evaluate(same, some(0), some(20), (), (), 4, 0, SilentWatch())
    assert line(evaluation, "one").variety == pytest.approx(0, abs=1e-6)
    assert evaluation.variety_between == pytest.approx(0, abs=1e-6)
    assert line(evaluation, "one").memorised is None


def with_line(evaluation: Evaluation, name: str, **changes: float) -> Evaluation:
    lines = (replace(line, **changes) if line.name == name else line for line in evaluation.lines)  # type: ignore[arg-type]
    return replace(evaluation, lines=tuple(lines))


def test_the_judge_is_believed_only_while_it_is_fair_to_real_songs_and_hard_on_the_thesis(
    evaluation: Evaluation,
) -> None:
    fair = with_line(with_line(evaluation, REAL, auc=0.5), THESIS, auc=1.0, overlap=0.5)
    assert fair.doubts == ()
    assert verdict(fair)[-1] == "The judge holds: it cannot tell real from real, and always tells thesis songs."
    assert "AUC 0.600, not 0.48 to 0.55" in with_line(fair, REAL, auc=0.6).doubts[0]
    assert "AUC 0.980, not 0.99 or more" in with_line(fair, THESIS, auc=0.98).doubts[0]
    assert "overlaps by 0.700, not 0.60 or less" in with_line(fair, THESIS, overlap=0.7).doubts[0]
    unfloored = replace(fair, lines=tuple(line for line in fair.lines if line.name != THESIS))
    assert verdict(unfloored)[-1].startswith("The judge holds as far as known")


def test_json_holds_every_figure_as_plain_values(evaluation: Evaluation) -> None:
    told = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))
    assert [line["name"] for line in told["sets"]] == [line.name for line in evaluation.lines]
    assert told["sets"][0]["key_drift"].keys() == {"first", "last"}
    assert len(told["features"]) == 82
    assert len(told["songs"]) == 2 * SONGS
    assert told["judge_valid"] is False


def test_tables_name_the_worst_instrument_and_say_what_is_unknown(evaluation: Evaluation) -> None:
    rows = {str(row[0]): row for row in summary(evaluation).rows}
    assert str(rows["copies"][5]).endswith("100%")
    assert rows["copies"][2] == f"{line(evaluation, 'copies').auc:.3f}"
    assert rows[EXCHANGED][5] is None
    assert by_instrument(evaluation).columns == ("share", "piano", "guitar", "bass", "strings", "drums")
    assert len(giveaways(evaluation, most=3).rows) == 3


def test_the_report_needs_nothing_but_itself(evaluation: Evaluation) -> None:
    page = html(evaluation)
    assert page.count("<svg") == page.count("</svg>") == 82
    assert page.count("data:image/png;base64,") == 3
    assert all(f"The {what}:" in page for what in ("best", "median", "worst"))
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_names_of_songs_cannot_break_the_report(evaluation: Evaluation) -> None:
    evil = tuple((seems, replace(song, name="<script>alert('&')</script>")) for seems, song in evaluation.ranking)
    page = html(replace(evaluation, ranking=evil))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
