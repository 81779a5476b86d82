"""What is too long, or no text, or no number, is refused in a sentence before anything is made of it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval import NoSuchDocument, PinciteError
from tests.clock import within
from tests.pdfs import make_pdf
from tests.webapp.commands import Pincite, accept
from tests.webapp.embeddings import embeddings
from webapp.core.errors import (
    EmptyQuestion,
    EventMalformed,
    NameTooLong,
    NotText,
    TooManyChosen,
    WordsTooLong,
)
from webapp.core.limits import (
    MAX_CHOSEN,
    MAX_NAME,
    MAX_QUESTION,
    check_name,
    check_question,
    check_selection,
    parse_integer,
    parse_ranges,
    without_codes,
)
from webapp.core.settings import load_settings
from webapp.core.stream import Result
from webapp.page.acts import read_act
from webapp.page.controller import Controller
from webapp.page.state import PageState
from webapp.page.uploads import UploadStore
from webapp.service.caller import Caller
from webapp.service.commands import (
    Ask,
    CreateMatter,
    DeleteMatter,
    FindMentions,
    Follow,
    ListMatters,
    Reindex,
    Remove,
    Search,
    Summarise,
)
from webapp.service.running import RunningAnswers
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER

pytestmark = pytest.mark.slow

AT_ONCE_SECONDS = 2.0  # a refusal takes microseconds; 200,000 characters that were looked at took minutes
LONGEST_SENTENCE = 500  # characters: it must not say again what it was asked


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with embeddings() as url:
        yield url


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[Workspace]:
    with Workspace(load_settings(data_dir=tmp_path_factory.mktemp("data"), embeddings_url=url)) as workspace:
        caller = Caller(workspace, LOCAL_USER)
        list(caller.run(Search("Sample", "Who may terminate?")))  # it is read and indexed
        yield workspace


@pytest.fixture
def caller(workspace: Workspace) -> Caller:
    return Caller(workspace, LOCAL_USER)


@pytest.fixture
def controller(workspace: Workspace) -> Controller:
    return Controller(workspace, LOCAL_USER, RunningAnswers(), UploadStore(workspace.settings))


@pytest.fixture
def state(workspace: Workspace) -> PageState:
    return PageState(opened=True, matter_id=workspace.access.matter(LOCAL_USER, "Sample").id)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lease.pdf"
    path.write_bytes(make_pdf(["1. Rent. The rent is $4,200."]))
    return path


def _long(characters: int) -> str:
    return ("What is the notice period for termination, and what fee is due? " * (characters // 60 + 1))[:characters]


QUESTIONS: dict[str, Callable[[Caller, str], object]] = {
    "search": lambda caller, long: list(caller.run(Search("Sample", long))),
    "mentions": lambda caller, long: list(caller.run(FindMentions("Sample", long))),
    "ask": lambda caller, long: list(caller.run(Ask("Sample", long))),
}
NAMES: dict[str, Callable[[Caller, Path, str], object]] = {
    "create": lambda caller, _, long: list(caller.run(CreateMatter(long))),
    "delete": lambda caller, _, long: list(caller.run(DeleteMatter(long))),
    "reindex": lambda caller, _, long: list(caller.run(Reindex(long))),
    "follow": lambda caller, _, long: list(caller.run(Follow(long, []))),
    "add, the matter": lambda caller, file, long: accept(caller, long, file),
    "add, the file": lambda caller, file, long: accept(caller, "Sample", file, long),
    "search, the matter": lambda caller, _, long: list(caller.run(Search(long, "rent"))),
    "search, the document": lambda caller, _, long: list(caller.run(Search("Sample", "rent", long))),
    "mentions, the document": lambda caller, _, long: list(caller.run(FindMentions("Sample", "rent", long))),
    "ask, the document": lambda caller, _, long: list(caller.run(Ask("Sample", "rent", long))),
    "summary": lambda caller, _, long: list(caller.run(Summarise("Sample", long))),
    "remove": lambda caller, _, long: list(caller.run(Remove("Sample", long))),
}


@pytest.mark.parametrize("characters", [MAX_QUESTION + 1, 200_000, 3_000_000])
@pytest.mark.parametrize("command", QUESTIONS)
def test_a_long_question_is_refused_at_once_with_the_limit(caller: Caller, command: str, characters: int) -> None:
    refused = pytest.raises(
        WordsTooLong, match=rf"^The text is too long: {characters:,} characters; the limit is 8,000\.$"
    )
    with within(AT_ONCE_SECONDS, time.monotonic), refused:
        QUESTIONS[command](caller, _long(characters))


@pytest.mark.parametrize("characters", [MAX_NAME + 1, 200_000, 3_000_000])
@pytest.mark.parametrize("command", NAMES)
def test_a_long_name_is_refused_at_once_with_the_limit(
    caller: Caller, file: Path, command: str, characters: int
) -> None:
    before = list(caller.run(ListMatters()))
    refused = pytest.raises(
        NameTooLong, match=rf"^The name is too long: {characters:,} characters; the limit is 255\.$"
    )
    with within(AT_ONCE_SECONDS, time.monotonic), refused:
        NAMES[command](caller, file, _long(characters))
    assert list(caller.run(ListMatters())) == before


@pytest.mark.parametrize("characters", [MAX_QUESTION + 1, 200_000, 3_000_000])
def test_the_page_refuses_the_same_and_begins_no_conversation(
    workspace: Workspace, controller: Controller, state: PageState, characters: int
) -> None:
    long, matter = _long(characters), workspace.access.matter(LOCAL_USER, "Sample")
    before = workspace.conversations.all(LOCAL_USER, matter)
    with within(3 * AT_ONCE_SECONDS, time.monotonic):
        for act in (controller.ask, controller.find_mentions):
            with pytest.raises(WordsTooLong):
                asyncio.run(act(state, long))
        with pytest.raises(NameTooLong):
            controller.create_matter(state, long)
    assert workspace.conversations.all(LOCAL_USER, matter) == before


def test_what_is_as_long_as_the_limit_is_taken(caller: Caller, controller: Controller, state: PageState) -> None:
    assert list(caller.run(Search("Sample", _long(MAX_QUESTION))))
    assert list(caller.run(FindMentions("Sample", "x" * MAX_QUESTION))) == []
    assert asyncio.run(controller.find_mentions(state, "x" * MAX_QUESTION))["announcement"] == "0 mentions found."
    [made] = caller.run(CreateMatter("m" * MAX_NAME))
    assert isinstance(made, Result)
    assert made.row.name == "m" * MAX_NAME


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_what_no_database_keeps_is_refused(
    caller: Caller, controller: Controller, state: PageState, file: Path, character: str
) -> None:
    text = f"rent{character}"
    for act in (
        lambda: list(caller.run(Search("Sample", text))),
        lambda: list(caller.run(FindMentions("Sample", text))),
        lambda: list(caller.run(Ask("Sample", text))),
        lambda: list(caller.run(CreateMatter(text))),
        lambda: accept(caller, text, file),
        lambda: list(caller.run(Remove("Sample", text))),
        lambda: asyncio.run(controller.ask(state, text)),
        lambda: asyncio.run(controller.find_mentions(state, text)),
    ):
        with pytest.raises(NotText):
            act()


@pytest.mark.parametrize("words", ["", " ", "\n\t"])
def test_nothing_is_no_question(words: str) -> None:
    with pytest.raises(EmptyQuestion):
        check_question(words)


@pytest.mark.parametrize("name", ["lease.pdf", "Müller & Söhne", "契約書.pdf", "n" * MAX_NAME, "😀"])
def test_a_name_of_any_script_is_taken(name: str) -> None:
    check_name(name)


NO_IDS = ["", "0" * 32, "x" * 3_000_000, "\0", "\ud800", "../../etc/passwd", "' or 1=1 --", "None", "{}"]


@pytest.mark.parametrize("said", NO_IDS, ids=range(len(NO_IDS)))
def test_an_id_that_is_none_is_told_so_by_every_act_of_the_page(
    controller: Controller, state: PageState, said: str
) -> None:
    acts: tuple[Callable[[], object], ...] = (
        lambda: controller.edit_question(state, said),
        lambda: controller.rate(state, said, 1),
        lambda: controller.reader.cite(state, said, 0),
        lambda: controller.delete_conversation(state, said),
        lambda: controller.remove_documents(state, [said]),
        lambda: controller.delete_matter(state, said),
        lambda: asyncio.run(controller.ask_again(state, said)),
        lambda: asyncio.run(controller.summarise(state, said)),
        lambda: asyncio.run(controller.ask(state, "rent", replaced_id=said or "0")),
        lambda: asyncio.run(controller.find_mentions(state, "rent", replaced_id=said or "0")),
        lambda: asyncio.run(controller.stop(PageState(matter_id=said, conversation_id=said))),
        lambda: controller.remove_documents(PageState(matter_id=said), [said]),
    )
    for act in acts:
        with pytest.raises(PinciteError) as told:
            act()
        assert len(str(told.value)) < LONGEST_SENTENCE


@pytest.mark.parametrize("said", NO_IDS, ids=range(len(NO_IDS)))
def test_a_place_that_is_none_is_another(controller: Controller, state: PageState, said: str) -> None:
    """As an address of the page names it: what comes next to it is shown."""
    assert controller.open(PageState(matter_id=said, conversation_id=said))["state"] == state


def test_of_the_documents_that_are_chosen_only_those_that_are_there_are_kept(
    workspace: Workspace, controller: Controller, state: PageState
) -> None:
    matter = workspace.access.matter(LOCAL_USER, "Sample")
    [sample] = workspace.access.documents(LOCAL_USER, matter)
    assert controller.choose_documents(state, ["0" * 64, sample.id, sample.id])["state"].scope == (sample.id,)
    with pytest.raises(TooManyChosen, match=r"^Too many documents are chosen: 20,001; the limit is 20,000\.$"):
        controller.choose_documents(state, ["0" * 64] * (MAX_CHOSEN + 1))
    with pytest.raises(TooManyChosen):
        asyncio.run(controller.ask(state, "rent", about=["0" * 64] * (MAX_CHOSEN + 1)))
    assert controller.choose_documents(state, ["x" * 3_000_000, sample.id])["state"].scope == (sample.id,)


def test_a_list_of_as_many_as_there_may_be_is_looked_through_at_once(controller: Controller, state: PageState) -> None:
    with within(AT_ONCE_SECONDS, time.monotonic):
        check_selection([f"{n:064x}" for n in range(MAX_CHOSEN)])
        controller.choose_documents(state, [f"{n:064x}" for n in range(MAX_CHOSEN)])


def test_documents_that_are_followed_are_named_by_ids(caller: Caller) -> None:
    for said in ("0" * 64, "x" * 3_000_000, "\ud800"):
        with pytest.raises(NoSuchDocument) as told:
            list(caller.run(Follow("Sample", [said])))
        assert len(str(told.value)) < LONGEST_SENTENCE


@pytest.mark.parametrize(("said", "number"), [("", 0), ("0", 0), ("7", 7), ("-1", -1), ("123456789", 123456789)])
def test_a_whole_number_is_read(said: str, number: int) -> None:
    assert parse_integer(said) == number


@pytest.mark.parametrize(
    "said", ["nan", "inf", "1e9", "1.5", "-", "--1", "1_000", "٣", " 1", "0x10", "1" * 10, "9" * 5_000, "\0", "None"]
)
def test_what_is_no_whole_number_is_told_so(said: str) -> None:
    with pytest.raises(EventMalformed, match=r"^This request is not valid"):
        parse_integer(said)


@pytest.mark.parametrize(
    ("said", "ranges"),
    [("", ()), ("0-1", ((0, 1),)), (" 5-9  12-20 ", ((5, 9), (12, 20))), ("1-2 " * 64, ((1, 2),) * 64)],
)
def test_ranges_are_read(said: str, ranges: tuple[tuple[int, int], ...]) -> None:
    assert parse_ranges(said) == ranges


@pytest.mark.parametrize("said", ["5", "9-4", "4-4", "-1-4", "1-2-3", "a-b", "1-9999999999", "1-2 " * 65, "٣-٤", "\0"])
def test_what_is_no_range_is_told_so(said: str) -> None:
    with pytest.raises(EventMalformed):
        parse_ranges(said)


@pytest.mark.parametrize("said", ["nan", "1e999", "9" * 5_000, "x"])
def test_a_click_with_a_number_that_is_none_is_told_so(said: str) -> None:
    good = {"turn": "0" * 32, "item": "0"}
    for act in ({"do": "rate", "rating": said}, {"do": "cite", "item": said}, {"do": "read-document", "page": said}):
        with pytest.raises(EventMalformed):
            read_act(good | act)


@pytest.mark.long
def test_the_commands_meet_the_limits_with_a_server_and_without(tmp_path: Path, url: str, file: Path) -> None:
    pincite = Pincite(tmp_path / "data", {"PINCITE_EMBEDDINGS_URL": url})
    long = _long(100_000)  # an operating system takes no argument of more than 128 KiB

    def refused() -> None:
        for arguments in (("search", "Sample", long), ("ask", "Sample", long), ("search", "Sample", long, "--exact")):
            told = pincite(*arguments, "--json")
            assert (told.code, told.error["error"]) == (
                1,
                "The text is too long: 100,000 characters; the limit is 8,000.",
            )
        for arguments in (("matters", "create", long), ("search", long, "rent"), ("summary", "Sample", long)):
            told = pincite(*arguments, "--json")
            assert (told.code, told.error["error"]) == (
                1,
                "The name is too long: 100,000 characters; the limit is 255.",
            )
        told = pincite("add", long, str(file), "--json")  # its name is a part of the address that is asked for
        assert (told.code, told.error["error"]) == (1, "The name is too long: 100,000 characters; the limit is 255.")

    refused()
    with pincite.serving() as server:
        server.wait_until_ready()
        refused()
        told = server.ask("POST", "/cli/search", json={"matter": "Sample", "question": "q" * 200_000}).text
        assert "The text is too long: 200,000 characters; the limit is 8,000." in told
        told = server.ask("POST", "/cli/search", json={"matter": "Sample", "question": "q" * 3_000_000}).text
        assert "The request is too large." in told  # more than any command sends
        [sample] = pincite("matters", "list", "--json").rows
        assert sample["name"] == "Sample"


@pytest.mark.parametrize("words", ["???", "…", " - ", "“”", "\u202e", "$ %"])
def test_marks_alone_are_no_question(words: str) -> None:
    with pytest.raises(EmptyQuestion):
        check_question(words)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Who \x1b[1;31mpays\x1b[0m the rent?", "Who pays the rent?"),
        ("\ufeffWho \u202epays\u202c the\x07 rent?", "Who pays the rent?"),
        ("\x1b]0;a title\x07Who pays?", "Who pays?"),
        ("Who\n\tpays 😀 at [3] or [31m?", "Who\n\tpays 😀 at [3] or [31m?"),
    ],
)
def test_codes_of_a_terminal_are_no_words_of_a_question(typed: str, words: str) -> None:
    assert without_codes(typed) == words
    check_question(words)
