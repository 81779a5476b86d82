"""Pages without script: their frame, forms and inputs, and what their forms send, read under limits.

A form carries a token that is bound to what only its reader's browser or session has, beside the check of the origin
that every request passes.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from retrieval import PinciteError
from webapp.core.errors import FormExpired
from webapp.store.passwords import LONGEST

MOST_FORM = 16_384  # bytes of a form
STYLE_PATH = "/sign-in/style.css"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NOTHING = Markup("")


@cache
def style() -> str:
    """The style sheet: the colours of the page's own, for light and for dark, and the forms'."""
    webapp = Path(str(resources.files("webapp")))
    page = (webapp / "page" / "static" / "tokens.css").read_text("utf-8")
    light, dark = (re.search(rf"^{name} (\{{.*?^\}})", page, re.MULTILINE | re.DOTALL) for name in (":root", r"\.dark"))
    colours = f":root {light[1]}\n@media (prefers-color-scheme: dark) {{ :root {dark[1]} }}\n" if light and dark else ""
    return colours + (webapp / "web" / "static" / "sign_in.css").read_text("utf-8")


def style_routes() -> APIRouter:
    """The route of the style sheet, which every page of these needs."""
    router = APIRouter()

    @router.get(STYLE_PATH)
    async def style_sheet() -> Response:
        return Response(style(), media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    return router


def page(title: str, content: Markup, refusal: PinciteError | None = None, *, wide: bool = False) -> Markup:
    """A page of its own, without script, in the colours of the app's page; `wide` for tables."""
    said = (
        Markup('<div class="refusal" role="alert"><p>{}</p><p class="hint">{}</p></div>').format(
            refusal, refusal.page_hint
        )
        if refusal
        else _NOTHING
    )
    return Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        'content="light dark"><title>{} – pincite</title><link rel="stylesheet" href="{}"></head><body><main{}>'
        '<p class="brand">pincite</p><h1>{}</h1>{}{}</main></body></html>'
    ).format(title, STYLE_PATH, Markup(' class="wide"') if wide else _NOTHING, title, said, content)


def refused(refusal: PinciteError, href: str, words: str) -> Markup:
    """A refusal without a form, with a way out."""
    out = Markup('<p><a class="button" href="{}">{}</a></p>').format(href, words)
    return page("This did not work", out, refusal)


def form(action: str, hidden: Mapping[str, str], fields: Markup, button: str, *, quiet: bool = False) -> Markup:
    """A form with one button; `quiet`: no more than the button."""
    inputs = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value) for name, value in hidden.items()
    )
    return Markup('<form method="post" action="{}"{}>{}{}<button type="submit">{}</button></form>').format(
        action, Markup(' class="quiet"') if quiet else _NOTHING, inputs, fields, button
    )


def field(label: str, name: str, kind: str, autocomplete: str, value: str = "", *, id_: str = "") -> Markup:
    """A labelled input. `id_`: where a page has several of this name."""
    length = {"password": 4 * LONGEST, "email": 254}.get(kind, 200)
    return Markup(
        '<label for="{id}">{label}</label><input id="{id}" name="{name}" type="{kind}" autocomplete="{fill}" '
        'maxlength="{length}" value="{value}" required>'
    ).format(id=id_ or name, name=name, label=label, kind=kind, fill=autocomplete, length=length, value=value)


def form_token(key: bytes, cookie: str) -> str:
    """Token of a form for the browser that has this cookie."""
    return hmac.new(key, cookie.encode(), hashlib.sha256).hexdigest()


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form, each once. Raises FormExpired for anything else."""
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded" or len(body) > MOST_FORM:
        raise FormExpired()
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError as error:
        raise FormExpired() from error
    if len(dict(pairs)) != len(pairs):
        raise FormExpired()
    return dict(pairs)


PRIVATE = {"Cache-Control": "no-store", "Content-Security-Policy": PAGE_POLICY}


def html_response(markup: Markup, status: int = 200) -> Response:
    """A page that no cache keeps."""
    return HTMLResponse(str(markup), status, headers=PRIVATE)
