"""Pages for signing in, as HTML: without script, in the colours of the page. Pure: values in, `Markup` out."""

from collections.abc import Mapping
from urllib.parse import quote

from markupsafe import Markup

from retrieval import PinciteError
from webapp.store.accounts import Account
from webapp.store.passwords import SHORTEST
from webapp.web.forms import field, form, page

_NOTHING = Markup("")


def _new_password() -> Markup:
    rule = Markup('<p class="hint" id="rule">At least {} characters; several words are easier than signs.</p>').format(
        SHORTEST
    )
    first, second = (
        field(label, name, "password", "new-password")
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
    fields = field("E-mail address", "email", "email", "username", email)
    fields += field("Password", "password", "password", "current-password")
    filled = form("/sign-in", {"form": token, "next": next_path}, fields, "Sign in")
    forgotten = Markup(
        '<p class="hint">No password, or forgotten? Your administrator can make a link that sets one.</p>'
    )
    return page("Sign in", told + other + filled + forgotten, refusal)


def set_password(token: str, key: str, account: Account, refusal: PinciteError | None = None) -> Markup:
    """The form behind a one-time link."""
    whose = Markup('<p class="hint">For {}</p>').format(account.email or account.name)
    name = Markup('<input type="hidden" name="username" autocomplete="username" value="{}">').format(
        account.email or ""
    )
    filled = form("/set-password", {"form": token, "key": key}, name + _new_password(), "Set the password")
    return page("Set your password", whose + filled, refusal)


def first_administrator(token: str, key: str, values: Mapping[str, str], refusal: PinciteError | None = None) -> Markup:
    """The form behind the link that `serve` prints while there is no administrator."""
    text = Markup("<p>There is no administrator yet. This account can add people, and disable them.</p>")
    fields = field("Name", "name", "text", "name", values.get("name", ""))
    fields += field("E-mail address", "email", "email", "username", values.get("email", ""))
    filled = form("/first-administrator", {"form": token, "key": key}, fields + _new_password(), "Create the account")
    return page("The first administrator", text + filled, refusal)


def account(token: str, of: Account, *, refusal: PinciteError | None = None, notice: str = "") -> Markup:
    """Who is signed in, with the ways to sign out and to change the password, where they have one."""
    told = Markup('<p class="notice" role="status">{}</p>').format(notice) if notice else _NOTHING
    address = (
        Markup('<br><span class="hint">{}</span>').format(of.email) if of.email and of.email != of.name else _NOTHING
    )
    who = Markup("<p>Signed in as <strong>{}</strong>{}</p>").format(of.name, address)
    out = form("/sign-out", {"form": token}, _NOTHING, "Sign out", quiet=True)
    everywhere = form("/account/sign-out-everywhere", {"form": token}, _NOTHING, "Sign out everywhere", quiet=True)
    change = (
        Markup("<h2>Change your password</h2>")
        + form(
            "/account/password",
            {"form": token},
            field("Current password", "current", "password", "current-password") + _new_password(),
            "Change the password",
        )
        + Markup('<p class="hint">Every other browser in which you are signed in is signed out.</p>')
        if of.has_password
        else _NOTHING
    )
    administers = Markup('<p><a href="/administration">Administration</a></p>') if of.administrator else _NOTHING
    back = Markup('<p><a href="/">Back to your documents</a></p>')
    row = Markup('<div class="row">{}{}</div>').format(out, everywhere)
    return page("Your account", told + who + row + change + administers + back, refusal)


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
    return page("You are signed out", at_provider + again)
