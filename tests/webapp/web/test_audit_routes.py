"""The audit log as a page and as CSV: who may read it, and that nothing in it is more than text."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from retrieval import Matter, database
from tests.pdfs import make_pdf
from tests.webapp.serving import Running, running
from webapp.core.settings import load_settings
from webapp.core.urls import audit_url, pdf_url
from webapp.store.audit import Act, Wanted
from webapp.store.schema import users
from webapp.store.users import User
from webapp.web.audit_routes import ROWS

SECRET = "s" * 32
NAMES = ("ann", "ben", "=cmd|' /C calc'!A0", "boss")


@dataclass
class Place:
    server: Running
    browsers: dict[str, httpx2.Client]
    people: dict[str, User]
    matter: Matter
    document_id: str

    def rows(self, who: str, address: str) -> list[dict[str, str]]:
        """The CSV."""
        answer = self.browsers[who].get(address, params={"form": "csv"})
        assert answer.status_code == 200
        assert "audit.csv" in answer.headers["Content-Disposition"]
        return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("data")
    with running(load_settings(data_dir=folder, access="behind-proxy", proxy_secret=SECRET)) as server:
        browsers = {
            name: server.browser({"X-Forwarded-User": name, "X-Pincite-Proxy-Secret": SECRET}) for name in NAMES
        }
        for browser in browsers.values():
            browser.get(audit_url())  # known from now on
        workspace = server.workspace
        people = {user.name: user for user in workspace.audit.people()}
        with database.writing(workspace._database) as connection:
            connection.execute(sa.update(users).where(users.c.id == people["boss"].id).values(administrator=True))
        matter = workspace.create_matter(people["ann"], '<b>Acme</b> "v" Bolt')
        file = Path(folder) / "file.pdf"
        file.write_bytes(make_pdf(["one"]))
        record = workspace.accept(people["ann"], matter, file, "<i>lease<!--.pdf")
        workspace.sharing.share(people["ann"], matter.id, people[NAMES[2]].id, "member")
        workspace.audit.record(people[NAMES[2]], Act.PAGE, matter_id=matter.id, object=record.id, page=3)
        yield Place(server, browsers, people, matter, record.id)


def test_the_owner_reads_the_log_of_the_matter_and_an_administrator_all_of_it(place: Place) -> None:
    here = audit_url(place.matter.id)
    told = {
        (who, address): place.browsers[who].get(address).status_code
        for who in place.browsers
        for address in (here, audit_url())
    }
    member = NAMES[2]
    assert {pair for pair, status in told.items() if status == 200} == {
        ("ann", here),
        ("boss", here),
        ("boss", audit_url()),
    }
    assert {told[who, audit_url()] for who in ("ann", "ben", member)} == {403}
    assert told[member, here] == 403  # who sees the matter is told that it is for others
    strangers = [place.browsers["ben"].get(address) for address in (here, audit_url("f" * 32))]
    assert [answer.status_code for answer in strangers] == [404, 404]
    assert len({answer.text.replace(place.matter.id, "…").replace("f" * 32, "…") for answer in strangers}) == 1


def test_a_page_names_documents_to_who_may_open_them_alone(place: Place) -> None:
    ann, boss = (place.browsers[who].get(audit_url(place.matter.id)).text for who in ("ann", "boss"))
    assert pdf_url(place.matter.id, place.document_id) in ann
    assert "lease" in ann
    assert "lease" not in boss
    assert place.document_id[:8] in boss


def test_what_people_call_themselves_and_their_matters_is_text(place: Place) -> None:
    page = place.browsers["ann"].get(audit_url(place.matter.id)).text
    assert "<b>Acme" not in page
    assert "&lt;b&gt;Acme&lt;/b&gt;" in page
    assert "<i>lease" not in page
    assert "<script" not in page
    named = {row["user"] for row in place.rows("boss", audit_url())}
    assert "'" + NAMES[2] in named
    assert not [
        value
        for row in place.rows("boss", audit_url())
        for value in row.values()
        if value.startswith(("=", "+", "-", "@"))
    ]


def test_rows_are_chosen_by_person_act_document_and_day(place: Place) -> None:
    browser, here = place.browsers["ann"], audit_url(place.matter.id)

    def shown(**chosen: str) -> list[str]:
        text = browser.get(here, params=chosen).text
        return re.findall(r"<td>([^<]+)</td><td>", text.partition("<tbody>")[2])

    member = place.people[NAMES[2]]
    assert set(shown(person=member.id)) == {"=cmd|&#39; /C calc&#39;!A0"}
    assert set(shown(act="role")) == {"ann"}
    assert len(shown(document=place.document_id, act="page")) == 1
    assert shown(since="2100-01-01") == shown(until="1999-12-31") == []
    assert shown(until="2100-01-01")
    for wrong in ({"since": "yesterday"}, {"until": "2026-13-01"}, {"before": "x"}, {"form": "pdf"}):
        assert browser.get(here, params=wrong).status_code == 422


def test_a_long_log_has_older_pages_and_a_whole_csv(place: Place) -> None:
    audit = place.server.workspace.audit
    for page in range(ROWS):
        audit.record(place.people["ann"], Act.PAGE, matter_id=place.matter.id, object=place.document_id, page=page)
    first = place.browsers["ann"].get(audit_url(place.matter.id)).text
    assert first.count("<tr>") == ROWS + 1
    [older] = re.findall(r'href="([^"]+)">Older', first)
    second = place.browsers["ann"].get(older.replace("&amp;", "&")).text
    assert "Older" not in second
    assert "created the matter" in second
    assert len(place.rows("ann", audit_url(place.matter.id))) > ROWS


def test_who_reads_the_log_is_in_it(place: Place) -> None:
    audit = place.server.workspace.audit
    [newest] = audit.entries(Wanted(), 1, newest_first=True)
    place.browsers["boss"].get(audit_url())
    place.rows("ann", audit_url(place.matter.id))
    place.browsers["ben"].get(audit_url())
    told = [(row.user_name, row.act, row.matter_id) for row in audit.each(Wanted(after=newest.seq))]
    assert told == [("boss", "log", ""), ("ann", "export", place.matter.id), ("ben", "refusal", "")]
