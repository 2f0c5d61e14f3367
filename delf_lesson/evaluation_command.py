"""`delf-lesson evaluate`: how good is a system on a data set (notebooks 06 and 07)?"""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from delf_lesson.command_options import system_option, writable_file

INDEXES = ("exact", "compressed")


@click.command()
@click.option(
    "--dataset",
    required=True,
    metavar="NAME",
    help="albion, lutetia, or folder:PATH, where each sub-folder of PATH is a place, and a "
    "query's positives are the other pictures of its place.",
)
@click.option(
    "--distractors",
    is_flag=True,
    help="Among unrelated pictures too; of a folder, those in its _distractors.",
)
@system_option
@click.option(
    "--queries",
    default="all",
    show_default=True,
    type=click.Choice(["first", "all"]),
    help="One query a landmark, or all. In the cities the first landmark gives its first query, "
    "the second its second and so on: another light each.",
)
@click.option(
    "--index",
    default="exact",
    show_default=True,
    type=click.Choice(INDEXES),
    help="Compare all descriptors, or codes in inverted lists as in the paper.",
)
@click.option(
    "--precision",
    default=0.95,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Find the number of inliers from which on so large a share of the results is right.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--picture",
    metavar="OUT.png",
    type=click.Path(path_type=Path),
    callback=writable_file(".png"),
    help="Draw the precision/recall curve.",
)
@click.option("--fresh", is_flag=True, help="Measure again, though a report is kept.")
def evaluate(
    dataset: str,
    distractors: bool,
    system: str,
    queries: str,
    index: str,
    precision: float,
    as_json: bool,
    picture: Path | None,
    fresh: bool,
) -> None:
    """Measure SYSTEM on a data set: mAP, precision and recall, times, memory.

    A report is kept by the content of the pictures, the system and this program; asked for again,
    it is printed as it was, with the times of then.
    """
    from delf_lesson.datasets import load
    from delf_lesson.evaluation.benchmark import one_query_each
    from delf_lesson.evaluation.report import measure
    from delf_lesson.evaluation.results import keep_report, kept_report, report_path
    from delf_lesson.evaluation.systems import find_system
    from delf_lesson.retrieval.cache import FeatureCache

    try:
        benchmark = load(dataset, distractors)
    except (FileNotFoundError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="--dataset") from error
    of_a_folder = benchmark.root is not None
    first = one_query_each(benchmark, in_turn=not of_a_folder)
    asked = benchmark.queries if queries == "all" else first
    try:
        chosen = find_system(system)
        compressed = index == "compressed"
        path = report_path(chosen, benchmark, asked, compressed, precision)
        report = None if fresh else kept_report(path)
        cached = report is not None
        if report is None:
            cache = FeatureCache.default()
            report = measure(chosen, benchmark, asked, cache, compressed, precision, _progress)
            keep_report(path, report)
        if picture is not None:
            _draw(picture, report)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for one in report["skipped"]:
        click.echo(f"warning: skipped {one['image']}: {one['reason']}", err=True)
    if as_json:
        asked_for = {"dataset": dataset, "distractors": distractors, "cached": cached}
        click.echo(json.dumps({**report, **asked_for}))
    else:
        click.echo(_in_words({**report, "dataset": benchmark.name}, cached))


def _progress(steps: Sequence[Any], label: str) -> Iterable[Any]:
    with click.progressbar(steps, label=label, file=sys.stderr) as bar:
        yield from bar


def _in_words(report: dict[str, Any], cached: bool) -> str:
    low, high = report["map_interval"]
    query, threshold = report["query_seconds"]["all"], report["threshold"]
    lines = [
        f"{report['system']} on {report['dataset']}: {report['queries']} queries, "
        f"{report['images']} images{' (measured before)' if cached else ''}",
        f"mAP {report['map']:.3f} [{low:.3f}, {high:.3f}], first result right "
        f"{report['precision_at_1']:.2f}",
        ", ".join(
            f"{level.capitalize()} {'none' if value is None else format(value, '.3f')}"
            for level, value in report["map_by_level"].items()
        ),
        *(f"  {name:24} {ap:.3f}" for name, ap in report["per_landmark"].items()),
    ]
    if threshold["confidence"] is None:
        lines.append(f"no confidence reaches a precision of {threshold['precision']:.2f}")
    else:
        lines.append(
            f"precision {threshold['precision']:.2f} and recall {threshold['recall']:.2f} from "
            f"{threshold['confidence']:.1f} {report['confidence']} on"
        )
    lines += [
        f"without extraction a query takes {query['median']:.2f} s, 95% under {query['p95']:.2f} s",
        f"{report['index']} index: {report['index_bytes'] / 2**20:.1f} MiB; "
        f"{report['bytes_per_image'] / 1000:.1f} kB an image with places of keypoints",
    ]
    return "\n".join(lines)


def _draw(path: Path, report: dict[str, Any]) -> None:
    from delf_lesson.classroom.curve_figures import draw_precision_recall
    from delf_lesson.classroom.figures import encode
    from delf_lesson.files import write_atomically

    curve = report["precision_recall"]
    name = f"{report['system']} on {report['dataset']}"
    figure = draw_precision_recall({name: (curve["precision"], curve["recall"])}, "-")
    write_atomically(path, encode(figure, "image/png"))
