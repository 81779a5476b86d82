"""Prints results for people; `--json` is for programs."""

from collections.abc import Iterable, Sequence
from functools import singledispatch

from rich.table import Table
from rich.text import Text

from retrieval import not_read
from webapp.cli.terminal import PlainConsole, printable, printable_lines
from webapp.core.marks import RECOGNISED
from webapp.core.places import citations_by_place
from webapp.core.results import (
    AddedRow,
    AnswerResult,
    AuditRow,
    BackupRow,
    ChangeRow,
    ConversationExport,
    ConversationRow,
    DamagedRow,
    DeletedRow,
    DocumentRow,
    EvaluationRow,
    FlagRow,
    GroupRow,
    HitRow,
    KeptRow,
    MatterRow,
    MemberRow,
    MentionRow,
    ModelRow,
    ModelTestRow,
    NamedRow,
    RemovedRow,
    RestoredRow,
    Row,
    StatusRow,
    SummaryResult,
    UserRow,
    VerificationRow,
    mark_of,
)
from webapp.core.wording import (
    DOUBT,
    STATES,
    about_row,
    also_in,
    audit_detail,
    change_title,
    changed_by,
    cite,
    clause_title,
    coverage,
    document_answer,
    document_places,
    doubts,
    emphasised,
    key_language,
    legend,
    mentions_count,
    model_facts,
    model_verdict,
    notes_on,
    page_cite,
    page_number,
    plural,
    read_as,
    short_cite,
    status_lines,
    summary_coverage,
    summary_heading,
    summary_line,
    with_others,
)
from webapp.exports.conversation import paper_of_export
from webapp.exports.paper import answer_text
from webapp.exports.plain_text import text_of, to_text
from webapp.exports.redline import shortened

MOST_SHOWN = 200  # mentions that the terminal lists; `--json` prints all


@singledispatch
def show(row: Row) -> None:
    """Print a result for people, by its type."""
    raise TypeError(f"{type(row).__name__} has no way to be shown")


@show.register
def show_added(row: AddedRow) -> None:
    """Print the outcome of a file of `add`."""
    _show_outcome(row.file, row)


@show.register
def show_document(row: DocumentRow) -> None:
    """Print a document of `documents` or `reindex`."""
    _show_outcome(row.document, row)


def _show_outcome(name: str, row: AddedRow | DocumentRow) -> None:
    """Print the state of a document, and below it what it calls itself and what has to be known of it."""
    if row.state != "ready":
        state = "in part" if row.state == "partly_read" else row.state
        print(printable(f"{state:<7} {name}" + (f": {row.reason}" if row.reason else "")))
        return
    about = about_row(row) if isinstance(row, DocumentRow) else ""
    unread = not_read(row.unreadable_pages, row.partly_read_pages)
    print(printable(f"{row.state:<7} {name}: {plural(row.pages, 'page')}"))
    for line in filter(None, (about, unread or row.reason, *(text for _, text in notes_on(row)))):
        print(printable(f"        {line}"))


@show.register
def show_removed(row: RemovedRow) -> None:
    """Print the document that `remove` removed."""
    print(printable(f"Removed {row.document}."))


@show.register
def show_change(row: ChangeRow) -> None:
    """Print a change of `compare`: deleted words as [-words-], inserted ones as {+words+}, as `git diff` does."""
    title, where = change_title(row)
    signs = {"delete": ("[-", "-]"), "insert": ("{+", "+}")}
    words = ""
    for op, text in shortened(row):
        begin, end = signs.get(op, ("", ""))
        words += f"{begin}{text.strip()}{end} " if begin else text
    print(printable(title))
    print(printable(f"   {where}"))
    print(indented(words))
    print()


@show.register
def show_matter(row: MatterRow) -> None:
    """Print a matter of `matters list`."""
    print(printable(f"{row.label or row.name}: {plural(row.documents, 'document')}, {plural(row.pages, 'page')}"))


@show.register
def show_user(row: UserRow) -> None:
    """Print a person of `users`, and below the link that sets their password."""
    role = ", administrator" if row.administrator else ""
    address = f" <{row.email}>" if row.email and row.email != row.name else ""
    print(printable(f"{row.state:<8} {row.name}{address}{role}"))
    if row.link:
        print(f"\nThis link sets the password, once and within three days:\n{printable(row.link)}")


@show.register
def show_deleted(row: DeletedRow) -> None:
    """Print the matter that `matters delete` deleted."""
    print(printable(f"Deleted the matter {row.name}."))


@show.register
def show_member(row: MemberRow) -> None:
    """Print a person of `matters people`."""
    through = f" (through {', '.join(row.groups)})" if row.groups else ""
    print(printable(f"{row.name}: {row.role}{through}"))


@show.register
def show_flag(row: FlagRow) -> None:
    """Print what `matters archive` or `matters privilege` changed."""
    if row.document is None:
        print(printable(f"{row.matter} is {'archived' if row.archived else 'no longer archived'}."))
    else:
        print(printable(f"{row.document} is {'kept out of' if row.privileged else 'no longer kept out of'} exports."))


@show.register
def show_kept(row: KeptRow) -> None:
    """Print what `matters retain` or `matters hold` changed."""
    days = f"for {plural(row.retention_days, 'day')}" if row.retention_days else "without end"
    hold = "on legal hold: nothing of it is deleted" if row.legal_hold else "on no hold"
    print(printable(f"{row.matter} is kept {days}, and is {hold}."))


@show.register
def show_audit(row: AuditRow) -> None:
    """Print a row of `audit`."""
    where = f" in {row.matter or row.matter_id}" if row.matter_id else ""
    about = ", ".join(part for part in (row.object[:12], *audit_detail(row)) if part)
    more = f" ({about})" if about else ""
    print(printable(f"{row.at[:19].replace('T', ' ')}  {row.user or 'nobody'} {row.told}{where}{more}"))


@show.register
def show_verification(row: VerificationRow) -> None:
    """Print what `audit --verify` found."""
    if row.fault:
        print(printable(f"The log was changed: {row.fault}."))
    print(f"{plural(row.rows, 'row')} {'is' if row.rows == 1 else 'are'} as they were written.")
    print(f"Head, to be kept elsewhere: {row.head}")


@show.register
def show_conversation(row: ConversationRow) -> None:
    """Print a conversation of `conversations`."""
    shared = f", shared by {row.author}" if row.author else ", shared" if row.shared else ""
    print(printable(f"{row.id[:8]}  {row.created_at[:10]}  {row.title}{shared}"))


@show.register
def show_export(row: ConversationExport) -> None:
    """Print a conversation that `conversations export` exports."""
    print(printable_lines(to_text(paper_of_export(row)).rstrip("\n")))


@show.register
def show_status(row: StatusRow) -> None:
    """Print the state of the server."""
    for title, lines in status_lines(row):
        print(f"{title}:")
        for line in lines:
            print(printable(f"   {line}"))


@show.register
def show_group(row: GroupRow) -> None:
    """Print a group of `groups`."""
    print(printable(f"Deleted the group {row.name}." if row.deleted else f"{row.name}: {', '.join(row.people)}"))


@show.register
def show_hit(hit: HitRow) -> None:
    """Print a hit of `search`, its text below its pin cite; before the first, the documents that may be meant."""
    if hit.rank == 1 and hit.documents_meant:
        print(printable(which_is_meant(hit.documents_meant)), end="\n\n")
    print(printable(f"{hit.rank}. {cite(hit)}   ({hit.score:.2f}, {hit.why})"))
    print(indented(hit.text))
    if hit.also_in:
        print(printable(f"   {also_in(hit.also_in)}."))
    print()


@show.register
def show_mention(row: MentionRow) -> None:
    """Print a mention of `search --exact`, its context below its pin cite."""
    print(printable(cite(row)))
    print(indented(row.text))


def show_mentions(rows: Iterable[MentionRow]) -> None:
    """Print mentions of `search --exact` as they are found, the first `MOST_SHOWN` of them, then how many are where."""
    found: list[MentionRow] = []
    for row in rows:
        found.append(row)
        if len(found) <= MOST_SHOWN:
            show(row)
    if len(found) > MOST_SHOWN:
        print(f"\n… and {plural(len(found) - MOST_SHOWN, 'further mention')}; --json prints all of them.")
    show_counts(found)


def show_counts(rows: Sequence[MentionRow]) -> None:
    """Print the number of mentions, in all and per document, and their pages."""
    by_document: dict[str, list[MentionRow]] = {}
    live = [row for row in rows if row.status != "struck"]
    for row in live:
        by_document.setdefault(row.document_id, []).append(row)
    print(f"\n{mentions_count(len(live), len(by_document), len(rows) - len(live))}")
    table = Table(box=None, pad_edge=False)
    table.add_column("document", overflow="fold")
    table.add_column("mentions", justify="right")
    table.add_column("pages", overflow="fold")
    for mentions in by_document.values():
        pages = ", ".join(dict.fromkeys(page_number(row).removeprefix("p. ") for row in mentions))
        table.add_row(Text(printable(mentions[0].document)), str(len(mentions)), pages)
    if live:
        PlainConsole(highlight=False).print(table)


@show.register
def show_answer(answer: AnswerResult) -> None:
    """Print an answer, and below it citations, key language and coverage."""
    if how := read_as(answer):
        print(f"{printable(how)}.\n")
    if answer.doubtful:
        print(DOUBT, end="\n\n")
    if words := doubts(answer):
        print(printable(f"! {words}"), end="\n\n")
    print(printable_lines(text_of(answer_text(answer), bold="**").rstrip("\n")), end="\n\n")
    if answer.documents:
        _show_documents(answer)
    else:
        _show_citations(answer)
    if marks := legend(answer):
        print("\n" + "\n".join(marks))
    _show_further(answer)
    if answer.is_key_language:
        print("\nThis is key language: the documents' own words instead of a written answer.")
        if any(row.recognised for row in answer.key_language):
            print(f"{RECOGNISED.words.capitalize()}.")
    if answer.documents_meant:
        print(f"\n{printable(which_is_meant(answer.documents_meant))}")
    if answer.engine == "none" and (answer.is_key_language or answer.documents):
        print("\nNo language model is configured to write answers.")
    if answer.searched and answer.budget and answer.budget.window:
        print(f"\n{coverage(answer.searched, answer.budget)}")


def _show_citations(answer: AnswerResult) -> None:
    """Print each place that is cited, with its quotations where the answer does not hold them."""
    for number, positions in citations_by_place(answer.citations):
        print(printable(f"[{number}] {with_others([answer.citations[at] for at in positions])}"))
        for at in positions:
            quote = answer.citations[at].quote
            if quote and quote not in answer.answer:
                print(indented(f"“{quote}” ({mark_of(answer, at).words})"))


def _show_further(answer: AnswerResult) -> None:
    """Print what comes nearest, or the key language that no citation quotes, each with what amends it."""
    further = answer.nearest or answer.further_key_language
    if further:
        print(f"\n{key_language(further, nearest=bool(answer.nearest))}:")
    for sentence in further:
        print(indented(f"“{' '.join(emphasised(sentence).split())}”"))
        print(printable(f"   – {cite(sentence)}"))
        for amendment in sentence.superseded_by:
            print(printable(f"     {changed_by(amendment)}"))


def _show_documents(answer: AnswerResult) -> None:
    """Print a row for each document, with its state, what it answers and where."""
    by_number = {row.n: row for row in answer.citations}
    table = Table(box=None, pad_edge=False)
    for title in ("document", "state", "answer", "where", "amended by"):
        if title != "amended by" or any(row.superseded_by for row in answer.documents):
            table.add_column(title, overflow="fold")
    for row in answer.documents:
        doubt = f"({row.doubted.standing.sign} {row.doubted.told})" if row.doubted else ""
        said = " ".join(part for part in (document_answer(row, by_number), row.reason, doubt) if part)
        where = document_places(row, answer, short_cite)
        amended = "; ".join(changed_by(each) for each in row.superseded_by)
        cells = (row.document, STATES[row.state].lower(), said, where, amended)
        table.add_row(*(Text(printable(cell)) for cell in cells[: len(table.columns)]))
    PlainConsole(highlight=False).print(table)


@show.register
def show_summary(summary: SummaryResult) -> None:
    """Print a summary clause by clause, each line with its section and page, and what its marks say."""
    print(printable(summary_heading(summary)), end="\n\n")
    for clause in summary.clauses:
        print(printable(clause_title(clause)))
        for line in clause.lines:
            print(indented(summary_line(line, summary.citations)))
        print()
    if terms := len(summary.definitions):
        print(f"Defines {plural(terms, 'term')}.")
    if summary.leads_nowhere:
        references = "; ".join(f"{row.label} ({page_cite(row)})" for row in summary.leads_nowhere)
        print(printable(f"References to missing clauses: {references}."))
    for mark in legend(summary):
        print(mark)
    print(summary_coverage(summary.searched, len(summary.clauses)))


@show.register
def show_backup(row: BackupRow) -> None:
    """Print what is in the backup that `backup` made, and what was missing before."""
    print(printable(f"Backed up to {row.folder}: {_contents(row)}."))
    _show_damaged(row.missing, "of the data folder")


@show.register
def show_restored(row: RestoredRow) -> None:
    """Print what `restore` found and did."""
    done = "Restored" if row.restored else "Not restored:" if row.damaged else "Nothing is damaged:"
    print(printable(f"{done} {_contents(row)}, backed up {row.made_at}."))
    _show_damaged(row.damaged, "of the backup")
    _show_damaged(row.missing, "that the backup never had")
    if row.audit_fault:
        print(printable(f"The audit log is not whole: {row.audit_fault}."))
    if row.restored:
        print("The next start makes the indexes anew; until then documents wait.")


def _contents(row: BackupRow | RestoredRow) -> str:
    size = f"{row.bytes / (1 << 20):,.1f} MiB"
    return f"{plural(row.documents, 'document')}, {plural(row.records, 'record')}, {plural(row.files, 'file')}, {size}"


def _show_damaged(rows: Sequence[DamagedRow], whose: str) -> None:
    for row in rows:
        names = ", ".join(row.documents) or "no document"
        print(printable(f"{row.state:<8}{names} ({row.file} {whose})"))


@show.register
def show_evaluation(row: EvaluationRow) -> None:
    """Print the metrics of `eval` as a table, and below it the files that could not be read."""
    rows = [("contracts", f"{row.contracts:,}"), ("questions", f"{row.queries:,}")]
    if row.queries:
        spread = ", ".join(f"{name} {value:.2f}" for name, value in row.confidence.items())
        rows += [
            ("searched", "each question's own document" if row.scope == "document" else "all documents"),
            ("something was found for", f"{row.found:,} ({row.found / row.queries:.0%})"),
            ("confidence", spread),
            ("seconds a question", f"half within {row.seconds_p50:.3f}, 95 % within {row.seconds_p95:.3f}"),
            ("tokens that would be sent", f"half within {row.tokens_p50:,}, at most {row.tokens_max:,}"),
        ]
    if row.with_pages:
        of = f"of {plural(row.with_pages, 'question')} with known pages"
        rows += [
            ("first hit on a known page", f"{row.first_page:.0%} {of}"),
            ("a passage from a known page", f"{row.any_page:.0%} {of}"),
        ]
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:<{width}}  {value}" for name, value in rows))
    for name in row.failed:
        print(printable(f"failed  {name}"))


def which_is_meant(candidates: Sequence[NamedRow]) -> str:
    """Sentence for a question with a name that fits several documents."""
    names = [f"“{each.document}”" for each in candidates]
    listed = f"{', '.join(names[:-1])} or {names[-1]}"
    return f"The question may mean {listed}; all of them were searched. --document names one."


def indented(text: str, by: str = "   ") -> str:
    """Indent each line of `text` with `by`; control characters and empty lines are dropped."""
    return "\n".join(by + printable(line).strip() for line in text.splitlines() if line.strip())


@show.register
def show_model(row: ModelRow) -> None:
    """Print a language model of `model list`, `get` or `use`."""
    if row.kind == "none":
        print(printable(f"No language model is chosen: answers quote the documents. {row.note}".strip()))
    else:
        state = "in use" if row.in_use else "get" if row.kind == "download" else ""
        print(printable(f"{state:<7} {row.name}: {', '.join(model_facts(row))}"))


@show.register
def show_model_test(row: ModelTestRow) -> None:
    """Print what `model test` found."""
    print(printable(f"{row.engine}, a window of {row.window:,} tokens{', thinks before it answers' * row.thinks}"))
    print(printable(row.question), printable_lines(row.answer), sep="\n")
    print(f"First word after {row.first_seconds:.1f} s, the whole after {row.seconds:.1f} s. {model_verdict(row)}")
