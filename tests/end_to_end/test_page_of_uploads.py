"""Files on their way into a matter: what is refused and how that is told, folders, and a disk that is full."""

import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader, PdfWriter

from tests.pdfs import make_pdf
from tests.webapp.browser import LEASE, ask, go_to_a_new_matter, needs_chromium, opened, upload, visitor
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings

pytestmark = needs_chromium

TYPED = "Who may end the lease, and how?"


def locked(pages: list[str]) -> bytes:
    """A PDF that opens with a password alone."""
    writer, out = PdfWriter(PdfReader(BytesIO(make_pdf(pages)))), BytesIO()
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


def test_what_is_refused_is_told_by_name_in_one_voice_and_the_rest_of_the_drop_comes_in(page: Page) -> None:
    go_to_a_new_matter(page, "Refused")
    page.locator("#question textarea").fill(TYPED)
    upload(
        page,
        ("sums.xls", b"\xd0\xcf\x11\xe0 a spreadsheet"),
        ("whole.pdf", make_pdf(LEASE) + b"\n" * (1 << 20)),
        ("nothing.pdf", b""),
        ("locked.pdf", locked(LEASE)),
        ("lease.pdf", make_pdf(LEASE)),
    )
    notices = page.locator("#part-notice .notice")
    expect(notices).to_have_count(3)
    for name, words in (("sums.xls", "is not a"), ("whole.pdf", "the limit is 1 MiB"), ("nothing.pdf", "is empty")):
        told = notices.filter(has_text=name)
        expect(told).to_contain_text(words)
        expect(told.locator(".hint")).not_to_be_empty()
    expect(page.locator("[data-name='lease.pdf']")).to_contain_text("ready, 3 pages")
    expect(page.locator("[data-name='locked.pdf'] .remark")).to_contain_text("password")
    expect(page.locator(".documents [role=row]")).to_have_count(2)
    expect(page.locator("#question textarea")).to_have_value(TYPED)
    assert page.locator(".strip").count() == 0
    expect(page.locator("#upload input[type=file]")).to_have_count(1)  # ready for the next


def test_a_folder_that_is_chosen_keeps_its_folders_and_what_of_it_is_refused_is_told_once(
    page: Page, tmp_path: Path
) -> None:
    go_to_a_new_matter(page, "Folders")
    folder = tmp_path / "Closing set"
    (folder / "Exhibits").mkdir(parents=True)
    for name in ("Cover.txt", "Exhibits/A.txt", "Exhibits/B.txt"):
        (folder / name).write_text(f"1. {name}. It says {name}.")
    (folder / ".DS_Store").write_bytes(b"\0")
    for n in range(41):  # with the others more than one upload takes
        (folder / "Exhibits" / f"empty {n}.txt").touch()
    page.locator("input[data-folder]").set_input_files(folder)
    strip = page.locator(".strip")
    expect(strip.locator("span")).not_to_have_count(0)
    expect(page.locator(".documents .folder .name")).to_have_text(["Closing set", "Closing set › Exhibits"])
    expect(page.locator(".documents [data-state=ready]")).to_have_count(3)
    expect(page.locator("[data-name='Closing set › Exhibits › A.txt'] .name")).to_have_text("A.txt")
    for n in range(41):
        expect(strip).to_contain_text(f"empty {n}.txt” is empty")
    assert "DS_Store" not in page.locator("body").inner_text()
    strip.get_by_role("button", name="Close").click()
    expect(strip).to_have_count(0)


def drop(page: Page, *paths: Path) -> None:
    """Let files and folders fall on the place for files, as from the window of another program."""
    box = page.locator("#upload button").bounding_box()
    assert box is not None
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    devtools = page.context.new_cdp_session(page)
    for event in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        devtools.send("Input.dispatchDragEvent", {"type": event, "data": data, **at})
    devtools.detach()


@pytest.mark.long
def test_a_folder_that_is_dropped_comes_in_whole_with_its_folders_and_with_a_file_beside_it(
    page: Page, tmp_path: Path
) -> None:
    go_to_a_new_matter(page, "Dropped")
    folder, beside, alone = tmp_path / "Closing set", tmp_path / "Beside.txt", tmp_path / "Alone.txt"
    (folder / "Exhibits" / "A").mkdir(parents=True)
    files = [beside, alone, *(folder / name for name in ("Cover.txt", "Exhibits/B.txt", "Exhibits/A/1.txt"))]
    for file in files:
        file.write_text(f"1. {file.stem}. It says {file.stem}.")
    for n in range(110):  # a browser reads a folder a hundred at a time
        (folder / f"._{n}.txt").touch()
    drop(page, folder, beside)
    ready = page.locator(".documents [data-state=ready]")
    expect(ready).to_have_count(4)
    inner = ("Closing set", "Closing set › Exhibits", "Closing set › Exhibits › A")
    expect(page.locator(".documents .folder .name").filter(has_text="Closing")).to_have_text(inner)
    expect(page.locator("[data-name='Closing set › Exhibits › A › 1.txt'] .name")).to_have_text("1.txt")
    expect(page.locator("[data-name='Beside.txt']")).to_be_visible()
    drop(page, alone)  # by gradio's own way
    expect(page.locator("[data-name='Alone.txt']")).to_be_visible()
    expect(ready).to_have_count(5)
    expect(page.locator(".strip, #part-notice p")).to_have_count(0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 320 MiB, which only root can make."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320m", "tmpfs", str(disk)], check=False)
    if made.returncode != 0:
        pytest.skip("a file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.long
def test_a_full_disk_is_told_nothing_typed_is_lost_and_it_goes_on_once_there_is_room(
    browser: Browser, small_disk: Path
) -> None:
    with embeddings() as vectors:
        settings = {"PINCITE_EMBEDDINGS_URL": vectors, "PINCITE_OCR": "no"}
        with Pincite(small_disk / "data", settings).serving() as server, visitor(browser) as context:
            page = opened(context, server.address)
            go_to_a_new_matter(page, "Full")
            upload(page, ("lease.pdf", make_pdf(LEASE)))
            expect(page.locator("[data-name='lease.pdf']")).to_contain_text("ready")

            filler = small_disk / "filler"
            filler.write_bytes(b"\0" * (shutil.disk_usage(small_disk).free - (200 << 20)))  # less than is kept free
            page.locator("#question textarea").fill(TYPED)
            upload(page, ("more.pdf", make_pdf([*LEASE, "4. More."])))
            expect(page.locator(".strip")).to_contain_text("The disk of the server is full")
            expect(page.locator("#question textarea")).to_have_value(TYPED)
            page.locator(".strip button").click()

            with filler.open("ab") as file:
                file.write(b"\0" * (shutil.disk_usage(small_disk).free - (4 << 10)))
            ask(page, TYPED)
            expect(page.locator(".notice").first).to_contain_text("The disk of the server is full")
            expect(page.locator("#question textarea")).to_have_value(TYPED)

            filler.unlink()
            page.locator("#send").click()
            expect(page.locator(".turn").last).to_contain_text("ninety days")
            upload(page, ("more.pdf", make_pdf([*LEASE, "4. More."])))
            expect(page.locator("[data-name='more.pdf']")).to_contain_text("ready")
