"""Building blocks of the page's HTML: joined pieces, pin cites, marks, a button to the evidence of a citation."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from webapp.core import wording
from webapp.core.marks import Mark
from webapp.core.results import AmendmentRow, AnswerResult, Cited, Paged, SupersededRow, items

_AMENDING = {"document_id", "section", "page", "action"}  # fields that tell an amending clause
NOTHING = Markup("")
LONGEST_HEADING = 28  # characters, on a chip


def about(document: str) -> Markup:
    """The line below a document's file name: what it calls itself; nothing where it does not."""
    return Markup('<span class="about">{}</span>').format(document) if document else NOTHING


def under_way(question: str, status: str, *so_far: Markup) -> Markup:
    """The turn that is being written: its question, what is being done, and what is there of it."""
    return Markup(
        '<article class="turn" data-state="writing"><h2 class="unseen">Being answered</h2>'
        '<h3 class="question">{}</h3><div class="answer">'
        '<p class="stand"><span class="pulse" aria-hidden="true"></span>{}</p>{}</div></article>'
    ).format(question, status, lines(so_far))


def lines(parts: Iterable[Markup]) -> Markup:
    """Join pieces of HTML."""
    return Markup("").join(parts)


def page(row: Paged) -> str:
    """`wording.page_cite` with no-break spaces, so that a line breaks only before "(PDF page 6)" and after a comma."""
    return wording.page_cite(row).replace(" ", "\u00a0").replace("\u00a0(", " (").replace(",\u00a0", ", ")


def pin(row: Cited) -> str:
    """Section and page of a row, short enough for a chip: a long heading of the section is left out."""
    section, _, heading = row.section.partition(" (")
    if heading and len(heading) <= LONGEST_HEADING:
        section += f" ({heading}"
    return ", ".join(part for part in (wording.exhibit(row), section, page(row)) if part)


def standing(mark: Mark, words: str = "") -> Markup:
    """A mark with its sign and words, or others in their place."""
    return Markup('<span class="standing {}" title="{}"><span aria-hidden="true">{}</span>\u00a0{}</span>').format(
        mark.style, mark.meaning, mark.sign, words or mark.words
    )


def sign(mark: Mark) -> Markup:
    """The sign of a mark, after a statement; its words are read out."""
    return Markup('<span class="sign {}" role="img" aria-label="{}" title="{}">{}</span>').format(
        mark.style, mark.words, mark.words, mark.sign
    )


def legend(marks: Sequence[Mark]) -> Markup:
    """What each of these marks says, at length."""
    if not marks:
        return NOTHING
    rows = lines(Markup("<dt>{}</dt><dd>{}</dd>").format(standing(mark), mark.meaning) for mark in marks)
    short = "; ".join(f"{mark.sign} {mark.words}" for mark in marks)
    return Markup(
        '<details class="key legend"><summary>What the marks say</summary><dl>{}</dl></details>'
        '<p class="printed">{}</p>'
    ).format(rows, short)


def folded(turn_id: str, content: Markup, *, is_long: bool) -> Markup:
    """Content of which, if it is long, the beginning is shown until all of it is asked for."""
    if not is_long:
        return content
    return Markup(
        '<div class="folded" data-long="{}" data-open="false">{}</div>'
        '<button type="button" class="quiet unfold" data-show-all="{}" aria-expanded="false">Show all</button>'
    ).format(turn_id, content, turn_id)


def to_place(turn_id: str, item: int, words: str, label: str) -> Markup:
    """Button that shows an item of a turn in the evidence panel."""
    return Markup(
        '<button type="button" class="mark" data-do="cite" data-turn="{}" data-item="{}" aria-label="{}">{}</button>'
    ).format(turn_id, item, label, words)


def changed_by(turn_id: str, answer: AnswerResult, amendment: SupersededRow) -> Markup:
    """What an amending clause did to what is quoted, with a button to it."""
    place = next((i for i, item in enumerate(items(answer)) if _is_of(item.row, amendment)), None)
    words = f"{amendment.document}, {pin(amendment)}"
    shown = Markup("{}").format(words) if place is None else to_place(turn_id, place, words, f"Show {words}")
    return Markup('<span class="changed">{} {}</span>').format(wording.done_by(amendment), shown)


def _is_of(row: object, amendment: SupersededRow) -> bool:
    """Whether a row is that of an amending clause, with its spans."""
    return isinstance(row, AmendmentRow) and row.model_dump(include=_AMENDING) == amendment.model_dump(
        include=_AMENDING
    )
