"""The explorers of notebooks 03 to 05 mark what they are asked to, and training can be held up."""

import threading

import numpy as np
import pytest
import torch

from delf_lesson.classroom.explorers.drawing import BLUE, ORANGE, TITLE
from delf_lesson.classroom.explorers.explorer import jpeg
from delf_lesson.classroom.explorers.grid_explorers import (
    chosen_rows,
    draw_similarity,
    explore_neighbours,
    explore_selection,
    explore_similarity,
)
from delf_lesson.classroom.explorers.live_explorers import (
    LiveLoss,
    Training,
    explore_attention_training,
    snapshots,
)
from delf_lesson.deep.delf import Delf
from delf_lesson.deep.receptive_field import DenseGrid
from delf_lesson.deep.weights import load_trained
from delf_lesson.features import LocalFeatures


@pytest.fixture
def grid():
    """Six cells of three directions over an image of 96 x 64."""
    rows = np.eye(3)[[0, 1, 2, 0, 1, 1]]
    x, y = np.meshgrid([16, 48, 80], [16, 48])
    xy = np.stack([x.ravel(), y.ravel()], axis=1)
    return DenseGrid(LocalFeatures(xy, rows, np.arange(6), np.ones(6), (96, 64)), 2, 3, 32)


@pytest.fixture
def grey():
    return np.full((64, 96, 3), 128, np.uint8)


def fields(grid):
    return np.hstack([grid.features.xy - 20, grid.features.xy + 20])


def test_similarity_lights_the_kin_of_a_cell(grid, grey):
    drawn = draw_similarity(grey, grid, grey, grid, fields(grid), 0, 1)
    there = drawn.image[TITLE:, -440 + 4 :].astype(float).mean(axis=2)

    def at(x, y):
        return there[round(y * drawn.scale), round(x * drawn.scale)]

    kin, others = min(at(40, 16), at(40, 52), at(74, 52)), max(at(12, 16), at(74, 12), at(12, 52))
    assert kin > others + 30
    assert "cosine of 1.00" in drawn.says


def test_similarity_follows_a_click_to_the_nearest_cell(grid, grey):
    explorer = explore_similarity(grey, grid, grey, grid, fields(grid))
    assert explorer.controls["row"].max == 1 and explorer.controls["column"].max == 2
    scale = explorer.drawn.scale
    explorer._clicked({"dataX": 78 * scale, "dataY": TITLE + 10 * scale})
    assert explorer.values == {"row": 0, "column": 2}
    explorer._clicked({"dataX": 20 * scale, "dataY": TITLE + 60 * scale})
    assert explorer.values == {"row": 1, "column": 0}
    with pytest.raises(ValueError, match="one a cell"):
        explore_similarity(grey, grid, grey, grid, fields(grid)[:3])


def test_the_best_are_chosen_by_count_score_and_scale():
    scores, scales = np.array([1.0, 4.0, 3.0, 2.0]), np.array([1, 0.5, 1, 0.5])
    found = LocalFeatures(np.zeros((4, 2)), np.eye(4), scores, scales, (9, 9))
    assert chosen_rows(found, 2, 0, None).tolist() == [1, 2]
    assert chosen_rows(found, 9, 0, 1.0).tolist() == [2, 0]
    assert chosen_rows(found, 9, 0.5, None).tolist() == [1, 2, 3]
    assert chosen_rows(found, 9, 0.9, 1.0).tolist() == []


def test_selection_counts_what_is_on_the_landmark(grid, grey):
    mask = np.zeros((64, 96), bool)
    mask[:, 60:] = True  # the last column of cells: scores 2 and 5
    explorer = explore_selection(
        grey, mask, {"own": grid.features, "other": grid.features}, "other"
    )
    explorer.set(count=1)
    assert "of 1 by own 100%" in explorer.drawn.says
    left = explorer.drawn.image[:, :436]
    blue, orange = ((left == np.array(c)).all(axis=2).any() for c in (BLUE, ORANGE))
    assert blue and not orange
    explorer.set(count=4)
    assert "of 4 by own 50%" in explorer.drawn.says and "of 4 by other 50%" in explorer.drawn.says
    empty = grid.features.select(np.zeros(0, int))
    with pytest.raises(ValueError, match="no keypoints by 'own'"):
        explore_selection(grey, mask, {"own": empty, "other": grid.features}, "other")


def test_neighbours_are_judged_by_their_landmark(grid, grey):
    images, landmarks = [grey] * 9, ["a", "a", "b", "a", "b", "b", "b", "b", "b"]
    of_image, places = np.repeat(np.arange(9), 6), np.tile(grid.features.xy, (9, 1))
    rows = np.tile(grid.features.descriptors, (9, 1))
    on = np.ones(len(rows), bool)
    explorer = explore_neighbours(images, landmarks, of_image, places, on, {"flat": rows})
    explorer.set(image=1, cell=0)
    assert "landmark: flat 2." in explorer.drawn.says  # a has two other pictures
    scale = explorer.drawn.scale
    explorer._clicked({"dataX": 80 * scale, "dataY": TITLE + 48 * scale})
    assert explorer.values == {"image": 1, "cell": 5}
    for flags, short in ((on, rows[:9]), (on[:9], rows)):
        with pytest.raises(ValueError, match="one row a cell"):
            explore_neighbours(images, landmarks, of_image, places, flags, {"flat": short})


def test_neighbours_are_right_only_if_both_cells_lie_on_the_landmark(grid, grey):
    of_image, places = np.repeat(np.arange(9), 6), np.tile(grid.features.xy, (9, 1))
    rows = np.tile(np.eye(6, dtype=np.float32), (9, 1))  # cell k is nearest to the others' cell k
    on = np.tile(np.arange(6) < 3, 9)
    on[of_image == 4] = False  # a car stands before the landmark
    explorer = explore_neighbours([grey] * 9, ["a"] * 9, of_image, places, on, {"flat": rows})
    explorer.set(image=1, cell=0)
    assert "landmark: flat 4." in explorer.drawn.says  # of five neighbours, one lies on the car
    explorer.set(image=1, cell=5)
    assert "on no landmark" in explorer.drawn.says and "flat" not in explorer.drawn.says


def test_a_live_loss_redraws_with_every_epoch():
    live = LiveLoss(3, 2.3)
    seen = [live.image.value]
    for loss in (2.3, 1.5, 1.0):
        live.add(loss)
        seen.append(live.image.value)
    assert len(set(seen)) == 4 and live.losses == [2.3, 1.5, 1.0]
    assert live.labels.alt == "The loss after 3 of 3 epochs"
    assert live.twin is None  # a page would store the empty figure of the beginning


@pytest.fixture
def training(grey):
    """Five steps, each of which waits for `go`."""
    go = threading.Semaphore(0)

    def begin():
        for loss in (5.0, 4.0, 3.0, 2.0, 1.0):
            assert go.acquire(timeout=10)
            yield loss

    made = Training(begin, 5, 5.0, lambda: grey, "a training")
    made.allow = go.release
    return made


def test_a_training_is_paused_and_goes_on_where_it_was(training):
    training.start.click()
    assert training.start.disabled and not training.pause.disabled
    training.pause.click()  # the step under way is finished
    training.allow()
    training.thread.join(10)
    assert training.losses == [5.0] and training.pause.disabled and not training.start.disabled
    training.allow(4)
    training.start.click()
    training.thread.join(10)
    assert training.losses == [5.0, 4.0, 3.0, 2.0, 1.0] and training.start.disabled
    assert "5 of 5 steps: the loss is 1.00" in training.labels.alt
    training.restart.click()
    assert training.losses == [] and not training.start.disabled and training.bar.value == 0


def test_a_page_without_a_kernel_shows_what_a_training_learned_after_some_steps(grey):
    done = []

    def begin():
        for loss in (5.0, 4.0, 3.0, 2.0):
            done.append(loss)
            yield loss

    still = snapshots(begin(), lambda: np.full_like(grey, 20 * len(done)), (1, 3))
    assert done == [5.0, 4.0, 3.0]  # no step more than it takes
    left, right = still[-1, 0, 0], still[-1, -1, 0]
    assert (left, right) == (20, 60)
    training = Training(begin, 4, 5.0, lambda: grey, "a training", still)
    assert training.twin == jpeg(still) != training.image.value


def test_an_error_of_a_training_is_shown(grey):
    def begin():
        yield 1.0
        raise RuntimeError("the <loss> is NaN")

    training = Training(begin, 5, 1.0, lambda: grey, "a training")
    training.go()
    training.thread.join(10)
    assert "the &lt;loss&gt; is NaN" in training.message.value and training.pause.disabled


@pytest.mark.slow
def test_an_attention_learns_which_channel_tells_classes_apart(grey):
    """Two classes: one bright channel each, in one cell of many; the loss falls below guessing."""
    torch.manual_seed(0)
    features = torch.rand(100, 672, 4, 4) * 0.1
    labels = torch.arange(100) % 2
    features[torch.arange(100), labels, 1, 2] = 5.0
    delf = load_trained("attention")
    training = explore_attention_training(
        Delf(delf.trunk, None), features, labels, np.tile(grey, (2, 2, 1)), steps=12
    )
    before = training.image.value
    assert training.losses == [] and training.twin != before  # a page shows trained states
    training.go()
    training.thread.join(120)
    assert len(training.losses) == 12 and training.losses[-1] < 0.5 * np.log(2)
    assert training.image.value != before
