"""Results as programs read them: the keys of each command's JSON in their order, and the schema that real ones fit."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from retrieval import Document, DocumentRecord, Span, evaluate, pin_cite
from retrieval.core.documents import Page, ReadingWarning, Remark
from tests.documents import document
from tests.pdfs import make_pdf
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply
from webapp.cli.evaluation import figures
from webapp.cli.main import _add
from webapp.core.results import (
    AddedRow,
    AnswerResult,
    CitationRow,
    CoverageRow,
    DocumentRow,
    EvaluationRow,
    MentionRow,
    Row,
    cite_fields,
    read_turn,
)
from webapp.core.settings import load_settings
from webapp.core.stream import Event, Result, encoded, read_event
from webapp.service.caller import Caller
from webapp.service.commands import (
    Ask,
    CreateMatter,
    DeleteMatter,
    FindMentions,
    ListDocuments,
    ListMatters,
    Reindex,
    Remove,
    Search,
    Summarise,
)
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

LAW = "This Lease is governed by the laws of Ireland."
FORM = f"1. Rent. The monthly rent is $4,200.\n2. Governing law. {LAW}"
DEFINITIONS = "".join(f"“Term {n}” means the period number {n} that Exhibit C lists.\n" for n in range(1, 6))
PIN = "document_id document [text_version] section page page_label"
PLACE = f"{PIN} bates exhibit lines recognised"
READ = "unreadable_pages partly_read_pages recognised_pages warnings"
FOUND = "document_id document [text_version] start end page page_label section"

# The keys of what a command prints, in their order; a key in brackets is there where it has something to say.
KEYS = {
    "add": f"file document_id document state pages {READ} reason",
    "search": f"rank {FOUND} score why text [also_in] [documents_meant]",
    "search --exact": f"{FOUND} text",
    "ask": "answer found query read_as citations key_language searched budget engine [doubtful] [nearest] [same_words] "
    "[documents_meant] [further_documents] [sentences] [made_by]",
    "summary": "kind document_id document answer found clauses citations definitions searched engine written "
    "leads_nowhere [made_by]",
    "documents": f"document_id document title parties date state pages {READ} reason sources",
    "remove": "matter document_id document removed",
    "reindex": f"document_id document title parties date state pages {READ} reason sources",
    "matters list": "id name documents pages",
    "matters create": "id name documents pages",
    "matters delete": "id name deleted",
    "eval": "scope contracts queries failed found seconds_p50 seconds_p95 tokens_p50 tokens_max confidence with_pages "
    "first_page any_page",
}
RESULTS: dict[str, type[Row]] = {
    "add": AddedRow,
    "search": Search.result(),
    "search --exact": FindMentions.result(),
    "ask": Ask.result(),
    "summary": Summarise.result(),
    "documents": ListDocuments.result(),
    "remove": Remove.result(),
    "reindex": Reindex.result(),
    "matters list": ListMatters.result(),
    "matters create": CreateMatter.result(),
    "matters delete": DeleteMatter.result(),
    "eval": EvaluationRow,
}
INSIDE = {
    ("ask", "citations"): f"n {PLACE} quote verified [also_in]",
    ("ask", "key_language"): f"{PIN} start end text [emphasis]",
    ("ask", "searched"): "documents pages unreadable_pages partly_read_pages",
    ("ask", "budget"): "window system history passages reserve sent left_out",
    ("ask", "same_words"): "citation document_id document [text_version] start end",
    ("ask", "documents_meant"): "document_id document",
    ("search", "documents_meant"): "document_id document",
    ("summary", "citations"): f"n {PLACE} quote verified spans",
    ("summary", "clauses"): "label heading part lines",
    ("summary", "definitions"): f"{PIN} term text spans",
    ("summary", "searched"): "documents pages unreadable_pages partly_read_pages",
    ("summary", "leads_nowhere"): "label page page_label",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Row]]]:
    """What every command gives: of a written answer and of one that finds nothing, of two contracts on one form."""
    folder: Path = tmp_path_factory.mktemp("results")
    files = {f"{year} Acme lease.pdf": [f"LEASE of {year} to Acme Inc.\n" * 12, FORM] for year in (2019, 2023)}
    files["terms.pdf"] = ["1. Payment. The buyer must pay within ten days.", f"2. Definitions.\n{DEFINITIONS}"]
    for name, pages in files.items():
        (folder / name).write_bytes(make_pdf(pages))
    (folder / "broken.pdf").write_bytes(b"nothing")
    with embeddings() as url, FakeEngine("tgi") as engine:
        engine.enqueue(*[Reply([f'Irish law: "{LAW}" [1]'])] * 2)
        settings = load_settings(data_dir=folder / "data", embeddings_url=url, llm_url=engine.url, reader_processes=1)
        with Workspace(settings) as workspace:
            caller = Caller(workspace, LOCAL_USER)
            outcome = evaluate.QueryOutcome(0.1, 9, 0.5, True, True, None)
            yield {
                "add": rows(_add(caller.run, "Acme", [*map(folder.joinpath, files), folder / "broken.pdf"])),
                "search": rows(caller.run(Search("Acme", "What is the rent in the Acme lease?"))),
                "search --exact": rows(caller.run(FindMentions("Acme", "rent"))),
                "ask": [
                    *rows(caller.run(Ask("Acme", "Which law governs?"))),
                    *rows(caller.run(Ask("Acme", "What is the law of the Acme lease?"))),
                    *rows(caller.run(Ask("Acme", "zebra", "2019"))),
                ],
                "summary": rows(caller.run(Summarise("Acme", "terms"))),
                "reindex": rows(caller.run(Reindex("Acme"))),
                "documents": rows(caller.run(ListDocuments("Acme"))),
                "remove": rows(caller.run(Remove("Acme", "2019"))),
                "matters list": rows(caller.run(ListMatters())),
                "matters create": rows(caller.run(CreateMatter("Bolt"))),
                "matters delete": rows(caller.run(DeleteMatter("Bolt"))),
                "eval": [
                    figures(evaluate.Evaluation(2, ("scan.pdf",), (outcome,)), "document"),
                    figures(evaluate.Evaluation(1, (), ()), "all"),
                ],
            }


def rows(events: Iterator[Event[Row]]) -> list[Row]:
    return [event.row for event in events if isinstance(event, Result)]


def keys_fit(row: dict[str, Any], keys: str) -> bool:
    """Whether the row has these keys in this order, those in brackets only where there is something under them."""
    wanted = [key for key in keys.split() if not key.startswith("[") or key.strip("[]") in row]
    return list(row) == [key.strip("[]") for key in wanted] and all(row[k.strip("[]")] for k in wanted if k[0] == "[")


@pytest.mark.parametrize("command", KEYS)
def test_a_command_prints_its_keys_in_their_order(command: str, results: dict[str, list[Row]]) -> None:
    assert results[command]
    for row in (json.loads(each.line()) for each in results[command]):
        assert keys_fit(row, KEYS[command]), list(row)


@pytest.mark.parametrize(("command", "part"), INSIDE)
def test_what_stands_in_a_result_has_its_keys_in_their_order(
    command: str, part: str, results: dict[str, list[Row]]
) -> None:
    whole = [json.loads(row.line()) for row in results[command]]
    inside = [
        each for row in whole if part in row for each in (row[part] if isinstance(row[part], list) else [row[part]])
    ]
    assert inside, f"none of these has {part}"
    for row in inside:
        assert keys_fit(row, INSIDE[command, part]), list(row)


@pytest.mark.parametrize("command", RESULTS)
def test_what_a_command_prints_fits_its_schema_and_without_a_key_does_not(
    command: str, results: dict[str, list[Row]]
) -> None:
    validator = jsonschema.Draft202012Validator(RESULTS[command].model_json_schema(mode="serialization"))
    jsonschema.Draft202012Validator.check_schema(validator.schema)
    always = {key for key in KEYS[command].split() if not key.startswith("[")}
    for row in results[command]:
        told = json.loads(row.line())
        assert [error.message for error in validator.iter_errors(told)] == []
        needed = [key for key in told if not validator.is_valid({k: v for k, v in told.items() if k != key})]
        assert always - set(needed) <= {
            "kind",
            "answer",
            "removed",
            "deleted",
        }  # always the same, so that no caller gives it


@pytest.mark.parametrize("command", RESULTS)
def test_a_result_comes_over_the_wire_as_it_is(command: str, results: dict[str, list[Row]]) -> None:
    for row in results[command]:
        assert read_event(encoded(Result(row)).decode(), RESULTS[command]) == Result(row)


def test_what_a_turn_keeps_beside_is_told_only_where_it_is() -> None:
    turn = read_turn({"answer": "Yes.", "found": True})
    assert isinstance(turn, AnswerResult)
    assert set(json.loads(turn.line())) == {*KEYS["ask"].partition(" [")[0].split()}


def test_what_was_read_of_a_document_is_told_with_it() -> None:
    warning = ReadingWarning(3, "redline", "Page 3 has struck words.")
    record = DocumentRecord("m", "d", "lease.pdf", "ready", 4, 4, (2,), None, 9)
    record = replace(record, partly_read_pages=(1,), recognised_pages=(3, 4), reading_warnings=(warning,))
    for row in (DocumentRow.of(record), AddedRow.of("lease.pdf", DocumentRow.of(record))):
        told = json.loads(row.line())
        assert (told["unreadable_pages"], told["partly_read_pages"], told["recognised_pages"]) == ([2], [1], [3, 4])
        assert told["warnings"] == [{"page": 3, "kind": "redline", "text": "Page 3 has struck words."}]
    told = json.loads(CoverageRow.of([record, replace(record, id="e", partly_read_pages=())]).line())
    unread = "Page 2 of lease.pdf and page 2 of lease.pdf could not be read. "
    unread += "Page 1 of lease.pdf could be read only in part."
    numbers = {"documents": 2, "pages": 8, "unreadable_pages": 2, "partly_read_pages": 1}
    assert told == numbers | {"unread": unread}


def test_a_pin_cite_has_the_numbers_that_lawyers_cite_by_a_citation_also_where_there_are_none() -> None:
    page = Page(6, "2", 0, 40, bates="ORR-7", exhibit="Exhibit B")
    remarks = (Remark(0, 10, "line", detail="42:5"), Remark(11, 40, "recognised", detail="88"))
    numbers = {"bates": "ORR-7", "exhibit": "Exhibit B", "lines": "42:5", "recognised": True}
    scan = Document("d", "scan.pdf", f"{LAW:.40}", (page,), remarks=remarks)
    scanned, plain = pin_cite(scan, Span("d", 0, 20)), pin_cite(document(LAW), Span("d", 0, 20))
    for cite, told in ((scanned, numbers), (plain, {"bates": "", "exhibit": "", "lines": "", "recognised": False})):
        citation = json.loads(CitationRow(n=1, **cite_fields(cite), quote="Q", verified=True).line())
        assert citation.items() >= told.items()
        mention = json.loads(MentionRow(**cite_fields(cite), start=0, end=20, text="T").line())
        assert mention.items() >= {key: value for key, value in told.items() if value}.items()
        assert "recognised" not in mention or mention["recognised"]


def test_a_turn_of_an_older_version_has_no_such_numbers_and_no_page_that_was_read_in_part() -> None:
    place = {"document_id": "d", "document": "lease.pdf", "section": "", "page": 1, "page_label": "1"}
    searched = {"documents": 1, "pages": 1, "unreadable_pages": 0}
    turn = read_turn({"citations": [{"n": 1, **place, "verified": True}], "searched": searched})
    assert isinstance(turn, AnswerResult)
    assert turn.searched == CoverageRow(documents=1, pages=1, unreadable_pages=0, partly_read_pages=0)
    (cited,) = turn.citations
    assert (cited.bates, cited.exhibit, cited.lines, cited.recognised) == ("", "", "", False)
