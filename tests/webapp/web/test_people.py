"""Pages about people: who is in a matter, and administration, as each of them may use it."""

import re
from collections.abc import Iterator

import httpx2
import pytest
import sqlalchemy as sa

from retrieval import Matter, database
from tests.webapp.serving import Running, running
from webapp.core.settings import load_settings
from webapp.store.retention import Kept
from webapp.store.schema import users
from webapp.web.people_routes import ADMINISTRATION


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """People whom a proxy names: Ann, Ben, Cleo; Boss is an administrator."""
    settings = load_settings(data_dir=tmp_path_factory.mktemp("data"), access="behind-proxy")
    with running(settings) as server:
        for name in ("Ann", "Ben", "Cleo", "Boss"):
            _as(server, name).get(ADMINISTRATION)
        with database.writing(server.workspace._database) as connection:
            connection.execute(sa.update(users).where(users.c.name == "Boss").values(administrator=True))
        yield server


@pytest.fixture
def matter(server: Running, request: pytest.FixtureRequest) -> Matter:
    return server.workspace.access.create(server.workspace.sharing.person("Ann"), request.node.name[:200])


def _as(server: Running, name: str) -> httpx2.Client:
    return server.browser({"X-Forwarded-User": name})


def _send(browser: httpx2.Client, path: str, token: str | None = None, **values: str) -> httpx2.Response:
    """Send a form of the page at `path`, with its own token unless said."""
    if token is None:
        found = re.search(r'name="form" value="(\w+)"', browser.get(path).text)
        token = found[1] if found else ""
    return browser.post(path, data=values | {"form": token}, follow_redirects=True)


def _path(matter: Matter) -> str:
    return f"/matters/{matter.id}/people"


def test_the_owner_lets_someone_in_changes_their_role_and_takes_them_out(server: Running, matter: Matter) -> None:
    ann, ben = _as(server, "Ann"), _as(server, "Ben")
    assert ben.get(_path(matter)).status_code == 404
    assert "Ben" in _send(ann, _path(matter), act="share", who="Ben", role="viewer").text
    page = ben.get(_path(matter)).text
    assert "Viewer" in page
    assert "Let in" not in page
    assert "Member" in _send(ann, _path(matter), act="share", who="Ben", role="member").text
    assert "Ben" not in re.sub(r"(?s)<form.*?</form>", "", _send(ann, _path(matter), act="unshare", who="Ben").text)
    assert ben.get(_path(matter)).status_code == 404


def test_a_wall_and_the_archive_are_told_on_the_page(server: Running, matter: Matter) -> None:
    ann = _as(server, "Ann")
    assert "Kept out by a wall" in _send(ann, _path(matter), act="wall", who="Ben").text
    assert "kept out of this matter by a wall" in _send(ann, _path(matter), act="share", who="Ben", role="viewer").text
    assert "Kept out" not in _send(ann, _path(matter), act="lift", who="Ben").text
    assert "This matter is archived" in _send(ann, _path(matter), act="archive").text


def test_the_owner_sets_hold_and_retention_on_the_page(server: Running, matter: Matter) -> None:
    ann, retention = _as(server, "Ann"), server.workspace.retention
    assert "This matter is on legal hold" in _send(ann, _path(matter), act="hold").text
    assert 'value="730"' in _send(ann, _path(matter), act="retain", days="730").text
    assert retention.of(matter.id) == Kept(730, hold=True)
    for days in ("", "0", "-1", "²", "abc", "36501", "9" * 5000):
        assert _send(ann, _path(matter), act="retain", days=days).status_code == 422
    assert retention.of(matter.id) == Kept(730, hold=True)
    assert "legal hold:" not in _send(ann, _path(matter), act="release").text
    _send(ann, _path(matter), act="retain", days=" None ")
    assert retention.of(matter.id) == Kept(None, hold=False)


@pytest.mark.parametrize(
    "act", ["share", "share-group", "wall", "lift", "unshare", "hand-over", "archive", "hold", "retain", "privileged"]
)
def test_what_a_form_asks_that_someone_may_not_is_refused(server: Running, matter: Matter, act: str) -> None:
    ann, ben = _as(server, "Ann"), _as(server, "Ben")
    own = server.workspace.access.create(server.workspace.sharing.person("Ben"), f"own {act}")
    [token] = set(re.findall(r'name="form" value="(\w+)"', ben.get(_path(own)).text))
    assert _send(ben, _path(matter), token, act=act, who="Cleo").status_code == 404
    _send(ann, _path(matter), act="share", who="Ben", role="member")
    answer = _send(ben, _path(matter), token, act=act, who="Cleo", days="1")
    assert answer.status_code == 422
    assert "but not do this in it" in answer.text or "There is no" in answer.text
    assert not {"Cleo"} & set(re.findall(r"<td>(\w+)</td>", ben.get(_path(matter)).text))


@pytest.mark.parametrize("token", ["", "0" * 64, "of another"])
def test_a_form_that_was_given_to_nobody_or_to_another_changes_nothing(
    server: Running, matter: Matter, token: str
) -> None:
    ann, ben = _as(server, "Ann"), _as(server, "Ben")
    if token == "of another":
        own = server.workspace.access.create(server.workspace.sharing.person("Ben"), f"own of {matter.id}")
        [token] = set(re.findall(r'name="form" value="(\w+)"', ben.get(_path(own)).text))
    assert _send(ann, _path(matter), token, act="share", who="Ben").status_code == 403
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
    assert ann.post(_path(matter), data={"act": "archive"}, headers=elsewhere).status_code == 403
    assert ben.get(_path(matter)).status_code == 404


def test_administration_is_for_administrators_and_tells_no_content(server: Running, matter: Matter) -> None:
    ann, boss = _as(server, "Ann"), _as(server, "Boss")
    server.workspace.library.accept(matter.id, "Secret merger.txt", b"words")
    assert ann.get(ADMINISTRATION).status_code == 403
    page = boss.get(ADMINISTRATION).text
    assert matter.name in page
    assert "1 document" in page
    assert "Secret" not in page
    [token] = set(re.findall(r'name="form" value="(\w+)"', page))
    assert _send(ann, ADMINISTRATION, token, act="group-create", group="G").status_code == 403
    assert boss.get(f"/matters/{matter.id}/people").status_code == 404


def test_an_administrator_makes_groups_and_hands_a_matter_over(server: Running, matter: Matter) -> None:
    ann, ben, boss = (_as(server, name) for name in ("Ann", "Ben", "Boss"))
    assert "Litigation" in _send(boss, ADMINISTRATION, act="group-create", group="Litigation").text
    assert "Ben" in _send(boss, ADMINISTRATION, act="group-add", group="Litigation", who="Ben").text
    assert "The group Litigation" in _send(ann, _path(matter), act="share-group", who="Litigation", role="viewer").text
    assert ben.get(_path(matter)).status_code == 200
    refused = _send(boss, ADMINISTRATION, act="hand-over", matter=matter.id, who="Boss")
    assert refused.status_code == 422
    _send(boss, ADMINISTRATION, act="hand-over", matter=matter.id, who="Cleo")
    assert "Hand over" in _as(server, "Cleo").get(_path(matter)).text
    assert "Hand over" not in ann.get(_path(matter)).text


def test_who_leaves_hands_over_their_matters_and_comes_in_no_more(server: Running) -> None:
    dan = _as(server, "Dan")
    dan.get(ADMINISTRATION)
    theirs = server.workspace.access.create(server.workspace.sharing.person("Dan"), "Dans")
    _send(_as(server, "Boss"), ADMINISTRATION, act="leave", who="Dan", to="Cleo")
    assert dan.get(_path(theirs)).status_code == 403
    assert _as(server, "Cleo").get(_path(theirs)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_without_a_name_sees_a_page(server: Running, matter: Matter, method: str) -> None:
    for path in (ADMINISTRATION, _path(matter)):
        assert server.browser().request(method, path).status_code == 403
