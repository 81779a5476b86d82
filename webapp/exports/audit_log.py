"""Writes the audit log as a page of HTML to look at, and as CSV for a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from markupsafe import Markup

from webapp.core.results import AuditRow
from webapp.core.urls import audit_url, pdf_url
from webapp.core.wording import audit_detail
from webapp.exports.table import CSV_TYPE as CSV_TYPE
from webapp.exports.table import inert

_COLUMNS = ("seq", "at", "user_id", "user", "matter_id", "matter", "act", "object", "detail", "previous", "digest")
_SHORT = 8  # characters of an id whose name is not known
_STYLE = Markup("""
:root { color-scheme: light dark; --ink: #1d2128; --soft: #5a616c; --paper: #fbfaf8; --card: #fff; --line: #dedad2;
  --mark: #1f4e79; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e5e0; --soft: #a3a9b3; --paper: #16181c; --card: #1e2127;
  --line: #353a43; --mark: #9cc4ea; } }
body { color: var(--ink); background: var(--paper); font: 0.95rem/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 64rem; padding: 2rem 1.2rem; overflow-wrap: anywhere; }
h1 { font: 600 1.4rem/1.3 Charter, Cambria, Georgia, serif; margin: 0; }
a { color: var(--mark); } p, .soft { color: var(--soft); margin: 0.3rem 0; } .soft { font-size: 0.85rem; }
form { display: flex; flex-wrap: wrap; gap: 0.6rem 0.9rem; align-items: end; margin: 1.2rem 0; }
label { display: grid; gap: 0.15rem; font-size: 0.8rem; color: var(--soft); }
select, input, button { box-sizing: border-box; height: 2.1rem; font: inherit; font-size: 0.9rem; color: var(--ink);
  background: var(--card); border: 1px solid var(--line); border-radius: 5px; padding: 0.3rem 0.5rem;
  max-width: 14rem; }
button { cursor: pointer; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-size: 0.8rem; color: var(--soft); }
th, td { border-top: 1px solid var(--line); padding: 0.45rem 0.9rem 0.45rem 0; vertical-align: top; }
td.when { white-space: nowrap; font-variant-numeric: tabular-nums; } nav { margin: 1rem 0; display: flex; gap: 1.2rem; }
@media (max-width: 40rem) { thead { display: none; } tr, td { display: block; } td { border: 0; padding: 0.05rem 0; }
  tr { border-top: 1px solid var(--line); padding: 0.5rem 0; } td.when { color: var(--soft); font-size: 0.85rem; } }
""")


@dataclass(frozen=True, slots=True)
class AuditPage:
    """What a page of the log shows: rows, newest first, of a matter or of all, and by what they were chosen.

    `chosen` has the fields of the form by name; `names` the documents that the reader may open, by matter and id;
    `older` is the row before which the next page begins.
    """

    rows: Sequence[AuditRow]
    matter_id: str
    title: str
    people: Sequence[tuple[str, str]]
    acts: Sequence[tuple[str, str]]
    chosen: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    older: int | None = None

    def address(self, **changed: str) -> str:
        """Address of this page with other values."""
        values = {name: value for name, value in {**self.chosen, **changed}.items() if value}
        return audit_url(self.matter_id) + (f"?{urlencode(values)}" if values else "")


def to_html(page: AuditPage) -> str:
    """The page: a form to choose rows, the rows, and links to older ones and to the CSV."""
    links = [(page.address(before="", form="csv"), "CSV")]
    if page.older is not None:
        links.insert(0, (page.address(before=str(page.older)), "Older"))
    if page.chosen.get("before"):
        links.insert(0, (page.address(before=""), "Newest"))
    heads = ("When (UTC)", "Who", "What", *(() if page.matter_id else ("Matter",)))
    table = Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
        _join(Markup('<th scope="col">{}</th>').format(head) for head in heads),
        _join(_row(page, row) for row in page.rows),
    )
    return str(
        Markup(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: audit log</title>'
            '<meta name="viewport" content="width=device-width"><style>{style}</style></head><body><main>'
            "<h1>Audit log</h1><p>{title}</p>{form}{table}<nav>{links}</nav></main></body></html>"
        ).format(
            title=page.title,
            style=_STYLE,
            form=_form(page),
            table=table if page.rows else Markup("<p>Nothing was done.</p>"),
            links=_join(Markup('<a href="{}">{}</a>').format(*link) for link in links),
        )
    )


def _form(page: AuditPage) -> Markup:
    chosen = page.chosen
    document = chosen.get("document", "")
    kept = Markup('<input type="hidden" name="document" value="{}">').format(document) if document else Markup("")
    return Markup(
        '<form method="get" action="{}">{}<label>Who{}</label><label>What{}</label>'
        '<label>From<input type="date" name="since" value="{}"></label>'
        '<label>To<input type="date" name="until" value="{}"></label><button>Show</button></form>'
    ).format(
        audit_url(page.matter_id),
        kept,
        _select("person", page.people, chosen),
        _select("act", page.acts, chosen),
        chosen.get("since", ""),
        chosen.get("until", ""),
    )


def _select(name: str, options: Sequence[tuple[str, str]], chosen: Mapping[str, str]) -> Markup:
    return Markup('<select name="{}">{}</select>').format(
        name,
        _join(
            Markup('<option value="{}"{}>{}</option>').format(
                value, Markup(" selected") if value == chosen.get(name, "") else "", words
            )
            for value, words in (("", "All"), *options)
        ),
    )


def _row(page: AuditPage, row: AuditRow) -> Markup:
    documents = row.detail.get("documents")
    ids = [row.object] if len(row.object) == 64 else []
    ids += [id_ for id_ in documents if id_ not in ids] if isinstance(documents, tuple) else []
    others = [dict(page.people).get(row.object, row.object[:_SHORT])] if row.object not in ids else []
    more = [part for part in (*others, *audit_detail(row)) if part]
    told = Markup("{}{}{}").format(
        row.told,
        Markup(' <span class="soft">{}</span>').format(" · ".join(more)) if more else "",
        Markup('<div class="soft">{}</div>').format(_names(page, row, ids)) if ids else "",
    )
    cells = [Markup("<td>{}</td>").format(row.user or "nobody"), Markup("<td>{}</td>").format(told)]
    if not page.matter_id:
        name = row.matter or row.matter_id[:_SHORT]
        link = Markup('<a href="{}">{}</a>').format(audit_url(row.matter_id), name) if row.matter_id else ""
        cells.append(Markup("<td>{}</td>").format(link))
    when = Markup('<td class="when"><time datetime="{}">{}</time></td>').format(row.at, row.at[:19].replace("T", " "))
    return Markup("<tr>{}{}</tr>").format(when, _join(cells))


_MOST_NAMED = 10  # documents that a row names


def _names(page: AuditPage, row: AuditRow, ids: Sequence[str]) -> Markup:
    links = [
        Markup('<a href="{}">{}</a>').format(pdf_url(row.matter_id, id_), name)
        if (name := page.names.get((row.matter_id, id_)))
        else Markup.escape(id_[:_SHORT])
        for id_ in ids[:_MOST_NAMED]
    ]
    more = len(ids) - len(links)
    return Markup(", ").join([*links, *([Markup.escape(f"{more} more")] if more > 0 else [])])


def to_csv(rows: Iterable[AuditRow]) -> Iterator[str]:
    """Lines of CSV; a value that a spreadsheet would take for a formula has an apostrophe before it."""
    yield _line(_COLUMNS)
    for row in rows:
        values = row.model_dump(mode="json")
        values["detail"] = json.dumps(values["detail"], sort_keys=True)
        yield _line([inert(str(values[column])) for column in _COLUMNS])


def _line(values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue()


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
