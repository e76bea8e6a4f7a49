"""Which terms match a genre query."""

import pytest

from pianoroll_vae.sources.genres import GenreQuery, join_terms


def test_a_term_must_equal_a_wanted_genre() -> None:
    wanted = GenreQuery(("blues", "rock"))
    assert wanted.matching_terms((("Blues", 1.0), ("blues-rock", 0.9), (" rock ", 0.2))) == (
        ("Blues", 1.0),
        (" rock ", 0.2),
    )


def test_contains_finds_parts_of_terms() -> None:
    assert GenreQuery(("blues",), match="contains").matches((("chicago blues", 0.4),))


@pytest.mark.parametrize("spelling", ["hip-hop", "Hip Hop", "hip_hop"])
def test_sources_spell_one_genre_in_many_ways(spelling: str) -> None:
    assert GenreQuery((spelling,)).matches((("hip hop", 1.0),))
    assert GenreQuery(("HIP-HOP",)).matches(((spelling, 1.0),))


def test_a_light_term_is_not_enough_where_weight_matters() -> None:
    assert not GenreQuery(("rock",), min_weight=0.5).matches((("rock", 0.4),))


def test_an_excluded_term_rules_a_track_out_however_light() -> None:
    assert not GenreQuery(("rock",), exclude=("metal",), min_weight=0.5).matches((("rock", 1.0), ("metal", 0.1)))


def test_a_source_can_answer_only_in_its_own_words() -> None:
    assert GenreQuery(("blues", "polka")).matches_any(["rock", "Blues"])
    assert not GenreQuery(("polka",)).matches_any(["rock", "blues"])
    assert GenreQuery().matches_any([])


def test_joined_terms_keep_their_greatest_weight_and_come_heaviest_first() -> None:
    assert join_terms([(("rock", 0.3), ("blues", 0.5)), (("rock", 0.9),)]) == (("rock", 0.9), ("blues", 0.5))
