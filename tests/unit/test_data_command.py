"""`delf-lesson data`, and what follows it: the whole chain on miniature archives."""

import json
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from delf_lesson.cli.main import command

IMAGES_AT = "/oxbuildings/oxbuild_images-v1.tgz"


def run(*arguments, wanted=0):
    answer = CliRunner().invoke(command, [str(one) for one in arguments])
    assert answer.exit_code == wanted, answer.output
    return answer


def test_from_the_first_byte_to_map(web, tmp_path):
    """Fetch, verify, extract, evaluate."""
    run("data", "fetch", "roxford5k", "--accept-terms")
    assert "all as they came" in run("data", "verify", "oxford5k").output
    listed = run("data", "list").output
    assert listed.count("whole") == 2
    images = tmp_path / "sets" / "oxford5k" / "images"
    run("extract", images / "keep_000000.jpg", "--out", tmp_path / "one.npz")
    for dataset, images, queries in (("oxford5k", 10, 2), ("roxford5k", 8, 2)):
        report = json.loads(run("evaluate", "--dataset", dataset, "--json").stdout)
        assert (report["images"], report["queries"]) == (images, queries)
        assert report["map"] == 1
        assert set(report["per_landmark"]) == {"keep", "hall"}
    assert report["map_by_level"] == {"easy": 1, "medium": 1, "hard": 1}


def test_a_process_that_is_killed_leaves_nothing_that_passes_for_whole(web, tmp_path):
    web.faults[IMAGES_AT] = ["hang"]
    fetch = [sys.executable, "-m", "delf_lesson", "data", "fetch", "oxford5k", "--accept-terms"]
    with subprocess.Popen(fetch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert web.hangs.wait(60)
        part = tmp_path / "sets" / "oxford5k" / "downloads" / "oxbuild_images-v1.tgz.part"
        while not part.is_file() or part.stat().st_size == 0:
            time.sleep(0.02)
        process.kill()
    web.released.set()
    assert "delf-lesson data fetch" in run("evaluate", "--dataset", "oxford5k", wanted=2).stderr
    run("data", "fetch", "oxford5k", "--accept-terms")
    assert [path for path, _ in web.ranges] == [IMAGES_AT]
    run("data", "verify", "oxford5k")


def test_terms_are_shown_before_the_first_byte(web):
    answer = run("data", "fetch", "oxford5k", wanted=2)
    assert "Terms: The photographs were taken from Flickr" in answer.stderr
    assert "--accept-terms" in answer.stderr
    assert web.asked.total() == 0


def test_what_is_here_is_said_and_not_fetched(web):
    run("data", "fetch", "oxford5k", "--accept-terms")
    before = web.asked.total()
    assert "is here:" in run("data", "fetch", "oxford5k").output
    assert web.asked.total() == before


def test_several_sets_are_fetched_and_pictures_once(web):
    answer = run("data", "fetch", "roxford5k", "oxford5k", "--accept-terms")
    assert answer.stdout.count("is here:") == 2
    assert answer.stderr.count("Terms:") == 2
    assert web.asked[IMAGES_AT] == 1


def test_a_failed_fetch_ends_with_status_1_and_the_remedy(web):
    web.faults[IMAGES_AT] = ["gone"]
    answer = run("data", "fetch", "oxford5k", "--accept-terms", wanted=1)
    assert "404" in answer.stderr and "call this again" in answer.stderr
    answer = run("data", "verify", "oxford5k", wanted=1)
    assert "1 of 2 files are here" in answer.output
    answer = run("evaluate", "--dataset", "oxford5k", wanted=2)
    assert "delf-lesson data fetch oxford5k" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fetch", "holidays"], "choose oxford5k, paris6k"),
        (["verify", "holidays"], "choose oxford5k, paris6k"),
        (["fetch", "oxford5k", "--parts", "0"], "of no use in parts"),
        (["fetch", "revisitop1m", "--parts", "0-200"], "parts 0 to 99"),
        (["fetch", "revisitop1m", "--parts", "some"], "no list of numbers"),
    ],
)
def test_a_wrong_call_is_told(arguments, message, web):
    assert message in run("data", *arguments, wanted=2).stderr
