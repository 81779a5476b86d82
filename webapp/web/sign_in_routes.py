"""HTTP routes of signing in: the pages, what their forms send, single sign-on, and signing out.

A form is accepted only with a token that is bound to the browser's cookie, beside the check of its origin that every
request passes. Where to go afterwards is only ever a path of this site. Passwords are checked a few at a time.
"""

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from retrieval import PinciteError
from webapp.core.errors import (
    AccountError,
    FormExpired,
    InvalidInput,
    LinkExpired,
    NotAdmitted,
    PasswordRefused,
    ProviderFailed,
    SessionEnded,
    SignInBusy,
    SignInRefused,
    TooManyAttempts,
    WrongCredentials,
)
from webapp.core.log import user_error
from webapp.core.settings import Settings
from webapp.service.workspace import Workspace
from webapp.store.accounts import Account
from webapp.store.audit import NOBODY, Act
from webapp.store.sessions import new_token
from webapp.web import sign_in_pages as pages
from webapp.web.authentication import SESSION_COOKIE, session_cookie, signing_key
from webapp.web.client_addresses import address_of
from webapp.web.forms import PRIVATE, form_token, html_response, read_form, refused
from webapp.web.sign_in_throttle import SignInThrottle
from webapp.web.single_sign_on import CALLBACK, Provider

CHECKS_AT_ONCE = 2  # passwords that are checked at the same time: each takes 19 MiB and a core
CHECKS_WAITING = 40
_OURS = re.compile(r"[\w-]{43}", re.ASCII)  # the form of a token
VISIT_SECONDS = 3600  # for which a form can be filled in
T = TypeVar("T")
_STATUS: Mapping[type[PinciteError], int] = {
    WrongCredentials: 401,
    SessionEnded: 401,
    NotAdmitted: 403,
    FormExpired: 403,
    LinkExpired: 410,
    TooManyAttempts: 429,
    ProviderFailed: 502,
    SignInBusy: 503,
}


class FirstAdministrator:
    """Key of the link that makes the first administrator, new at each start; it works while there is none."""

    def __init__(self) -> None:
        self.key = new_token()

    def address(self, url: str) -> str:
        """The link."""
        return f"{url}/first-administrator?key={self.key}"

    def takes(self, key: str) -> bool:
        """Whether this is the key; compared in constant time."""
        return hmac.compare_digest(key.encode(), self.key.encode())


def local_path(text: str) -> str:
    """A path of this site to go to, "/" for anything that could lead to another."""
    is_path = text.startswith("/") and not text.startswith("//") and text.isascii() and text.isprintable()
    return text if is_path and "\\" not in text and len(text) <= 2000 else "/"


class SignIn:
    """The routes of signing in, with what they keep in memory. For one event loop."""

    def __init__(self, settings: Settings, opened: Callable[[], Workspace], first: FirstAdministrator) -> None:
        """`opened` waits for the stores and raises their errors. The data folder must exist."""
        self._settings, self._opened, self._first = settings, opened, first
        self._provider = Provider(settings) if settings.oidc_issuer else None
        self._throttle = SignInThrottle()
        self._checks = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._waiting = 0
        self._key = signing_key(settings.data_dir, "forms.key")
        self._session_cookie = session_cookie(settings)
        self._visit_cookie = self._session_cookie.replace(SESSION_COOKIE, "pincite_visit")

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        for method, path, endpoint in (
            ("GET", "/sign-in", self._sign_in_page),
            ("POST", "/sign-in", self._sign_in),
            ("GET", "/sign-in/provider", self._to_provider),
            ("GET", CALLBACK, self._from_provider),
            ("POST", "/sign-out", self._sign_out),
            ("GET", "/signed-out", self._signed_out),
            ("GET", "/set-password", self._set_password_page),
            ("POST", "/set-password", self._set_password),
            ("GET", "/first-administrator", self._first_page),
            ("POST", "/first-administrator", self._add_first),
            ("GET", "/account", self._account_page),
            ("POST", "/account/password", self._change_password),
            ("POST", "/account/sign-out-everywhere", self._sign_out_everywhere),
        ):
            router.add_api_route(path, _answered(endpoint), methods=[method], response_model=None)
        return router

    # Signing in with a password

    async def _sign_in_page(self, request: Request) -> Response:
        next_path = local_path(request.query_params.get("next", "/"))
        notice = "Your password is set. Sign in with it." if "set" in request.query_params else ""
        return self._form_page(request, lambda token: self._sign_in_form(token, next_path, notice=notice))

    async def _sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        email, next_path = form.get("email", ""), local_path(form.get("next", "/"))
        try:
            self._check_form(request, form, self._visit_cookie)
            account = await self._checked(request, email, form.get("password", ""))
        except SignInRefused as error:
            refusal = user_error(error)
            page = partial(self._sign_in_form, next_path=next_path, email=email[:254], refusal=refusal)
            return self._form_page(request, page, error)
        return await self._signed_in(request, account, next_path, way="password")

    async def _checked(self, request: Request, email: str, password: str) -> Account:
        """The account with this e-mail address and password. Raises WrongCredentials, TooManyAttempts or SignInBusy."""
        workspace = await run_in_threadpool(self._opened)
        named, address = email.strip().casefold()[:254], address_of(request, self._settings)
        async with self._check_in_turn():
            self._throttle.attempt(named, address)
            account = await run_in_threadpool(workspace.accounts.check_password, email, password)
        if account is None:
            known = await run_in_threadpool(workspace.accounts.of_email, email)
            who = known.user if known else NOBODY
            await run_in_threadpool(workspace.audit.record, who, Act.SIGN_IN_FAILED, way="password")
            raise WrongCredentials()
        self._throttle.succeeded(named, address)
        return account

    async def _signed_in(
        self, request: Request, account: Account, next_path: str, *, way: str, id_token: str | None = None
    ) -> Response:
        """Start a session under a new token; the one that this browser had ends."""
        workspace = self._opened()
        before = request.cookies.get(self._session_cookie)

        def start() -> str:
            workspace.audit.record(account.user, Act.SIGN_IN, way=way)
            if before:
                workspace.sessions.end(before)
            return workspace.sessions.start(account.user, id_token)

        response = RedirectResponse(next_path, 303, headers=PRIVATE)
        self._set_session(response, await run_in_threadpool(start))
        self._set_cookie(response, self._visit_cookie, "", 0)
        return response

    # Single sign-on

    async def _to_provider(self, request: Request) -> Response:
        if self._provider is None:
            return _not_here()
        visit = self._visit(request)
        url = await self._provider.begin(visit, local_path(request.query_params.get("next", "/")))
        response = RedirectResponse(url, 303, headers=PRIVATE)
        self._set_cookie(response, self._visit_cookie, visit, VISIT_SECONDS)
        return response

    async def _from_provider(self, request: Request) -> Response:
        if self._provider is None:
            return _not_here()
        workspace = await run_in_threadpool(self._opened)
        visit = request.cookies.get(self._visit_cookie, "")
        told = await self._provider.finish(request.query_params, visit)
        account = await run_in_threadpool(workspace.accounts.admit, told.identity, self._provider.admits)
        if account is None:
            await run_in_threadpool(workspace.audit.record, NOBODY, Act.SIGN_IN_FAILED, way="provider")
            raise NotAdmitted(provider=self._provider.name)
        return await self._signed_in(request, account, told.next, way="provider", id_token=told.id_token or None)

    # Signing out

    async def _sign_out(self, request: Request) -> Response:
        form = await read_form(request)
        self._check_form(request, form, self._session_cookie)
        token = request.cookies.get(self._session_cookie, "")
        workspace = await run_in_threadpool(self._opened)

        def end() -> str | None:
            user = workspace.sessions.user(token)
            if user is not None:
                workspace.audit.record(user, Act.SIGN_OUT)
            return workspace.sessions.end(token)

        id_token = await run_in_threadpool(end)
        url = await self._provider.end_session_url(id_token) if self._provider and id_token else None
        return self._left(pages.signed_out(self._provider.name if self._provider else "", url))

    async def _signed_out(self, _: Request) -> Response:
        return html_response(pages.signed_out())

    async def _sign_out_everywhere(self, request: Request) -> Response:
        form = await read_form(request)
        self._check_form(request, form, self._session_cookie)
        workspace, account = await self._account(request)

        def end() -> None:
            workspace.audit.record(account.user, Act.SIGN_OUT, everywhere=True)
            workspace.sessions.end_all(account.user)

        await run_in_threadpool(end)
        return self._left(pages.signed_out())

    def _left(self, page: Markup) -> Response:
        """The page after signing out: the browser forgets the session, and the pages of documents that it kept."""
        response = html_response(page)
        response.headers["Clear-Site-Data"] = '"cache"'
        self._set_session(response, "")
        return response

    # One-time links

    async def _set_password_page(self, request: Request) -> Response:
        key = request.query_params.get("key", "")
        account = await run_in_threadpool(lambda: self._opened().accounts.of_link(key))
        return self._form_page(request, lambda token: pages.set_password(token, key, account))

    async def _set_password(self, request: Request) -> Response:
        form = await read_form(request)
        key = form.get("key", "")
        workspace = await run_in_threadpool(self._opened)
        account = await run_in_threadpool(workspace.accounts.of_link, key)
        try:
            self._check_form(request, form, self._visit_cookie)
            password = _same(form)
            async with self._check_in_turn():
                await run_in_threadpool(workspace.record_account_act, account.user, account.user, "password-by-link")
                await run_in_threadpool(workspace.accounts.use_link, key, password)
        except (PasswordRefused, FormExpired, SignInBusy) as error:
            refusal = user_error(error)
            return self._form_page(
                request, lambda token: pages.set_password(token, key, account, refusal=refusal), error
            )
        return RedirectResponse("/sign-in?set", 303, headers=PRIVATE)

    async def _first_page(self, request: Request) -> Response:
        key = request.query_params.get("key", "")
        await self._check_first(key)
        return self._form_page(request, lambda token: pages.first_administrator(token, key, {}))

    async def _add_first(self, request: Request) -> Response:
        form = await read_form(request)
        key = form.get("key", "")
        await self._check_first(key)
        accounts = self._opened().accounts
        try:
            self._check_form(request, form, self._visit_cookie)
            password = _same(form)
            async with self._check_in_turn():
                account = await run_in_threadpool(
                    accounts.add_first_administrator, form.get("email", ""), form.get("name", ""), password
                )
        except (AccountError, FormExpired, SignInBusy, InvalidInput) as error:
            refusal = user_error(error)
            return self._form_page(
                request, lambda token: pages.first_administrator(token, key, form, refusal=refusal), error
            )
        await run_in_threadpool(self._opened().record_account_act, account.user, account.user, "first-administrator")
        return await self._signed_in(request, account, "/", way="password")

    async def _check_first(self, key: str) -> None:
        """Check the key of the first administrator's link. Raises LinkExpired, also where there is an administrator."""
        workspace = await run_in_threadpool(self._opened)
        if not self._first.takes(key) or await run_in_threadpool(workspace.accounts.has_administrator):
            raise LinkExpired()

    # The account of who is signed in

    async def _account_page(self, request: Request) -> Response:
        try:
            _, account = await self._account(request)
        except SessionEnded:
            return RedirectResponse("/sign-in?next=/account", 303, headers=PRIVATE)
        notice = "Your password is changed." if "changed" in request.query_params else ""
        return html_response(pages.account(self._token_of_session(request), account, notice=notice))

    async def _change_password(self, request: Request) -> Response:
        form = await read_form(request)
        workspace, account = await self._account(request)
        try:
            self._check_form(request, form, self._session_cookie)
            password = _same(form)
            await self._checked(request, account.email or "", form.get("current", ""))
            async with self._check_in_turn():
                await run_in_threadpool(workspace.record_account_act, account.user, account.user, "password")
                await run_in_threadpool(workspace.accounts.set_password, account, password)
        except (PasswordRefused, SignInRefused) as error:
            page = pages.account(self._token_of_session(request), account, refusal=user_error(error))
            return html_response(page, _status_of(error))
        response = RedirectResponse("/account?changed", 303, headers=PRIVATE)
        self._set_session(response, await run_in_threadpool(workspace.sessions.start, account.user))
        return response

    async def _account(self, request: Request) -> tuple[Workspace, Account]:
        """The account of the request's session. Raises SessionEnded."""
        token = request.cookies.get(self._session_cookie, "")
        workspace = await run_in_threadpool(self._opened)
        user = await run_in_threadpool(lambda: workspace.sessions.user(token, active=True))
        if user is None:
            raise SessionEnded()
        return workspace, await run_in_threadpool(workspace.accounts.account, user)

    # Forms and cookies

    def _sign_in_form(
        self, token: str, next_path: str, *, email: str = "", refusal: PinciteError | None = None, notice: str = ""
    ) -> Markup:
        provider = self._provider.name if self._provider else None
        return pages.sign_in(token, next_path, provider, email=email, refusal=refusal, notice=notice)

    def _form_page(
        self, request: Request, page: Callable[[str], Markup], error: PinciteError | None = None
    ) -> Response:
        """A page with a form for someone who is not signed in: its token is bound to the cookie of the visit."""
        visit = self._visit(request)
        response = html_response(page(form_token(self._key, visit)), _status_of(error) if error else 200)
        self._set_cookie(response, self._visit_cookie, visit, VISIT_SECONDS)
        return response

    def _visit(self, request: Request) -> str:
        """The value of the browser's cookie of its visit if it is of ours, else a new one."""
        value = request.cookies.get(self._visit_cookie, "")
        return value if _OURS.fullmatch(value) else new_token()

    def _token_of_session(self, request: Request) -> str:
        return form_token(self._key, request.cookies.get(self._session_cookie, ""))

    def _check_form(self, request: Request, form: Mapping[str, str], cookie: str) -> None:
        """Check that the browser that has this cookie was given the form. Raises FormExpired."""
        value = request.cookies.get(cookie, "")
        expected = form_token(self._key, value)
        if not value or not hmac.compare_digest(form.get("form", "").encode(), expected.encode()):
            raise FormExpired()

    @asynccontextmanager
    async def _check_in_turn(self) -> AsyncIterator[None]:
        """Wait for a turn to compute the hash of a password. Raises SignInBusy where too many wait."""
        if self._waiting >= CHECKS_WAITING:
            raise SignInBusy()
        self._waiting += 1
        try:
            async with self._checks:
                yield
        finally:
            self._waiting -= 1

    def _set_session(self, response: Response, token: str) -> None:
        """Set the session's cookie, or with "" delete it; it lasts as long as the browser, the session decides."""
        self._set_cookie(
            response, self._session_cookie, token, int(self._settings.session_days * 86400) if token else 0
        )

    def _set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        secure = "; Secure" if name.startswith("__Host-") else ""
        cookie = f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        response.headers.append("Set-Cookie", cookie)


def _not_here() -> Response:
    return PlainTextResponse("There is nothing here.", 404, headers=PRIVATE)


def _same(form: Mapping[str, str]) -> str:
    """The new password of a form, which was typed twice. Raises PasswordRefused."""
    if form.get("password", "") != form.get("again", ""):
        raise PasswordRefused(reason="The two passwords are not the same.")
    return form.get("password", "")


def _status_of(error: PinciteError) -> int:
    return _STATUS.get(type(error), 422 if isinstance(error, AccountError | InvalidInput) else 503)


def _answered(endpoint: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """An endpoint whose errors are answered as a page with a sentence."""

    async def answer(request: Request) -> Response:
        try:
            response: Response = await endpoint(request)
        except Exception as error:  # noqa: BLE001 (the one place where an error of these routes is answered)
            told = user_error(error)
            return html_response(refused(told, "/sign-in", "To the sign-in page"), _status_of(told))
        return response

    return answer
