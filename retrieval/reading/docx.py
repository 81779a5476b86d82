"""Converts Word files (DOCX): paragraphs with their automatic numbers, tables, notes, and what was changed (redline).

A Word file has no pages. Where Word left marks of its own last pagination, they are its pages; else its pages have no
labels, and it is cited by section and paragraph. Words of headers and footers that the body does not say stand once
before it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from lxml import etree

from retrieval.core.documents import Document, ReadingWarning, Remark
from retrieval.core.errors import DamagedFile, TooManyPages
from retrieval.core.limits import Limits
from retrieval.reading.coverage import Recognise
from retrieval.reading.docx_numbering import Numbering
from retrieval.reading.docx_package import Package, W, attribute, inner, is_on, name_of, value
from retrieval.reading.docx_pages import has_marks, paginate, sections_of
from retrieval.reading.docx_paragraphs import ParagraphDraft, plain_name
from retrieval.reading.docx_pictures import Pictures
from retrieval.reading.docx_stories import WordFile, read_story
from retrieval.reading.docx_styles import Styles
from retrieval.reading.page_drafts import SHEET, PageDraft, assemble

_PAGE_NUMBER = re.compile(r"\W*(?:page)?\W*\d*\W*(?:of)?\W*\d*\W*", re.IGNORECASE)
_MOST_RUNNING = 200  # lines of headers and footers
_MOST_NAMED = 5  # authors or objects in a warning


def read_docx(
    data: bytes,
    *,
    name: str,
    document_id: str,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    on_page: Callable[[int, int], None] | None = None,
    recognise: Recognise | None = None,
) -> Document:
    """Read a Word file into a `Document`: the `Converter` of DOCX.

    Raises an `UnreadableFile` that says what is wrong with the file.
    """
    package = Package(data, name=name, limits=limits)
    body = inner(package.root(package.main), "body")
    if body is None:
        raise DamagedFile(name=name)
    file = _open(package, name, limits)
    if on_page:
        file.on_characters = _progress(body, on_page)
    sections = sections_of(body)
    lines = read_story(file, body, package.main, is_body=True) + file.at_the_end
    lines = _running_lines(package, file, sections, lines) + lines
    reader = Pictures(package, limits, recognise, lambda: on_page(0, 1) if on_page else None)
    lines = list(reader.put_into(lines))
    drafts = paginate(lines, sections) if has_marks(body) else []
    if len(drafts) > limits.pages:
        raise TooManyPages(name=name, pages=len(drafts), limit=limits.pages)
    is_paged = bool(drafts) and _said_pages(package) in (0, 1, len(drafts))
    if not is_paged:
        drafts = paginate(lines, sections, paged=False)
    for draft in () if limits.labels else drafts:
        draft.label = ""
    drafts[0].partly |= file.unread and drafts[0].readable
    if on_page:
        on_page(len(drafts), len(drafts))
    return assemble(drafts, document_id=document_id, name=name, warnings=list(_warnings(file, drafts)), paged=is_paged)


def _progress(body: etree._Element, on_page: Callable[[int, int], None]) -> Callable[[int], None]:
    """Counts the pages of a file on the way by the characters read so far; how many it has is known at the end."""
    likely = sum(len(words.text or "") for words in body.iter(W + "t", W + "delText")) // SHEET + 1
    on_page(0, likely)
    told = 0

    def on_characters(so_far: int) -> None:
        nonlocal told
        if so_far // SHEET > told and told + 1 < likely:
            told = min(so_far // SHEET, likely - 1)
            on_page(told, likely)

    return on_characters


def _open(package: Package, name: str, limits: Limits) -> WordFile:
    def part(kind: str) -> etree._Element | None:
        return package.root(package.related(package.main, kind))

    styles = Styles(part("styles"))
    file = WordFile(name, styles, Numbering(part("numbering"), styles), limits.characters)
    settings = part("settings")
    file.has_two_sides = is_on(inner(settings, "evenAndOddHeaders"))
    for kind in ("footnote", "endnote"):
        notes = (n for n in _children(part(f"{kind}s"), f"w:{kind}") if value(n, "type") in ("", "normal"))
        file.notes[kind] = package.related(package.main, f"{kind}s"), {value(note, "id"): note for note in notes}
        if form := value(inner(settings, f"{kind}Pr", "numFmt")):
            file.note_format[kind] = form
    comments = {}
    for comment in _children(part("comments"), "w:comment"):
        words = " ".join(" ".join(line.text for line in read_story(file, comment, None)).split())
        comments[value(comment, "id")] = Remark(0, 0, "comment", words, plain_name(value(comment, "author")))
    file.comments = comments
    return file


def _children(parent: etree._Element | None, kind: str) -> Iterator[etree._Element]:
    return (child for child in (() if parent is None else parent) if name_of(child) == kind)


def _said_pages(package: Package) -> int:
    """How many pages the file says that it has; 0 where it says nothing, and 1 is what files say that no Word counted.

    Where it is another number than that of the marks, some of these are missing.
    """
    properties = package.root(package.related("", "extended-properties"))
    for element in () if properties is None else properties:
        if etree.QName(element).localname == "Pages" and (said := element.text or "").isdigit() and said.isascii():
            return int(said[:6])
    return 0


# Headers and footers


def _running_lines(
    package: Package, file: WordFile, sections: Sequence[etree._Element], lines: Sequence[ParagraphDraft]
) -> list[ParagraphDraft]:
    """The lines of headers and footers that say something which the body does not, each once."""
    said = _folded("\n".join(line.text for line in lines))
    found: dict[str, ParagraphDraft] = {}
    for part in dict.fromkeys(part for section in sections for part in _running_parts(package, file, section)):
        story = package.root(part)
        for line in () if story is None or len(found) > _MOST_RUNNING else read_story(file, story, part):
            folded = _folded(line.text)
            if line.pictures or (not _PAGE_NUMBER.fullmatch(folded) and folded not in said):
                line.page_starts, line.section = [], 0
                found.setdefault(folded, line)
    return list(found.values())


def _running_parts(package: Package, file: WordFile, section: etree._Element) -> Iterator[str]:
    """The headers and footers that a section's pages show."""
    for reference in section:
        if name_of(reference) in ("w:headerReference", "w:footerReference"):
            kind = value(reference, "type")
            is_shown = is_on(inner(section, "titlePg")) if kind == "first" else file.has_two_sides or kind != "even"
            target = package.target(package.main, attribute(reference, "r:id"))
            if is_shown and target:
                yield target


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


# Warnings


def _warnings(file: WordFile, drafts: Sequence[PageDraft]) -> Iterator[ReadingWarning]:
    remarks = [m for draft in drafts for m in draft.remarks]
    kinds = Counter(m.kind for m in remarks)
    if what := _changes([m for m in remarks if m.kind in ("inserted", "struck")]):
        sentence = (
            f"The file is a redline: {what}. It is read as it stands once all changes are accepted; deleted words are "
            "no part of its text."
        )
        yield ReadingWarning(None, "redline", sentence)
    if kinds["hidden"]:
        sentence = "The file has hidden words; they are not shown or searched here, but anyone can find them in it."
        yield ReadingWarning(None, "hidden_text", sentence)
    if count := kinds["comment"]:
        authors = _named(m.detail for m in remarks if m.kind == "comment")
        sentence = f"The file has {_counted(count, 'comment')}{authors}; comments are no part of its text."
        yield ReadingWarning(None, "comments", sentence)
    if file.embedded:
        objects = _named(file.embedded, "")
        sentence = f"The file has {_counted(len(file.embedded), 'embedded file')} ({objects}), no part of its text."
        yield ReadingWarning(None, "attachments", sentence)


def _changes(changes: Sequence[Remark]) -> str:
    """What was changed, and by whom: "2 insertions and 1 deletion by A. Lawyer"."""
    inserted = sum(m.kind == "inserted" for m in changes)
    deleted = sum(m.kind == "struck" and bool(m.detail) for m in changes)
    struck = len(changes) - inserted - deleted
    tracked = " and ".join(filter(None, (_counted(inserted, "insertion"), _counted(deleted, "deletion"))))
    authors = _named(re.sub(r", [\d-]+\Z", "", m.detail) for m in changes)
    passages = f"{_counted(struck, 'passage')} struck through" if struck else ""
    return ", and ".join(filter(None, (tracked + authors, passages)))


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}" if count else ""


def _named(names: Iterable[str], by: str = " by ") -> str:
    """The first of some names, each once, after a word; empty where there are none."""
    different = list(dict.fromkeys(filter(None, names)))
    more = f" and {len(different) - _MOST_NAMED:,} more" if len(different) > _MOST_NAMED else ""
    return f"{by}{', '.join(different[:_MOST_NAMED])}{more}" if different else ""
