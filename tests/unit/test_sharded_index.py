"""Images keep their shard, new ones fill the first with room, and only what changes is written."""

from delf_lesson.scale.index_state import IndexedImage
from delf_lesson.scale.sharded_index import shard_plan


def photo(name: str, shard: int | None = None) -> IndexedImage:
    return IndexedImage(name, 1, 1, name, (True,), "", 5, shard)


def names(photos) -> str:
    return "".join(one.name for one in photos)


def test_the_first_images_fill_shards_in_the_order_of_their_names():
    inside, changes = shard_plan([], [photo(name) for name in "gfedcba"], 0, 3)
    assert [names(own) for own in inside] == ["abc", "def", "g"]
    assert [(one.shard, names(one.arriving)) for one in changes] == [
        (0, "abc"),
        (1, "def"),
        (2, "g"),
    ]
    assert [one.shard for own in inside for one in own] == [0, 0, 0, 1, 1, 1, 2]


def test_a_new_image_goes_where_one_left():
    before = [photo(name, "abcdef".index(name) // 3) for name in "abcdef"]
    now = [one for one in before if one.name != "b"] + [photo("x"), photo("y")]
    inside, changes = shard_plan(before, now, 2, 3)
    assert [names(own) for own in inside] == ["acx", "def", "y"]
    assert [(one.shard, names(one.leaving), names(one.arriving)) for one in changes] == [
        (0, "b", "x"),
        (2, "", "y"),
    ]


def test_a_changed_image_leaves_and_comes_again():
    before = [photo("a", 0), photo("b", 0)]
    inside, (change,) = shard_plan(before, [before[0], photo("b")], 1, 3)
    assert names(inside[0]) == "ab"
    assert (names(change.leaving), names(change.arriving)) == ("b", "b")


def test_a_shard_may_be_left_empty_and_nothing_may_change():
    before = [photo("a", 0), photo("b", 1)]
    inside, changes = shard_plan(before, [before[1]], 2, 1)
    assert [names(own) for own in inside] == ["", "b"]
    assert [(one.shard, names(one.leaving)) for one in changes] == [(0, "a")]
    assert shard_plan(before, before, 2, 1) == ([[before[0]], [before[1]]], [])
