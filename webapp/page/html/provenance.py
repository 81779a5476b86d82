"""Renders the provenance of an answer as HTML: what it was made by, folded away. Pure, as `chat` is."""

from markupsafe import Markup

from webapp.core.results import ProvenanceRow
from webapp.core.wording import provenance_lines
from webapp.page.html.parts import NOTHING, lines


def made_by(row: ProvenanceRow | None) -> Markup:
    """How an answer was made; nothing for one that an older version made, which kept no such thing."""
    if row is None:
        return NOTHING
    said = lines(Markup("<li>{}</li>").format(line) for line in provenance_lines(row))
    return Markup('<details class="made"><summary>How this answer was made</summary><ul>{}</ul></details>').format(said)
