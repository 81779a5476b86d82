"""Lists that the page's script draws, as JSON: a page that has a list is sent only what has changed since."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: what is said of it as a whole, and its rows by their ids, in order; each as JSON."""

    about: Markup
    rows: tuple[tuple[str, Markup], ...] = ()

    @classmethod
    def of(cls, about: Mapping[str, Any], rows: Mapping[str, Markup]) -> "Listing":
        """A list with these rows."""
        return cls(to_json(about), tuple(rows.items()))

    def sent(self, version: int, before: "Listing | None" = None) -> Markup:
        """The list as it is sent: whole, or what has changed since the page had `before` as its last version.

        It is in an element that is not shown; characters that HTML gives a meaning are escaped as JSON escapes them.
        """
        rows, gone = self._changes(before) if before else (None, ())
        if rows is None:
            version_before, rows = 0, [row for _, row in self.rows]
        else:
            version_before = version - 1
        told = Markup('<pre hidden>{{"version":{},"from":{},"about":{},"gone":{},"rows":[{}]}}</pre>')
        return told.format(version, version_before, self.about, to_json(gone), Markup(",").join(rows))

    def _changes(self, before: "Listing") -> tuple[list[Markup] | None, tuple[str, ...]]:
        """Rows that are new, at the end, or have changed, and the ids of those that are gone; None for the rows if the
        others stand in another order than before.
        """
        old, new = dict(before.rows), dict(self.rows)
        kept = [id_ for id_ in old if id_ in new]
        if kept != list(new)[: len(kept)]:
            return None, ()
        return [row for id_, row in self.rows if old.get(id_) != row], tuple(id_ for id_ in old if id_ not in new)


def to_json(value: object) -> Markup:
    """A value as JSON that may stand in HTML as text."""
    told = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escaped in (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"), ("'", "\\u0027")):
        told = told.replace(character, escaped)
    return Markup(told)  # noqa: S704 (nothing is left in it that HTML gives a meaning)
