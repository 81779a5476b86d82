"""The command line itself: usage, errors, and a folder that another command holds.

What the commands do is elsewhere.
"""

import io
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.pdfs import make_pdf
from tests.webapp.commands import ROOT, Pincite
from tests.webapp.core.test_data_folder import _held_elsewhere
from webapp.cli.execution import write_file
from webapp.cli.main import _asked, app
from webapp.core.errors import NotWritten


@pytest.fixture
def pincite(tmp_path: Path) -> Pincite:
    return Pincite(tmp_path / "data", {"PINCITE_BUSY_WAIT_SECONDS": "0.3"})


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("ask", "Sample"),
        ("add", "Sample"),
        ("search", "Sample", "rent", "--documents", "x"),
        ("eval", "--pdfs", "a"),
        ("eval", "--pdfs", "a", "--queries", "b", "--out", "c", "--scope", "some"),
        ("matters", "delete", "Sample"),  # nobody is there to be asked
    ],
)
def test_wrong_usage_ends_with_two(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_each_command_is_explained_by_both_options(option: str) -> None:
    for command in ((), ("ask",), ("matters",), ("model", "use")):
        shown = CliRunner().invoke(app, [*command, option])
        assert (shown.exit_code, "Usage:" in shown.output) == (0, True)


def test_the_version_is_that_of_the_package() -> None:
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"pincite {version('pincite')}\n")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("pincite mo", ["model"]),
        ("pincite model ", ["get", "list", "test", "use"]),
        ("pincite ask --th", ["--thorough"]),
        ("pincite merge ", ["build", "verify"]),
        ("pincite merge build --fo", ["--format"]),
    ],
)
def test_commands_and_options_are_completed(typed: str, completed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_PINCITE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(typed.count(" ")))
    shown = CliRunner().invoke(app, [], prog_name="pincite")
    assert sorted(shown.output.split()) == completed


def test_a_question_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    given("Who pays the “Fee”?\n".encode())
    assert _asked("-") == "Who pays the “Fee”?"
    assert _asked("Who?") == "Who?"
    given(b"\xff?" + b"x" * 100_000)
    assert _asked("-").startswith("\ufffd?x")
    given(b" \n")
    with pytest.raises(typer.BadParameter):
        _asked("-")


@pytest.mark.parametrize("command", ["add", "search", "ask", "summary", "remove", "reindex", "eval", "serve"])
def test_every_command_explains_itself(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert len(shown.output.split()) > 10


@pytest.mark.slow
def test_a_bad_setting_is_a_sentence_and_a_hint(pincite: Pincite) -> None:
    outcome = Pincite(pincite.folder, {"PINCITE_HOST": "0.0.0.0"})("serve")
    assert (outcome.code, outcome.out) == (1, "")
    told, hint = outcome.err.splitlines()
    assert told.startswith("The setting PINCITE_HOST cannot be used: other machines can reach “0.0.0.0”")
    assert hint.startswith("Correct the environment variable")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "Sample", "price"),
        ("ask", "Sample", "price"),
        ("matters", "list"),
        ("reindex",),
        ("remove", "A", "b"),
    ],
)
def test_a_folder_that_another_command_holds_is_waited_for_and_then_given_up(
    pincite: Pincite, arguments: tuple[str, ...]
) -> None:
    with _held_elsewhere(pincite.folder):
        outcome = pincite(*arguments, "--json")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.error["error"] == "Another pincite is using this data folder."
    assert "PINCITE_DATA_DIR" in outcome.error["hint"]


@pytest.mark.long
@pytest.mark.slow
def test_add_waits_for_another_add_and_both_arrive(tmp_path: Path, embeddings_url: str) -> None:
    settings = {"PINCITE_BUSY_WAIT_SECONDS": "60", "PINCITE_EMBEDDINGS_URL": embeddings_url}
    pincite = Pincite(tmp_path / "data", settings)
    files = [tmp_path / f"{name}.pdf" for name in ("one", "two")]
    for file in files:
        file.write_bytes(make_pdf([f"1. Scope. This is contract {file.stem}."]))
    running = [pincite.start("add", "Acme", str(file), "--json") for file in files]
    states = [json.loads(command.communicate(timeout=120)[0])["state"] for command in running]
    assert states == ["ready", "ready"]
    acme = next(row for row in pincite("matters", "list", "--json").rows if row["name"] == "Acme")
    assert (acme["documents"], acme["pages"]) == (2, 2)


@pytest.mark.slow
def test_what_nobody_foresaw_is_a_reference_and_a_trace_in_the_log(pincite: Pincite) -> None:
    pincite("matters", "list")
    database = pincite.folder / "pincite.db"
    for left in pincite.folder.glob("pincite.db*"):
        left.unlink()
    database.write_bytes(b"confidential words, no database at all" * 100)
    outcome = pincite("matters", "list", "--json")
    assert (outcome.code, outcome.out) == (1, "")
    log = (pincite.folder / "log" / "pincite.log").read_text()
    assert outcome.error["error"].split("(ref ")[1].removesuffix(").") in log
    assert "Traceback" not in outcome.err
    assert "DatabaseError" in log
    assert "confidential" not in log


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match=r"redline\.html cannot be written: no such file or directory\."):
        write_file(tmp_path / "none" / "redline.html", b"")


def test_merging_takes_over_the_rest_of_the_line() -> None:
    shown = CliRunner().invoke(app, ["merge", "--help"])
    assert shown.exit_code == 0
    assert "pincite merge [OPTIONS] COMMAND" in shown.output
    told = CliRunner().invoke(app, ["merge", "verify", "nowhere", "--json"])
    assert (told.exit_code, set(json.loads(told.stderr))) == (1, {"error", "hint"})


WITHOUT = "import sys; sys.modules[sys.argv.pop(1)] = None; from webapp.cli.main import main; main()"


@pytest.mark.slow
@pytest.mark.parametrize(("missing", "arguments"), [("merge.cli", ("--help",)), ("torch", ("verify", "x"))])
def test_merging_names_what_is_to_be_installed(missing: str, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", WITHOUT, missing, "merge", *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (told.returncode, told.stderr) == (
        1,
        "Merging needs packages that are not installed: the extra “merge”.\n"
        "In the checkout run make setup, or: pip install -e '.[merge]'\n",
    )


@pytest.mark.slow
def test_the_sample_is_there_once_and_stays_deleted(pincite: Pincite) -> None:
    assert [row["name"] for row in pincite("matters", "list", "--json").rows] == ["Sample"]
    assert pincite("matters", "delete", "Sample", "--yes").code == 0
    assert pincite("matters", "list", "--json").rows == []


@pytest.mark.slow
def test_output_cut_short_by_its_reader_is_no_error(pincite: Pincite) -> None:
    with pincite.start("matters", "list", "--json") as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == ""
        assert command.wait() == 0
