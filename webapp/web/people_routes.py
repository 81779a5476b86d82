"""HTTP routes of people: who is in a matter (`/matters/{id}/people`), and administration (`/administration`).

A form's token is bound to the person who was given the form. Each act is authorised by `Sharing` and `Accounts`'
callers here: what someone may not do is refused, whatever their form sends.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from retrieval import NoSuchMatter, PinciteError
from webapp.core.errors import FormExpired, NotAllowed, SessionEnded
from webapp.core.limits import check_days
from webapp.core.log import user_error
from webapp.core.settings import Settings
from webapp.service import administration
from webapp.service.status import status
from webapp.service.workspace import Workspace
from webapp.store.roles import Role
from webapp.store.users import User
from webapp.web import people_pages as pages
from webapp.web.authentication import signing_key, user_of
from webapp.web.forms import PRIVATE, form_token, html_response, read_form, refused

MEGABYTE = 1_000_000
T = TypeVar("T")
MATTER_PEOPLE = "/matters/{matter_id}/people"
ADMINISTRATION = "/administration"
STATUS = "/administration/status"
_ROLES: Mapping[str, Role] = {"viewer": "viewer", "member": "member"}


class People:
    """The routes about people, where there are several."""

    def __init__(self, settings: Settings, opened: Callable[[], Workspace]) -> None:
        """`opened` waits for the stores and raises their errors. The data folder must exist."""
        self._settings, self._opened = settings, opened
        self._key = signing_key(settings.data_dir, "forms.key")

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        for method, path, endpoint in (
            ("GET", MATTER_PEOPLE, self._matter_page),
            ("POST", MATTER_PEOPLE, self._change_matter),
            ("GET", ADMINISTRATION, self._administration_page),
            ("POST", ADMINISTRATION, self._administer),
            ("GET", STATUS, self._status_page),
        ):
            router.add_api_route(path, endpoint, methods=[method], response_model=None)
        return router

    # The people of a matter

    async def _matter_page(self, request: Request, matter_id: str) -> Response:
        return await self._answer(
            request, matter_id, lambda workspace, user: self._of_matter(workspace, user, matter_id)
        )

    async def _change_matter(self, request: Request, matter_id: str) -> Response:
        form = await self._read(request)

        def change(workspace: Workspace, user: User) -> Response:
            self._check(user, form)
            try:
                with workspace.audit.refusals(user, matter_id=matter_id):
                    workspace.access.check(user, matter_id)  # an id: else `Sharing` would take it for a name
                    _change_matter(workspace, user, matter_id, form)
            except PinciteError as error:
                return self._of_matter(workspace, user, matter_id, user_error(error))
            to = f"/matters/{matter_id}/people" if workspace.access.may(user, matter_id) else "/"
            return RedirectResponse(to, 303, headers=PRIVATE)

        return await self._answer(request, matter_id, change)

    def _of_matter(
        self, workspace: Workspace, user: User, matter_id: str, refusal: PinciteError | None = None
    ) -> Response:
        access, sharing = workspace.access, workspace.sharing
        matter = access.matter_by_id(user, matter_id)
        members = sharing.people(user, matter_id)
        of = pages.MatterPeople(
            matter,
            members,
            sharing.told_apart(member.user for member in members),
            sharing.groups_in(user, matter_id),
            access.documents(user, matter),
            sharing.privileged_in(user, matter_id),
            workspace.retention.of(matter_id),
            archived=access.is_archived(matter_id),
            manages=access.may(user, matter_id, "manage"),
            changes=access.may(user, matter_id, "change"),
        )
        return html_response(pages.matter_people(self._token(user), of, refusal), 422 if refusal else 200)

    # Administration

    async def _administration_page(self, request: Request) -> Response:
        return await self._answer(request, None, self._administration)

    async def _administer(self, request: Request) -> Response:
        form = await self._read(request)

        def administer(workspace: Workspace, user: User) -> Response:
            self._check(user, form)
            workspace.sharing.check_administrator(user)
            try:
                with workspace.audit.refusals(user, matter_id=form.get("matter", "")):
                    link = _administer(workspace, user, form)
            except PinciteError as error:
                return self._administration(workspace, user, refusal=user_error(error))
            if link:
                return self._administration(workspace, user, link=link)
            return RedirectResponse(ADMINISTRATION, 303, headers=PRIVATE)

        return await self._answer(request, None, administer)

    def _administration(
        self, workspace: Workspace, user: User, link: str = "", refusal: PinciteError | None = None
    ) -> Response:
        workspace.sharing.check_administrator(user)
        held = [(workspace.access.owner(each[0]), *each) for each in workspace.library.sizes()]
        people, groups = workspace.accounts.all(), workspace.sharing.groups(user)
        everyone = [account.user for account in people] + [owner for owner, *_ in held if owner]
        names = workspace.sharing.told_apart([*everyone, *(person for group in groups for person in group.people)])
        matters = [
            pages.MatterSize(matter, names[owner.id] if owner else "", count, size / MEGABYTE)
            for owner, matter, count, size in held
        ]
        of = pages.Administration(
            people,
            groups,
            matters,
            names,
            accounts=self._settings.access == "accounts",
            link=link,
        )
        return html_response(pages.administration(self._token(user), of, refusal), 422 if refusal else 200)

    async def _status_page(self, request: Request) -> Response:
        return await self._answer(
            request, None, lambda workspace, user: html_response(pages.status_page(status(workspace, user)))
        )

    # Forms and answers

    async def _read(self, request: Request) -> dict[str, str]:
        try:
            return await read_form(request)
        except FormExpired:
            return {}  # which is no form of anyone's

    def _token(self, user: User) -> str:
        return form_token(self._key, f"people {user.id}")

    def _check(self, user: User, form: Mapping[str, str]) -> None:
        """Check that the form was given to this person. Raises FormExpired."""
        if not hmac.compare_digest(form.get("form", "").encode(), self._token(user).encode()):
            raise FormExpired()

    async def _answer(
        self, request: Request, matter_id: str | None, respond: Callable[[Workspace, User], Response]
    ) -> Response:
        """Authenticate and respond; every error becomes a page with its sentence, and a refusal is recorded."""

        def answer() -> Response:
            workspace = self._opened()
            user = user_of(request, workspace, active=True)
            with workspace.audit.refusals(user, matter_id=matter_id or ""):
                return respond(workspace, user)

        try:
            return await run_in_threadpool(answer)
        except SessionEnded:
            return RedirectResponse(f"/sign-in?next={quote(request.url.path, safe='')}", 303, headers=PRIVATE)
        except Exception as error:  # noqa: BLE001 (the one place where an error of these routes is answered)
            told = user_error(error)
            status = (
                404 if isinstance(told, NoSuchMatter) else 403 if isinstance(told, NotAllowed | FormExpired) else 503
            )
            return html_response(refused(told, "/", "Back to your documents"), status)


def _change_matter(workspace: Workspace, user: User, matter_id: str, form: Mapping[str, str]) -> None:
    """Do what the form of a matter's page says. Raises what `Sharing` does, and FormExpired for an unknown act."""
    sharing, retention, who = workspace.sharing, workspace.retention, form.get("who", "")
    role: Role = _ROLES.get(form.get("role", ""), "viewer")
    acts: Mapping[str, Callable[[], Any]] = {
        "share": lambda: sharing.share(user, matter_id, who, role),
        "unshare": lambda: sharing.unshare(user, matter_id, who),
        "share-group": lambda: sharing.share_with_group(user, matter_id, who, role),
        "unshare-group": lambda: sharing.unshare_with_group(user, matter_id, who),
        "wall": lambda: sharing.wall(user, matter_id, who),
        "lift": lambda: sharing.lift_wall(user, matter_id, who),
        "hand-over": lambda: sharing.hand_over(user, matter_id, who),
        "archive": lambda: sharing.archive(user, matter_id, archived=True),
        "active": lambda: sharing.archive(user, matter_id, archived=False),
        "hold": lambda: retention.hold(user, matter_id, hold=True),
        "release": lambda: retention.hold(user, matter_id, hold=False),
        "retain": lambda: retention.retain(user, matter_id, _days(form.get("days", ""))),
        "privileged": lambda: sharing.set_privileged(user, matter_id, who, is_privileged=True),
        "public": lambda: sharing.set_privileged(user, matter_id, who, is_privileged=False),
    }
    _do(acts, form)


def _days(text: str) -> int | None:
    """Days of retention as they were typed, None for "none". Raises InvalidInput."""
    text = text.strip().casefold()
    days = None if text == "none" else int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
    check_days(days)
    return days


def _administer(workspace: Workspace, user: User, form: Mapping[str, str]) -> str:
    """Do what the form of administration says; returns a link to hand out, or "".

    Raises what `Sharing` and `Accounts` do, and FormExpired for an unknown act.
    """
    sharing = workspace.sharing
    who, group, to = form.get("who", ""), form.get("group", ""), form.get("to", "")

    def invite() -> str:
        is_administrator = form.get("administrator") == "yes"
        email, name = form.get("email", ""), form.get("name", "")
        return administration.invite(workspace, user, email, name, administrator=is_administrator)[1]

    acts: Mapping[str, Callable[[], Any]] = {
        "add": invite,
        "link": lambda: administration.new_link(workspace, user, who)[1],
        "disable": lambda: administration.disable(workspace, user, who),
        "enable": lambda: administration.enable(workspace, user, who),
        "leave": lambda: administration.disable(workspace, user, who, to),
        "group-create": lambda: sharing.create_group(user, group),
        "group-delete": lambda: sharing.delete_group(user, group),
        "group-add": lambda: sharing.add_to_group(user, group, who),
        "group-remove": lambda: sharing.remove_from_group(user, group, who),
        "hand-over": lambda: sharing.hand_over(user, form.get("matter", ""), who),
    }
    told = _do(acts, form)
    return told if isinstance(told, str) else ""


def _do(acts: Mapping[str, Callable[[], T]], form: Mapping[str, str]) -> T:
    act = acts.get(form.get("act", ""))
    if act is None:
        raise FormExpired()
    return act()
