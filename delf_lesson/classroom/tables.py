"""Tables of what was measured (notebook 07)."""

from collections.abc import Mapping, Sequence
from typing import Any

from IPython.display import display


class Table:
    """Rows under a header, as Markdown: every page can show and every screen reader read it.

    numbers: whether all columns but the first are numbers, which stand at the right.
    """

    def __init__(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: bool = True
    ) -> None:
        if odd := [row for row in rows if len(row) != len(header)]:
            raise ValueError(f"rows: {odd[0]} has {len(odd[0])} cells; wanted {len(header)}")
        self.header, self.rows = list(header), [list(row) for row in rows]
        self.numbers = numbers

    def __repr__(self) -> str:
        return f"Table: {', '.join(self.header)}; {len(self.rows)} rows"

    @property
    def text(self) -> str:
        """The table in Markdown."""
        other = "---:" if self.numbers else "---"
        lines = [self.header, ["---", *[other] * (len(self.header) - 1)], *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _ipython_display_(self) -> None:
        display({"text/markdown": self.text, "text/plain": repr(self)}, raw=True)


def map_table(
    cells: Mapping[str, Mapping[str, Mapping[str, Any]]],
    systems: Sequence[str],
    columns: Sequence[str],
) -> Table:
    """mAP in percent with its interval, a row for each system and a column for each set."""

    def cell(system: str, column: str) -> str:
        found = cells.get(system, {}).get(column)
        if found is None:
            return "–"
        low, high = found["map_interval"]
        return f"**{100 * found['map']:.1f}** [{100 * low:.0f}, {100 * high:.0f}]"

    rows = [[system, *(cell(system, column) for column in columns)] for system in systems]
    return Table(["system", *columns], rows)
