"""Formats results as text for the page and the command line: pin cites, counts, search coverage."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from retrieval import numbered_pages
from webapp.core.marks import QUOTED, RECOGNISED, Mark
from webapp.core.results import (
    AddedRow,
    AnswerResult,
    AuditRow,
    BudgetRow,
    ChangeRow,
    CitationRow,
    Cited,
    CiteRow,
    ClauseRow,
    CoverageRow,
    DocumentAnswerRow,
    DocumentRow,
    DocumentState,
    HitRow,
    KeySentenceRow,
    LineRow,
    MentionRow,
    MentionsResult,
    ModelRow,
    ModelTestRow,
    NamedRow,
    NowhereRow,
    Paged,
    ProvenanceRow,
    SentenceRow,
    StatusRow,
    SummaryResult,
    SupersededRow,
    TurnResult,
    mark_of,
    marks_of,
)

if TYPE_CHECKING:
    from retrieval import DocumentRecord, Facts, Remark, RemarkKind

_FILES_SHOWN = 4  # of those that are in the matter already
_DIGESTS_SHOWN = 3  # of the prompts of an answer
_PARTIES_SHOWN = 3  # of a document, in the line that says what it is
# What an amendment did to a clause, by its action.
_DONE = {
    "deleted": "Deleted",
    "replaced": "Replaced",
    "added": "Added to",
    "extended": "Extended",
    "restated": "Restated",
    "amended": "Amended",
}
DOUBT = "The documents may not address this. These are the closest passages."
UNCITED = "Nothing in this answer cites a passage: the documents do not confirm it."
# Of words that are no text of the page itself, by the status of a row.
_STATUS = {
    "field": "form entry",
    "annotation": "typed annotation",
    "inserted": "tracked insertion",
    "partly_inserted": "tracked insertion in part",
    "struck": "deleted text",
}


def cite(row: Cited | NamedRow) -> str:
    """Pin cite of a row: document, exhibit, section and page, as far as the row has them."""
    return ", ".join(part for part in (row.document, short_cite(row)) if part)


def audit_detail(row: AuditRow) -> list[str]:
    """The detail of a row of the audit log, in words; of documents only their number."""
    words = []
    for name, value in row.detail.items():
        if isinstance(value, tuple):
            words.append(plural(len(value), name.removesuffix("s")))
        elif name == "days":
            words.append("without end" if value is None else plural(int(value), "day"))
        elif name == "on":
            words.append("on" if value else "off")
        elif name == "why":
            words += [_REFUSED[str(value)]] if value in _REFUSED else [] if value == "order" else [str(value)]
        elif name in _SAID_ALONE:
            words.append(str(value))
        else:
            words.append(f"{name} {value}".removesuffix(" True"))
    return words


_SAID_ALONE = ("what", "role", "form", "change")  # details whose value says what they are
_REFUSED = {
    "NoSuchMatter": "not in the matter",
    "NoSuchDocument": "no such document",
    "NoSuchConversation": "no conversation of theirs",
    "NoSuchNote": "no note of theirs",
    "RoleTooLow": "not in this role",
    "NotAllowed": "not allowed",
}


def about_document(facts: "Facts | None") -> str:
    """What a document calls itself, in one line: title, parties and date, as far as it gives them."""
    return _about(facts.title, [party.name for party in facts.parties], facts.day) if facts else ""


def about_row(row: DocumentRow) -> str:
    """`about_document` of a row."""
    return _about(row.title, row.parties, date.fromisoformat(row.date) if row.date else None)


def _about(title: str, parties: Sequence[str], day: date | None) -> str:
    dated = f"{day:%B} {day.day}, {day.year}" if day else ""
    return " · ".join(part for part in (title, parties_of(parties), dated) if part)


def parties_of(names: Sequence[str]) -> str:
    """The parties of a document in a line, the first few by name."""
    more = len(names) - _PARTIES_SHOWN
    return ", ".join(names[:_PARTIES_SHOWN]) + (f" and {more} more" if more > 0 else "")


# What a document has beside its words, by the kind of warning.
_WARNINGS = {
    "leaking_redaction": "leaking redaction",
    "hidden_text": "hidden text",
    "redline": "redline",
    "form": "form",
    "comments": "comments",
    "attachments": "attachments",
    "duplicate": "duplicate",
}


def notes_on(document: "DocumentRecord | DocumentRow | AddedRow") -> list[tuple[str, str]]:
    """What one has to know of how a document was read, what is gravest first: for each a word, and a sentence."""
    told = {kind: [each.text for each in document.warnings if each.kind == kind] for kind in _WARNINGS}
    notes = [(words, text) for kind, words in _WARNINGS.items() for text in told[kind]]
    if pages := document.recognised_pages:
        verb = "is" if len(pages) == 1 else "are"
        text = f"{numbered_pages(pages).capitalize()} {verb} recognised text: compare it with the image."
        notes.append(("recognised text", text))
    return notes


# Beside the words of a place on its page, by the kind of remark on them; the words follow.
REMARKED: "Mapping[RemarkKind, str]" = {
    "field": "Filled in on the form",
    "annotation": "Typed on the page",
    "inserted": "Inserted by a tracked change",
    "struck": "Deleted",
    "comment": "Comment",
}


def remark_note(remark: "Remark", words: str) -> str:
    """What is known of words of a page beside these, or of a note on them: "Filled in on the form: $4,200"."""
    by = f" ({remark.detail})" if remark.detail else ""
    return f"{REMARKED[remark.kind]}{by}: {cut(' '.join((remark.words or words).split()))}"


def short_cite(row: Paged | NamedRow) -> str:
    """Pin cite of a row without the document."""
    if isinstance(row, CiteRow | HitRow | MentionRow):
        return ", ".join(part for part in (exhibit(row), row.section, page_cite(row)) if part)
    return page_cite(row) if isinstance(row, NowhereRow) else ""


def exhibit(row: Cited) -> str:
    """The exhibit that a row is in: "Ex. B"; "" where its section names it."""
    return "" if row.exhibit in row.section else row.exhibit.replace("Exhibit ", "Ex. ")


def with_others(rows: Sequence[CitationRow]) -> str:
    """Pin cite of the citations of one place, what amends it, and the number of other documents that contain it."""
    notes = list(dict.fromkeys(changed_by(amendment) for row in rows for amendment in row.superseded_by))
    others = max(row.also_in for row in rows)
    notes += [also_in(others)] if others else []
    return ". ".join([cite(rows[0]), *notes]) + ("." if notes else "")


def also_in(documents: int) -> str:
    """Sentence (without full stop) that says how many other documents contain a passage word for word."""
    return f"The same passage appears word for word in {plural(documents, 'other document')}"


def changed_by(row: SupersededRow) -> str:
    """What an amending clause did to what is quoted: "Replaced by First Amendment.pdf, Section 2, p. 1"."""
    return f"{done_by(row)} {cite(row)}"


def done_by(row: SupersededRow) -> str:
    """What an amending clause did to what is quoted, in words that its name follows: "Replaced by"."""
    return f"{_DONE.get(row.action, 'Changed')} by"


def page_cite(row: Paged) -> str:
    """Where a row is, by the numbers that lawyers use; in brackets the page of the file, where that is another, and
    what its words are if no text of the page: "p. 8", "p. 2 (PDF page 4)", "42:5-9 (PDF page 12, recognised)".
    """
    notes = [f"{_page_of_the_file(row)} {row.page}"] if _is_numbered_otherwise(row) else []
    if not isinstance(row, NowhereRow):
        notes += [_STATUS[row.status]] if row.status in _STATUS else []
        notes += ["recognised"] if row.recognised else []
    return f"{page_number(row)} ({', '.join(notes)})" if notes else page_number(row)


def page_number(row: Paged) -> str:
    """The numbered lines of a row and the Bates number of its page; without them the number printed on the page."""
    return ", ".join(filter(None, _lines_and_bates(row))) or f"p. {row.page_label or row.page}"


def _lines_and_bates(row: Paged) -> tuple[str, str]:
    return ("", "") if isinstance(row, NowhereRow) else (row.lines, row.bates)


def _page_of_the_file(row: Paged) -> str:
    return "PDF page" if isinstance(row, NowhereRow) or is_pdf(row.document) else "file page"


def is_pdf(name: str) -> bool:
    """Whether a document is a PDF, as its name says."""
    return name.lower().endswith(".pdf")


def _is_numbered_otherwise(row: Paged) -> bool:
    """Whether a page has another number in its file; text without pages has no page label."""
    lines, bates = _lines_and_bates(row)
    number = bates or (lines.partition(":")[0] if lines else row.page_label)
    return row.page_label != "" and number != str(row.page)


def key_language(rows: Sequence[KeySentenceRow], *, nearest: bool = False) -> str:
    """Heading of key language, which says what its quotations are."""
    mark = RECOGNISED if any(row.recognised for row in rows) else QUOTED
    return f"{'What comes nearest' if nearest else 'Key language'}, {mark.words}"


_CHANGES = {"changed": "Changed", "moved": "Moved", "added": "Added", "gone": "Deleted"}


def change_title(row: ChangeRow) -> tuple[str, str]:
    """What happened to a clause, and where it stands in both versions: "Changed: Section 4 (Term)", "p. 2 → p. 3"."""
    there = row.new or row.old
    section = there.section if there else ""
    where = " → ".join(cite(side) for side in (row.old, row.new) if side)
    return f"{_CHANGES.get(row.kind, row.kind)}: {section or 'before the first clause'}", where


def changes_in_all(rows: Sequence[ChangeRow]) -> str:
    """How many clauses changed and how: "2 changed, 1 added"."""
    counts = [(words.lower(), sum(row.kind == kind for row in rows)) for kind, words in _CHANGES.items()]
    return ", ".join(f"{n} {words}" for words, n in counts if n) or "No clause differs."


def still_read(coming: int) -> str:
    """That so many documents are being read."""
    return f"{coming:,} {'document is' if coming == 1 else 'documents are'} still being read."


def already_there(files: Sequence[tuple[str, str]]) -> str:
    """That files were added already, each with the name of the document that it is."""
    told = [f"“{file}”" if file == document else f"“{file}” as “{document}”" for file, document in files[:_FILES_SHOWN]]
    more = len(files) - len(told)
    named = ", ".join(told[:-1]) + (" and " if told[:-1] else "") + told[-1] if not more else ", ".join(told)
    return f"Already in this matter: {named}{f' and {more:,} more' if more else ''}. Nothing was added twice."


def coverage(searched: CoverageRow, budget: BudgetRow) -> str:
    """Search coverage in one line: documents and pages, pages that were not read, passages found and read."""
    found = plural(budget.sent + budget.left_out, "passage")
    which = f"the {found}" if not budget.left_out else f"{budget.sent} of the {found}"
    rounds = f", in {budget.windows} rounds" if budget.windows > 1 else ""
    most = ", the most that are read" if rounds and budget.left_out else ""
    read = f"read {which} found{rounds}{most}"
    return _sentence(f"Searched {_extent(searched)}", _unread(searched), read)


def how_much_was_read(answer: TurnResult) -> list[str]:
    """What was searched for a turn and what was not read, in sentences, as it is taken along; none for a greeting."""
    if isinstance(answer, SummaryResult):
        return [summary_coverage(answer.searched, len(answer.clauses))]
    if isinstance(answer, MentionsResult):
        return [mentions_coverage(answer.searched)]
    if answer.searched is None or answer.budget is None or not answer.budget.window:
        return []
    return [words for words in (coverage(answer.searched, answer.budget), answer.searched.unread) if words]


def written_by(answer: TurnResult) -> str:
    """What wrote an answer: the language model by its name, or the documents themselves; "" where nothing is told."""
    match answer:
        case AnswerResult(engine=""):
            return ""
        case AnswerResult() if answer.documents:
            return _OWN_WORDS if answer.engine in ("none", "away") else f"Read by {answer.engine}"
        case AnswerResult():
            return f"Written by {answer.engine}" if answer.sentences else _OWN_WORDS if answer.found else ""
        case SummaryResult():
            return f"Written by {answer.engine}" if answer.written else _OWN_WORDS if answer.found else ""
    return ""


_OWN_WORDS = "The documents’ own words; no language model wrote this"


def summary_coverage(searched: CoverageRow, clauses: int) -> str:
    """Coverage of a summary in one line: pages, clauses, pages that were not read."""
    covered = _sentence(f"Read {plural(searched.pages, 'page')}", plural(clauses, "clause"), _unread(searched))
    return f"{covered} {searched.unread}".strip()


def clause_title(clause: ClauseRow) -> str:
    """Label and heading of a clause of a summary: "Article 14 – Termination"; "Opening" where it has neither."""
    return " – ".join(part for part in (clause.label, clause.heading) if part) or "Opening"


def summary_line(line: LineRow, citations: Sequence[CitationRow]) -> str:
    """A line of a summary, or the quotation that stands for it, with the pin cites of its citations and its sign."""
    rows = [citations[at] for at in line.citations]
    words = line.text or f"“{rows[0].quote or ''}”"
    return f"{words} ({'; '.join(dict.fromkeys(short_cite(row) for row in rows))}) {line.standing.sign}"


def summary_heading(answer: SummaryResult) -> str:
    """Sentence that says which lines of a summary a language model wrote, and what was checked of them."""
    written, lines = answer.written, sum(len(clause.lines) for clause in answer.clauses)
    if not lines:
        return "Nothing to summarise: no sentence was found in this document."
    if not written:
        return "Key language of each clause: the document’s own words, in the order of the document."
    if written < lines:
        return f"{plural(written, 'line')} of {lines} written and checked; the others are the document’s own words."
    return "Written clause by clause; the sign after each line says what was checked."


def provenance_lines(made: ProvenanceRow) -> list[str]:
    """Lines that say what an answer was made by: language model, prompts as they were sent, and versions."""
    said = []
    for asked in made.prompts:
        of_it = f"{asked.engine}, {asked.host}" if asked.model != asked.engine else asked.host
        said.append(
            f"Language model: {asked.model} ({of_it}); {plural(asked.sent, 'prompt')}, temperature "
            f"{asked.temperature:g}, a window of {plural(asked.window, 'token')} with room for {asked.max_tokens:,} of "
            "its text."
        )
        shown = asked.sha256[:_DIGESTS_SHOWN]
        more = asked.sent - len(shown)
        said += [f"Prompt as it was sent (SHA-256): {digest}" for digest in shown]
        said += [f"And {plural(more, 'more prompt')}."] if more else []
    index = f"; index: {made.index}" if made.index else ""
    return [*(said or ["No language model was asked."]), f"pincite {made.pincite}{index}."]


def status_lines(row: StatusRow) -> list[tuple[str, list[str]]]:
    """The state of the server in lines under a heading each."""
    quota = row.quota
    health = [f"Records: {row.stores}", f"Search model: {row.embedder}"]
    health.append(f"Language model: {row.engine}" + (f" ({plural(row.engines, 'server')})" if row.engines else ""))
    work = [f"{plural(row.questions_running, 'question')} being answered, {row.questions_waiting:,} waiting"]
    work += ["What was deleted is being overwritten"] if row.compacting else []
    work += [f"{q.matter}: {plural(q.documents, 'document')} {q.state}, {_megabytes(q.bytes)}" for q in row.queue]
    disk = [f"{each.part}: {_megabytes(each.bytes)}" for each in row.disk]
    limits = (
        f"For each person: {plural(quota.matters, 'matter')}, {plural(quota.documents, 'document')} of "
        f"{quota.mib:,} MiB in all, {plural(quota.conversations, 'conversation')} of {plural(quota.turns, 'question')}"
    )
    usage = [
        f"{who_is(each.name, each.email)}: {plural(each.matters, 'matter')}, {plural(each.documents, 'document')}, "
        f"{_megabytes(each.bytes)}"
        for each in row.usage
    ]
    return [
        (f"pincite {row.pincite}, access {row.access}", health),
        ("Under way", work),
        ("Disk", [*disk, f"free: {_megabytes(row.free_bytes)}"]),
        ("Limits, and what is held", [limits, *usage]),
    ]


def who_is(name: str, email: str | None) -> str:
    """A person by name and the address with which they sign in: others may have the same name."""
    return f"{name} <{email}>" if email and email != name else name


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"


def mentions_count(count: int, documents: int, struck: int) -> str:
    """How many mentions of a phrase were found in how many documents, and in deleted words beside them."""
    deleted = f"{plural(struck, 'place')} in deleted text"
    if struck and not count:
        return f"No mention, but {deleted}."
    return f"{plural(count, 'mention')} in {plural(documents, 'document')}{f', and {deleted}' if struck else ''}."


def mentions_coverage(searched: CoverageRow) -> str:
    """Coverage of a search for a phrase in one line: documents and pages, pages that were not read."""
    return f"{_sentence(f'Searched every word of {_extent(searched)}', _unread(searched))} {searched.unread}".strip()


LONGEST_CELL = 240  # characters of an answer in a table; the citation has the rest
STATES: Mapping[DocumentState, str] = {
    "found": "Found",
    "not_found": "Not found",
    "unclear": "Unclear",
    "not_read": "Not read",
    "failed": "Failed",
}


def document_answer(row: DocumentAnswerRow, cited: Mapping[int, CitationRow], longest: int = LONGEST_CELL) -> str:
    """What one document answers: yes, no or the value, else the words it cites, cut; "" where there are none."""
    quote = next((cited[n].quote for n in row.citations if n in cited), "") or ""
    if row.answer and not _is_quoted(row.answer, quote):
        return row.answer[:1].upper() + row.answer[1:] if row.answer in ("yes", "no") else row.answer
    if longest > LONGEST_CELL and quote:
        return f"“{cut(quote, longest)}”"
    return f"“{row.answer or cut(quote, longest)}”" if quote else ""


def cut(words: str, longest: int = LONGEST_CELL) -> str:
    """Words as a cell holds them: the end of long ones is left out, between two words."""
    return words if len(words) <= longest else words[:longest].rsplit(" ", 1)[0] + " …"


def _is_quoted(answer: str, quote: str) -> bool:
    """Whether an answer is a sentence of its quotation, whole or cut, and not a value in it."""
    words = " ".join(quote.split())
    return answer == words or (answer.endswith((" …", ".", ";", ":")) and answer.removesuffix(" …") in words)


def doubts(answer: AnswerResult) -> str:
    """How many sentences of a written answer are in doubt, by their marks; "" where none is."""
    if answer.is_uncited:
        return UNCITED
    marks = [mark for mark, _ in answer.statements if mark.sign]
    told = [f"{n} “{mark.words}”" for mark in dict.fromkeys(marks) if mark.is_doubt and (n := marks.count(mark))]
    return f"Of {plural(len(marks), 'sentence')}, marked: {', '.join(told)}." if told else ""


def says_more(row: SentenceRow) -> bool:
    """Whether the words of a mark stand after its sentence, since they tell of this one: a doubt, or a computation."""
    return row.standing.is_doubt or bool(row.computation)


def legend(result: TurnResult) -> list[str]:
    """The signs of a turn that stand there without their words, with these; key language says what it is above it."""
    if isinstance(result, AnswerResult) and result.is_key_language:
        return []
    return [f"{mark.sign} {mark.words}" for mark in marks_of(result) if not mark.is_doubt]


def marks_in_words(marks: Sequence[Mark]) -> str:
    """Marks with their signs and words, as they stand after a pin cite."""
    return "; ".join(f"{mark.sign} {mark.words}" for mark in marks if mark.sign)


def document_places(row: DocumentAnswerRow, answer: AnswerResult, cite: Callable[[CitationRow], str]) -> str:
    """The places that the row of a document cites, each with its sign."""
    places = [(at, each) for at, each in enumerate(answer.citations) if each.n in row.citations]
    return "; ".join(f"{cite(each)} {mark_of(answer, at).sign}" for at, each in places)


def read_as(answer: AnswerResult) -> str:
    """How a question was read, where it was not searched as it stands in all that was to be searched."""
    match answer.read_as:
        case "with_last_question":
            return f"Read with the question before it: “{answer.query}”"
        case "last_question_elsewhere":
            return f"Read as the question before it, asked of other documents: “{answer.query}”"
        case "of_last_documents":
            return "Asked of the document of the last answer"
        case "about_last_answer":
            return "Read as a request about the last answer"
        case "two_parts":
            return "Read as two questions"
    return ""


def _extent(searched: CoverageRow) -> str:
    return f"{plural(searched.documents, 'document')}, {plural(searched.pages, 'page')}"


def _unread(searched: CoverageRow) -> str:
    pages, in_part = searched.unreadable_pages, searched.partly_read_pages
    told = [f"{plural(pages, 'page')} unreadable"] if pages else []
    told += [f"{in_part:,} read in part" if told else f"{plural(in_part, 'page')} read in part"] if in_part else []
    return ", ".join(told)


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part) + "."


def emphasised(row: KeySentenceRow) -> str:
    """Words of key language as plain text, the sentence that bears most between asterisks."""
    return "".join(f"**{piece}**" if bears else piece for piece, bears in row.pieces)


def further_documents(answer: AnswerResult) -> str:
    """The documents with more key language than is quoted, named; "" where there are none."""
    names = [row.document for row in answer.further_documents]
    return f"… and {plural(len(names), 'more document')}: {', '.join(names)}" if names else ""


def plural(count: int, word: str) -> str:
    """A count with its noun: "1 page", "2 pages"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def model_facts(row: ModelRow) -> list[str]:
    """What is known of a language model, in words: where it is, how large, its window, its licence."""
    place = {"server": f"{row.server} on this machine", "file": "a file", "download": row.title}
    facts = [place.get(row.kind, "")]
    facts += [f"{row.bytes / 1e9:.1f} GB"] if row.bytes else []
    if row.window:
        facts.append(f"{'made for' if row.kind == 'download' else 'a window of'} {row.window:,} tokens")
    return [fact for fact in (*facts, row.licence, row.note) if fact]


def model_verdict(row: ModelTestRow) -> str:
    """What the answer to the sample question is worth, in a sentence."""
    if not row.right:
        return "The answer is not right: choose another model."
    return f"The answer is right, {'and cites its' if row.cited else 'but cites no'} passage."
