"""Id lists, MASD labels and .cls files: each says which tracks have which genre."""

from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.sources.genre_labels import CLEANSED_STYLES, STYLES, IdLists, open_label_file
from pianoroll_vae.sources.genres import GenreQuery, GenreSource
from pianoroll_vae.sources.worker_pool import ReadFailure

A, B, C = "TRAAAAA128F0000001", "TRAAAAB128F0000002", "TRAAAAC12900000003"


def genres_of(source: GenreSource, *tracks: str) -> dict[str, list[str]]:
    found = {}
    for track, labels in source.labels(tracks, GenreQuery()):
        assert not isinstance(labels, ReadFailure)
        assert all(weight == 1.0 for _, weight in labels.terms)
        found[track] = [term for term, _ in labels.terms]
    return found


@pytest.fixture
def lists(tmp_path: Path) -> IdLists:
    folder = tmp_path / "lastfm"
    folder.mkdir()
    (folder / "id_list_blues.txt").write_text(f"{A}\n{C}\n")
    (folder / "id_list_classic-rock.txt").write_text(f"{A}\r\n{B}\r\n")
    (folder / "id_list_empty.txt").write_text("")
    return IdLists(folder)


def test_a_track_has_the_genre_of_every_list_it_is_in(lists: IdLists) -> None:
    assert genres_of(lists, A, B, "TRZZZZZ128F0000009") == {A: ["blues", "classic-rock"], B: ["classic-rock"]}
    assert lists.name == "lastfm"
    assert "lastfm" in lists.describe()


def test_lists_answer_for_the_genres_they_are_named_after(lists: IdLists) -> None:
    assert lists.may_match(GenreQuery(("blues",)))
    assert lists.may_match(GenreQuery(("Classic Rock",)))
    assert not lists.may_match(GenreQuery(("polka",)))
    assert not lists.may_match(GenreQuery(("blues",), min_weight=0.5)), "lists have no weights"


def test_a_list_that_cannot_be_read_costs_its_own_genre_only(lists: IdLists) -> None:
    (lists.folder / "id_list_lost.txt").symlink_to(lists.folder / "nowhere")
    (lists.folder / "id_list_foreign.txt").write_text("a page that was not found")
    labels = dict(lists.labels([A], GenreQuery()))
    foreign, lost = (labels[str(lists.folder / f"id_list_{name}.txt")] for name in ("foreign", "lost"))
    assert foreign == ReadFailure("contains no track id")
    assert isinstance(lost, ReadFailure) and "No such file" in lost.reason
    assert A in labels


def test_a_cls_file_gives_a_track_one_genre_or_more(tmp_path: Path) -> None:
    path = tmp_path / "msd_tagtraum_cd2.cls"
    path.write_text(f"# MSD genre annotations\n{A}\tJazz\tVocal\n{B}\tPop_Rock\n\nnonsense\n{C}\n")
    source = open_label_file(path)
    assert genres_of(source, A, B, C) == {A: ["Jazz", "Vocal"], B: ["Pop_Rock"]}
    assert source.name == "msd_tagtraum_cd2"
    assert source.may_match(GenreQuery(("pop rock",))) and not source.may_match(GenreQuery(("rock",)))


def test_masd_numbers_are_styles(tmp_path: Path) -> None:
    full, cleansed = tmp_path / "masd_labels.txt", tmp_path / "masd_labels_cleansed.txt"
    full.write_text(f"# msd_id, label_num\n{A}    1\n{B}    23\n{C}    25\n")
    cleansed.write_text(f"# msd_id, label_num\n{B}    9\n")
    assert genres_of(open_label_file(full), A, B, C) == {A: ["Blues_Contemporary"], B: ["Rock_Hard"], C: []}
    assert genres_of(open_label_file(cleansed), A, B) == {B: ["Rock_Hard"]}
    assert (open_label_file(full).name, open_label_file(cleansed).name) == ("masd", "masd-cleansed")


def test_the_cleansed_styles_are_ten_of_the_twenty_five() -> None:
    assert (len(STYLES), len(set(STYLES)), sorted(STYLES)) == (25, 25, list(STYLES))
    assert len(CLEANSED_STYLES) == 10 and set(CLEANSED_STYLES) < set(STYLES)


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.cls"
    path.write_text("dear diary\n")
    with pytest.raises(FileUnreadable, match="contains no labels of tracks") as error:
        list(open_label_file(path).labels([A], GenreQuery()))
    assert "Each line must be a track id and its genres" in error.value.hint


def test_a_line_of_endless_labels_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "long.cls"
    path.write_text(f"{A}\t" + "\t".join(f"genre{n}" for n in range(5000)))
    assert len(genres_of(open_label_file(path), A)[A]) == 64
