"""`delf-lesson evaluate` and `table`: how good are systems on data sets (labs 06 and 07)?"""

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import click

from delf_lesson.cli.options import (
    SystemChoice,
    cluster_option,
    executor_at,
    json_option,
    picture_option,
    progress_bar,
    system_options,
    writable_file,
)

INDEXES = ("exact", "compressed")


@click.command()
@click.option(
    "--dataset",
    required=True,
    metavar="NAME",
    help="albion, lutetia; oxford5k, paris6k, roxford5k, rparis6k once they are fetched; or "
    "folder:PATH, where each sub-folder of PATH is a place, and a query's positives are the other "
    "pictures of its place.",
)
@click.option(
    "--distractors",
    is_flag=True,
    help="Among unrelated pictures too: Oxf105k, Par106k, R1M; of a folder, its _distractors.",
)
@system_options
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
@json_option
@picture_option("Draw the precision/recall curve.")
@click.option("--fresh", is_flag=True, help="Measure again, though a report is kept.")
@click.option(
    "--on-disk",
    metavar="INDEX",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep descriptions and index in this folder, and not in memory: for 100,000 images and "
    "more.",
)
@cluster_option
def evaluate(
    dataset: str,
    distractors: bool,
    choice: SystemChoice,
    queries: str,
    index: str,
    precision: float,
    as_json: bool,
    picture: Path | None,
    fresh: bool,
    on_disk: Path | None,
    cluster: str | None,
) -> None:
    """Measure a system on a data set: mAP, precision and recall, times, memory.

    A report is kept by the content of the pictures, the system and this program; asked for again,
    it is printed as it was, with the times of then.
    """
    from delf_lesson.cache import FeatureCache
    from delf_lesson.datasets import load
    from delf_lesson.datasets.benchmark import resolved
    from delf_lesson.evaluation.report import measure, one_query_each
    from delf_lesson.evaluation.report_cache import load_report, report_path, store_report

    if cluster and on_disk is None:
        raise click.UsageError("--cluster needs --on-disk, a folder that its workers see too")
    try:
        benchmark = load(dataset, distractors)
        if on_disk is not None:
            benchmark = resolved(benchmark)
    except (FileNotFoundError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="--dataset") from error
    of_a_folder = benchmark.root is not None
    first = one_query_each(benchmark, in_turn=not of_a_folder)
    asked = benchmark.queries if queries == "all" else first
    compressed, cached = index == "compressed", False
    try:
        system = choice.system.with_options(choice.options)
        measured = partial(
            measure,
            *(system, benchmark, asked),
            compressed=compressed,
            precision=precision,
            progress=progress_bar,
        )
        if on_disk is not None:
            with executor_at(cluster) as executor:
                retriever = _on_disk_retriever(on_disk, benchmark, choice, compressed, executor)
                report = measured(retriever=retriever)
        else:
            path = report_path(system, benchmark, asked, compressed, precision)
            stored = None if fresh else load_report(path)
            cached = stored is not None
            report = stored or measured(FeatureCache.default())
            if not cached:
                store_report(path, report)
        if picture is not None:
            _draw(picture, report)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for image in report["skipped"]:
        click.echo(f"warning: skipped {image['image']}: {image['reason']}", err=True)
    if as_json:
        asked_for = {"dataset": dataset, "distractors": distractors, "cached": cached}
        click.echo(json.dumps({**report, **asked_for}))
    else:
        click.echo(_in_words({**report, "dataset": benchmark.name}, cached))


def _on_disk_retriever(
    path: Path, benchmark: Any, choice: SystemChoice, compressed: bool, executor: Any
) -> Any:
    """A retriever of the benchmark's images in an index on disk, made or brought up to date."""
    from delf_lesson.scale.photo_index import PhotoIndex

    root = Path(os.path.commonpath([str(image.parent) for image in benchmark.images]))
    options = choice.options
    if PhotoIndex.is_at(path):
        index = PhotoIndex.open(path).on(options.device, options.batch)
        wanted = (root, choice.system.name, options.on("cpu", 1), compressed)
        if (index.folder, index.system_name, index.options, index.compressed) != wanted:
            raise ValueError(
                f"on_disk: {path} is the index of other images, or by another system; choose "
                "another folder"
            )
    else:
        index = PhotoIndex.create(
            path, root, choice.system.with_options(choice.options), compressed
        )
    update = index.update(executor, progress_bar, benchmark.images)
    if update.unfinished:
        name, reason = next(iter(update.unfinished.items()))
        raise ValueError(
            f"on_disk: {len(update.unfinished)} images were not described, {name} first "
            f"({reason}); call it again, which goes on"
        )
    return index.retriever(executor)


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
        f"{report['bytes_per_image'] / 1000:.1f} kB an image with what verification reads",
    ]
    return "\n".join(lines)


def _draw(path: Path, report: dict[str, Any]) -> None:
    from delf_lesson.classroom.figures.notebook_figure import encode
    from delf_lesson.classroom.figures.retrieval_figures import draw_precision_recall
    from delf_lesson.files import write_atomically

    curve = report["precision_recall"]
    name = f"{report['system']} on {report['dataset']}"
    figure = draw_precision_recall({name: (curve["precision"], curve["recall"])}, "-")
    write_atomically(path, encode(figure, "image/png"))


@click.command()
@click.option(
    "--out",
    metavar="TABLE.json",
    type=click.Path(path_type=Path),
    callback=writable_file(".json"),
    help="Where the table is, and what it lacks is written; the lesson's own by default.",
)
@click.option("--system", "systems", multiple=True, help="Only this one; may be repeated.")
@click.option("--column", "columns", multiple=True, help="Only this set, as albion+d; likewise.")
def table(out: Path | None, systems: tuple[str, ...], columns: tuple[str, ...]) -> None:
    """Measure every system on both towns, each alone and among the distractors (+d).

    All of it takes hours on two processor cores. Stop at any time: what was measured is in the
    file, and is not measured again while pictures, weights and systems stay as they are.
    """
    from delf_lesson.cache import FeatureCache
    from delf_lesson.evaluation.table import COLUMNS, measure_table, table_path
    from delf_lesson.systems.registry import BASELINES, SYSTEMS

    path = out or table_path()
    try:
        for cell in measure_table(
            path,
            systems or (*SYSTEMS, *BASELINES),
            columns or COLUMNS,
            FeatureCache.default(),
            progress_bar,
        ):
            values = cell.values
            low, high = values["map_interval"]
            click.echo(
                f"{cell.column:10} {cell.system:22} mAP {values['map']:.3f} [{low:.3f}, "
                f"{high:.3f}], {values['bytes_per_image'] / 1000:.1f} kB an image, describe "
                f"{values['describe_seconds']:.2f} s, search "
                f"{values['query_seconds']['all']['median']:.2f} s"
                f"{'' if cell.fresh else ' (measured before)'}"
            )
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"table in {path}")
