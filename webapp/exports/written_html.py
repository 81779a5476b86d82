"""Draws the lines of a written answer as HTML: nested lists with their own numbers, tables, quotations, headings."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from markupsafe import Markup

from webapp.exports.written import Cell, Line

TABLE = Markup(
    '<div class="table" role="region" tabindex="0" aria-label="Table"><table>{}<tbody>{}</tbody></table></div>'
)

TAGS = {
    "heading": Markup("<h4>{}</h4>"),
    "paragraph": Markup("<p>{}</p>"),
    "soft": Markup('<p class="soft">{}</p>'),
}


def to_html(lines: Iterable[Line[Cell]], draw: Callable[[Cell], Markup], table: Markup = TABLE) -> Markup:
    """HTML of the lines; `draw` draws what is in them, and `table` takes the head and the rows of a table."""
    blocks = []
    for kind, group in groupby(lines, key=_block):
        rows = list(group)
        if kind == "list":
            blocks.append(_list(rows, draw))
        elif kind == "table":
            blocks.append(_table(rows, draw, table))
        elif kind == "quote":
            said = _join(Markup("<p>{}</p>").format(draw(row.cells[0])) for row in rows)
            blocks.append(Markup("<blockquote>{}</blockquote>").format(said))
        else:
            tag = TAGS[kind]
            blocks += [tag.format(draw(row.cells[0])) for row in rows]
    return _join(blocks)


def _block(line: Line[Cell]) -> str:
    return {"bullet": "list", "number": "list", "head": "table", "row": "table"}.get(line.kind, line.kind)


def _list(rows: Sequence[Line[Cell]], draw: Callable[[Cell], Markup]) -> Markup:
    """The items of one level, each with those below it; the list changes where bullets follow numbers."""
    level = min(row.level for row in rows)
    parts: list[list[Line[Cell]]] = []
    for row in rows:
        if row.level == level or not parts:
            parts.append([row])
        else:
            parts[-1].append(row)
    lists = []
    for kind, items in groupby(parts, key=lambda part: part[0].kind):
        tag = "ol" if kind == "number" else "ul"
        drawn = _join(_item(item, draw) for item in items)
        lists.append(Markup("<{0}>{1}</{0}>").format(tag, drawn))
    return _join(lists)


def _item(rows: Sequence[Line[Cell]], draw: Callable[[Cell], Markup]) -> Markup:
    first, *below = rows
    value = Markup(' value="{}"').format(first.number) if first.kind == "number" else Markup("")
    return Markup("<li{}>{}{}</li>").format(value, draw(first.cells[0]), _list(below, draw) if below else Markup(""))


def _table(rows: Sequence[Line[Cell]], draw: Callable[[Cell], Markup], table: Markup) -> Markup:
    width = max(len(row.cells) for row in rows)

    def row_html(row: Line[Cell]) -> Markup:
        tag = Markup('<th scope="col">{}</th>') if row.kind == "head" else Markup("<td>{}</td>")
        filled = [*map(draw, row.cells), *[Markup("")] * (width - len(row.cells))]
        return Markup("<tr>{}</tr>").format(_join(map(tag.format, filled)))

    head = [row_html(row) for row in rows if row.kind == "head"]
    body = _join(row_html(row) for row in rows if row.kind != "head")
    return table.format(Markup("<thead>{}</thead>").format(_join(head)) if head else Markup(""), body)


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
