"""`delf-lesson table`: every system on every set, into one file (notebook 07)."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from delf_lesson.command_options import writable_file


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
    from delf_lesson.evaluation.baselines import BASELINES
    from delf_lesson.evaluation.systems import SYSTEMS
    from delf_lesson.evaluation.table import measure_table, table_path
    from delf_lesson.evaluation.table_cell import COLUMNS
    from delf_lesson.retrieval.cache import FeatureCache

    path = out or table_path()
    try:
        for cell in measure_table(
            path,
            systems or (*SYSTEMS, *BASELINES),
            columns or COLUMNS,
            FeatureCache.default(),
            _progress,
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


def _progress(steps: Sequence[Any], label: str) -> Iterable[Any]:
    with click.progressbar(steps, label=label, file=sys.stderr) as bar:
        yield from bar
