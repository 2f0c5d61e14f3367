"""What the retriever of every system promises.

A check is a function of a system under test. It returns nothing, or raises AssertionError.
"""

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contract_subjects import SystemSubject, threads, with_expansion_by_one

from delf_lesson.cache import FeatureCache
from delf_lesson.retrieval.voting import Ranking
from delf_lesson.systems.specification import LocalSystem


def rows(ranking: Ranking) -> list[tuple[str, float, int, float]]:
    """All numbers of a ranking, to compare bit by bit."""
    return [(r.image, r.score, r.inliers, r.vote) for r in ranking.results]


def assert_valid(ranking: Ranking, names: Any) -> None:
    """Whether a ranking lists images of the collection once, best first."""
    images = [result.image for result in ranking.results]
    assert set(images) <= set(names), "an image was found that was not added"
    assert len(set(images)) == len(images), "an image is listed twice"
    scores = [(result.score, result.vote) for result in ranking.results]
    assert np.isfinite(scores).all()
    for before, after in zip(ranking.results, ranking.results[1:], strict=False):
        assert before.score >= after.score, "scores do not fall"
        if (before.score, before.vote) == (after.score, after.vote):
            assert before.image < after.image, "ties are not in the order of the names"


def a_new_retriever_is_empty(subject: SystemSubject) -> None:
    retriever = subject.retriever({})
    assert len(retriever) == 0 and retriever.names == []
    try:
        retriever.search(subject.image())
    except ValueError as error:
        assert "add images" in str(error)
    else:
        pytest.fail("an empty retriever found something")


def added_images_have_their_names(subject: SystemSubject) -> None:
    names = sorted(subject.collection())
    for retriever in subject.filled:
        assert len(retriever) == len(names) and retriever.names == names
        assert sum(retriever.bytes.values()) > 0


def a_second_view_is_ranked(subject: SystemSubject) -> None:
    for retriever in subject.filled:
        ranking = retriever.search(subject.image())
        assert_valid(ranking, subject.collection())
        assert "view" in {result.image for result in ranking.results}


def equal_images_are_ranked_by_name(subject: SystemSubject) -> None:
    image = subject.image(2)
    ranking = subject.retriever({"b": image, "c": image, "a": image}).search(image)
    assert_valid(ranking, "abc")
    assert len(ranking.results) == 3
    assert len({r.inliers for r in ranking.results}) == 1


def top_cuts_the_ranking(subject: SystemSubject) -> None:
    retriever = subject.filled[0]
    query = retriever.describe(subject.image())
    full = rows(retriever.rank(query))
    for top in (1, 2, 100):
        assert rows(retriever.rank(query, top)) == full[:top]
    assert rows(retriever.search(subject.image(), 2)) == full[:2]
    for top in (0, -1):
        with pytest.raises(ValueError, match=f"^top is {top}; wanted"):
            retriever.search(subject.image(), top)


def a_copy_of_the_query_comes_first(subject: SystemSubject) -> None:
    images = {**subject.collection(), "copy": subject.image()}
    retriever = subject.retriever(images, with_expansion_by_one(subject.shared))
    assert retriever.search(subject.image(), top=1).results[0].image == "copy"


def the_order_of_adding_changes_nothing(subject: SystemSubject) -> None:
    images = subject.collection()
    backwards = {name: images[name] for name in reversed(images)}
    for filled, variant in zip(subject.filled, subject.variants, strict=True):
        other = subject.retriever(backwards, *variant)
        assert rows(other.search(subject.image())) == rows(filled.search(subject.image()))


def threads_change_nothing(subject: SystemSubject) -> None:
    """Descriptions come from the cache: `extractor_checks` says how threads may change them."""
    for filled, variant in zip(subject.filled, subject.variants, strict=True):
        with threads(1):
            alone = rows(filled.search(subject.image()))
        with threads(2):
            together = rows(subject.retriever(None, *variant).search(subject.image()))
        assert alone == together


def images_added_after_a_search_are_ranked_alike(subject: SystemSubject) -> None:
    images = subject.collection()
    names = sorted(images, reverse=True)
    grown = subject.retriever({name: images[name] for name in names[:3]})
    grown.search(subject.image())
    grown.add([images[name] for name in names[3:]], names[3:])
    assert sorted(grown.names) == sorted(images)
    wanted = subject.filled[0]
    assert rows(grown.search(subject.image())) == rows(wanted.search(subject.image()))


def an_image_of_a_known_name_is_replaced(subject: SystemSubject) -> None:
    images = subject.collection()
    for wanted, variant in zip(subject.filled, subject.variants, strict=True):
        retriever = subject.retriever({**images, "view": subject.image(20)}, *variant)
        retriever.search(subject.image())
        retriever.add([images["view"]], ["view"])
        assert len(retriever) == len(images)
        assert rows(retriever.search(subject.image())) == rows(wanted.search(subject.image()))


def broken_files_are_skipped_or_named(subject: SystemSubject) -> None:
    retriever = subject.retriever({})
    with tempfile.TemporaryDirectory() as folder:
        broken, missing = Path(folder, "broken.png"), Path(folder, "missing.png")
        broken.write_bytes(b"not an image")
        skipped: dict[str, str] = {}
        images = [broken, subject.image(), missing]
        names = [str(broken), "good", str(missing)]
        retriever.add(images, names, skip=skipped.__setitem__)
        assert retriever.names == ["good"]
        assert set(skipped) == {str(broken), str(missing)} and all(skipped.values())
        for path in (broken, missing):
            try:
                retriever.add([path])
            except ValueError as error:
                assert path.name in str(error)
            else:
                pytest.fail(f"{path.name} was added")
        assert retriever.names == ["good"]


def a_constant_query_is_refused_or_ranked(subject: SystemSubject) -> None:
    flat = np.full((*subject.size, 3), 128, np.uint8)
    for retriever in subject.filled:
        try:
            retriever.describe(flat)
        except ValueError as error:
            assert "no keypoints" in str(error)
            assert isinstance(subject.system, LocalSystem)
        assert_valid(retriever.search(flat), subject.collection())


def describe_and_rank_are_search(subject: SystemSubject) -> None:
    for retriever in subject.filled:
        searched = retriever.search(subject.image(), 3)
        ranked = retriever.rank(retriever.describe(subject.image()), 3)
        assert rows(ranked) == rows(searched)
        assert "extract" in searched.seconds and "extract" not in ranked.seconds
        assert all(seconds >= 0 for seconds in searched.seconds.values())
        assert set(ranked.seconds) < set(searched.seconds)


def stored_descriptions_are_used(subject: SystemSubject) -> None:
    images = {name: subject.image(seed) for name, seed in (("scene", 1), ("other", 2))}
    with tempfile.TemporaryDirectory() as folder:
        subject = replace(subject, cache=FeatureCache(Path(folder)))
        rankings = []
        for described in (2, 0):
            retriever = subject.retriever(images)
            rankings.append(rows(retriever.search(images["scene"])))
            counts = [database.described for database in retriever.databases]
            assert counts == [described] * len(counts), f"described {counts}, wanted {described}"
        assert rankings[0] == rankings[1]


def the_index_is_compressed_or_that_is_refused(subject: SystemSubject) -> None:
    if len(subject.variants) == 1:
        with pytest.raises(ValueError, match=rf"^compressed: {re.escape(subject.key)} "):
            subject.shared.retriever(compressed=True)
        return
    exact, compressed = (retriever.bytes["descriptors"] for retriever in subject.filled)
    assert compressed < exact / 4
    small, _ = subject.variants[1]
    few = subject.retriever(None, replace_compression(small, lists=8192), True)
    with pytest.raises(ValueError, match=r"descriptors holds .* give more"):
        few.search(subject.image())


def replace_compression(system: Any, **options: Any) -> Any:
    if hasattr(system, "local"):
        return replace(system, local=replace_compression(system.local, **options))
    return replace(system, compression=replace(system.compression, **options))


CHECKS = (
    a_new_retriever_is_empty,
    added_images_have_their_names,
    a_second_view_is_ranked,
    equal_images_are_ranked_by_name,
    top_cuts_the_ranking,
    a_copy_of_the_query_comes_first,
    the_order_of_adding_changes_nothing,
    threads_change_nothing,
    images_added_after_a_search_are_ranked_alike,
    an_image_of_a_known_name_is_replaced,
    broken_files_are_skipped_or_named,
    a_constant_query_is_refused_or_ranked,
    describe_and_rank_are_search,
    stored_descriptions_are_used,
    the_index_is_compressed_or_that_is_refused,
)
