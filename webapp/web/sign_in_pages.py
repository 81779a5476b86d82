"""Pages for signing in, as HTML: without script, in the colours of the page. Pure: values in, `Markup` out."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from retrieval import PinciteError
from webapp.store.accounts import Account
from webapp.store.passwords import LONGEST, SHORTEST

STYLE_PATH = "/sign-in/style.css"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NOTHING = Markup("")


@cache
def style() -> str:
    """The style sheet: the colours of the page's own, for light and for dark, and the forms'."""
    webapp = Path(str(resources.files("webapp")))
    page = (webapp / "page" / "static" / "style.css").read_text("utf-8")
    light, dark = (re.search(rf"^{name} (\{{.*?^\}})", page, re.MULTILINE | re.DOTALL) for name in (":root", r"\.dark"))
    colours = f":root {light[1]}\n@media (prefers-color-scheme: dark) {{ :root {dark[1]} }}\n" if light and dark else ""
    return colours + (webapp / "web" / "static" / "sign_in.css").read_text("utf-8")


def _page(title: str, content: Markup, refusal: PinciteError | None = None) -> Markup:
    said = (
        Markup('<div class="refusal" role="alert"><p>{}</p><p class="hint">{}</p></div>').format(refusal, refusal.hint)
        if refusal
        else _NOTHING
    )
    return Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        'content="light dark"><title>{} – pincite</title><link rel="stylesheet" href="{}"></head><body><main>'
        '<p class="brand">pincite</p><h1>{}</h1>{}{}</main></body></html>'
    ).format(title, STYLE_PATH, title, said, content)


def _form(action: str, hidden: Mapping[str, str], fields: Markup, button: str, *, quiet: bool = False) -> Markup:
    inputs = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value) for name, value in hidden.items()
    )
    return Markup('<form method="post" action="{}"{}>{}{}<button type="submit">{}</button></form>').format(
        action, Markup(' class="quiet"') if quiet else _NOTHING, inputs, fields, button
    )


def _field(label: str, name: str, kind: str, autocomplete: str, value: str = "") -> Markup:
    length = {"password": 4 * LONGEST, "email": 254}.get(kind, 200)
    return Markup(
        '<label for="{name}">{label}</label><input id="{name}" name="{name}" type="{kind}" autocomplete="{fill}" '
        'maxlength="{length}" value="{value}" required>'
    ).format(name=name, label=label, kind=kind, fill=autocomplete, length=length, value=value)


def _new_password() -> Markup:
    rule = Markup('<p class="hint" id="rule">At least {} characters; several words are easier than signs.</p>').format(
        SHORTEST
    )
    first, second = (
        _field(label, name, "password", "new-password")
        for label, name in (("New password", "password"), ("The same again", "again"))
    )
    return first + rule + second


def sign_in(
    token: str,
    next_path: str,
    provider: str | None,
    *,
    email: str = "",
    refusal: PinciteError | None = None,
    notice: str = "",
) -> Markup:
    """The form for e-mail address and password; `provider` names that of single sign-on."""
    told = Markup('<p class="notice" role="status">{}</p>').format(notice) if notice else _NOTHING
    other = (
        Markup(
            '<p><a class="button" href="/sign-in/provider?next={}">Sign in with {}</a></p>'
            '<p class="or">or with a password</p>'
        ).format(quote(next_path, safe=""), provider)
        if provider
        else _NOTHING
    )
    fields = _field("E-mail address", "email", "email", "username", email)
    fields += _field("Password", "password", "password", "current-password")
    form = _form("/sign-in", {"form": token, "next": next_path}, fields, "Sign in")
    forgotten = Markup(
        '<p class="hint">No password, or forgotten? Your administrator can make a link that sets one.</p>'
    )
    return _page("Sign in", told + other + form + forgotten, refusal)


def set_password(token: str, key: str, account: Account, refusal: PinciteError | None = None) -> Markup:
    """The form behind a one-time link."""
    whose = Markup('<p class="hint">For {}</p>').format(account.email or account.name)
    name = Markup('<input type="hidden" name="username" autocomplete="username" value="{}">').format(
        account.email or ""
    )
    form = _form("/set-password", {"form": token, "key": key}, name + _new_password(), "Set the password")
    return _page("Set your password", whose + form, refusal)


def first_administrator(token: str, key: str, values: Mapping[str, str], refusal: PinciteError | None = None) -> Markup:
    """The form behind the link that `serve` prints while there is no administrator."""
    text = Markup("<p>There is no administrator yet. This account can add people, and disable them.</p>")
    fields = _field("Name", "name", "text", "name", values.get("name", ""))
    fields += _field("E-mail address", "email", "email", "username", values.get("email", ""))
    form = _form("/first-administrator", {"form": token, "key": key}, fields + _new_password(), "Create the account")
    return _page("The first administrator", text + form, refusal)


def account(token: str, of: Account, *, refusal: PinciteError | None = None, notice: str = "") -> Markup:
    """Who is signed in, with the ways to sign out and to change the password, where they have one."""
    told = Markup('<p class="notice" role="status">{}</p>').format(notice) if notice else _NOTHING
    address = (
        Markup('<br><span class="hint">{}</span>').format(of.email) if of.email and of.email != of.name else _NOTHING
    )
    who = Markup("<p>Signed in as <strong>{}</strong>{}</p>").format(of.name, address)
    out = _form("/sign-out", {"form": token}, _NOTHING, "Sign out", quiet=True)
    everywhere = _form("/account/sign-out-everywhere", {"form": token}, _NOTHING, "Sign out everywhere", quiet=True)
    change = (
        Markup("<h2>Change your password</h2>")
        + _form(
            "/account/password",
            {"form": token},
            _field("Current password", "current", "password", "current-password") + _new_password(),
            "Change the password",
        )
        + Markup('<p class="hint">Every other browser in which you are signed in is signed out.</p>')
        if of.has_password
        else _NOTHING
    )
    back = Markup('<p><a href="/">Back to your documents</a></p>')
    row = Markup('<div class="row">{}{}</div>').format(out, everywhere)
    return _page("Your account", told + who + row + change + back, refusal)


def signed_out(provider: str = "", end_session_url: str | None = None) -> Markup:
    """After signing out. `end_session_url`: where the session at the provider can be ended too."""
    at_provider = (
        Markup('<p>You may still be signed in at {}. <a href="{}" rel="noreferrer">Sign out there too</a></p>').format(
            provider, end_session_url
        )
        if end_session_url
        else _NOTHING
    )
    again = Markup('<p><a class="button" href="/sign-in">Sign in</a></p>')
    return _page("You are signed out", at_provider + again)


def refused(refusal: PinciteError) -> Markup:
    """A refusal without a form."""
    return _page(
        "This did not work", Markup('<p><a class="button" href="/sign-in">To the sign-in page</a></p>'), refusal
    )
