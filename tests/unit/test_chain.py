"""The whole chain on miniature archives: fetch, verify, train, index, search, evaluate."""

import json

import pytest
from click.testing import CliRunner
from publisher import offer_google

from delf_lesson.cli.main import command
from delf_lesson.systems.registry import find_system
from delf_lesson.systems.specification import SystemOptions

QUICK = ("--epochs", 1, "--batch", 6, "--size", 64, "--workers", 0)


def run(*arguments):
    answer = CliRunner().invoke(command, [str(one) for one in arguments])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


@pytest.mark.slow
def test_five_commands_from_nothing_to_a_row_of_the_table(web, tmp_path, texture):
    """As docs/scale.md has them, with a small trunk, and beginning with its shipped weights."""
    offer_google(web, texture)
    run("data", "fetch", "google-landmarks-train", "--parts", "0,1", "--accept-terms")
    run("data", "fetch", "roxford5k", "--accept-terms")
    runs = tmp_path / "runs"
    google = ("--data", "google-landmarks")
    run("train", "ft", "--out", runs / "ft", "--weights", "base", *google, *QUICK)
    ft = runs / "ft" / "ft.safetensors"
    run("train", "attention", "--out", runs / "attention", "--weights", ft, *google, *QUICK)
    weights = runs / "attention" / "attention.safetensors"
    chosen = ("--system", "DELF+FT+ATT", "--weights", weights, "--max-side", 200)
    report = json.loads(run("evaluate", "--dataset", "roxford5k", *chosen, "--json"))
    assert (report["images"], report["queries"], report["system"]) == (8, 2, "DELF+FT+ATT")
    assert set(report["map_by_level"]) == {"easy", "medium", "hard"}
    images = tmp_path / "sets" / "oxford5k" / "images"
    run("index", images, "--out", tmp_path / "index", *chosen)
    query = images / "hall_000000.jpg"
    found = json.loads(run("search", tmp_path / "index", query, "--json", "--top", 9))
    assert len(found["results"]) == 9
    assert str(query) not in {one["image"] for one in found["results"]}


@pytest.mark.slow
def test_vectors_of_whole_images_learn_from_google_landmarks(web, tmp_path, texture):
    offer_google(web, texture, landmarks=6)  # five others for hard negatives
    run("data", "fetch", "google-landmarks-train", "--parts", "0-1", "--accept-terms")
    out = tmp_path / "runs"
    begin = ("--weights", "base", "--data", "google-landmarks", "--pooling", "gem")
    small = ("--epochs", 1, "--batch", 2, "--tuples", 4, "--pool", 20, "--size", 64)
    run("train", "siamac", "--out", out, *begin, *small, "--workers", 2, "--bf16")
    options = SystemOptions((str(out / "siamac.safetensors"),))
    retriever = find_system("siaMAC").with_options(options).retriever()
    images = sorted((tmp_path / "sets" / "google-landmarks-train" / "images").rglob("*.jpg"))[:3]
    retriever.add(images)
    assert retriever.search(images[1]).results[0].image == str(images[1])
