"""Single sign-on, against a provider that signs what it says, and lies in each way there is."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.webapp.oidc_provider import CLIENT, CLIENT_SECRET, OidcProvider, oidc_provider
from tests.webapp.serving import Running, running
from webapp.core.errors import NotAdmitted, SettingsInvalid
from webapp.core.settings import load_settings
from webapp.core.urls import pdf_url
from webapp.service import administration
from webapp.store.users import LOCAL_USER


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with oidc_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def server(provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = load_settings(
        data_dir=tmp_path_factory.mktemp("data"),
        access="accounts",
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=CLIENT_SECRET,
        oidc_domains="firm.example",
    )
    with running(settings) as server:
        yield server


@pytest.fixture(autouse=True)
def honest(provider: OidcProvider) -> None:
    """Each test begins with a provider that tells the truth."""
    provider.keys, provider.signer, provider.algorithm = [provider.key], provider.key, "RS256"
    provider.lies, provider.userinfo, provider.answers_as = {}, None, ""


def _begin(browser: httpx2.Client, next_path: str = "/") -> str:
    answer = browser.get("/sign-in/provider", params={"next": next_path})
    assert answer.status_code == 303
    return answer.headers["location"]


def _come(server: Running, provider: OidcProvider, **claims: object) -> tuple[httpx2.Client, httpx2.Response]:
    """Someone comes whom the provider describes so: their browser, and the answer to it."""
    browser = server.browser()
    provider.claims = claims
    return browser, browser.get(provider.authorise(_begin(browser)))


def _is_in(browser: httpx2.Client) -> bool:
    return browser.get(pdf_url("0" * 32, "0" * 64)).status_code != 401


def _names(server: Running) -> list[str]:
    return [account.name for account in server.workspace.accounts.all()]


def test_someone_of_the_domain_gets_an_account_and_is_the_same_person_next_time(
    server: Running, provider: OidcProvider
) -> None:
    person = {"sub": "ada", "name": "Ada Lovelace", "email": "Ada@Firm.example", "email_verified": True}
    browser, answer = _come(server, provider, **person)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert _is_in(browser)
    again, _ = _come(server, provider, **person | {"email": "married@firm.example", "name": "Ada King"})
    assert "Ada Lovelace" in again.get("/account").text
    assert _names(server).count("Ada Lovelace") == 1
    assert "Change your password" not in again.get("/account").text


def test_where_to_go_next_is_kept_over_the_way_there_and_is_never_another_site(
    server: Running, provider: OidcProvider
) -> None:
    provider.claims = {"sub": "bea", "email": "bea@firm.example", "email_verified": True}
    for wanted, led_to in (("/?matter=1", "/?matter=1"), ("//evil.example", "/")):
        browser = server.browser()
        assert browser.get(provider.authorise(_begin(browser, wanted))).headers["location"] == led_to


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@elsewhere.example", "email_verified": True},
        {"email": "eve@firm.example", "email_verified": False},
        {"email": "eve@firm.example"},
        {"email": "eve@firm.example.evil.example", "email_verified": True},
        {"email": "eve@evil.example@firm.example.", "email_verified": True},
        {},
    ],
)
def test_who_is_of_no_admitted_domain_or_says_so_themselves_gets_no_account(
    server: Running, provider: OidcProvider, claims: dict[str, object]
) -> None:
    before = _names(server)
    browser, answer = _come(server, provider, sub="eve", name="Eve", **claims)
    assert answer.status_code == 403
    assert NotAdmitted.sentence.format(provider="127.0.0.1") in answer.text
    assert not _is_in(browser)
    assert _names(server) == before


def test_an_unverified_address_is_never_taken_for_the_account_that_has_it(
    server: Running, provider: OidcProvider
) -> None:
    invited = server.workspace.accounts.add("cleo@elsewhere.example", "Cleo", administrator=True)
    _, answer = _come(server, provider, sub="mallory", email="cleo@elsewhere.example", email_verified=False)
    assert answer.status_code == 403
    browser, _ = _come(server, provider, sub="cleo", email="Cleo@Elsewhere.example", email_verified=True)
    assert "Cleo" in browser.get("/account").text
    _, second = _come(server, provider, sub="cleo-2", email="cleo@elsewhere.example", email_verified=True)
    assert second.status_code == 403  # the account is someone's already
    assert server.workspace.accounts.account(invited.user).has_identity


def test_an_address_that_only_the_userinfo_has_counts_if_it_is_about_the_same_person(
    server: Running, provider: OidcProvider
) -> None:
    told = {"sub": "dan", "email": "dan@firm.example", "email_verified": True, "name": "Dan"}
    provider.userinfo = told
    provider.keys, provider.signer = [provider.next_key], provider.next_key
    browser, answer = _come(server, provider, sub="dan")
    assert answer.status_code == 303
    assert "Dan" in browser.get("/account").text
    provider.userinfo = told | {"sub": "someone else"}
    _, answer = _come(server, provider, sub="dan")
    assert answer.status_code == 502


def test_who_is_disabled_is_refused_by_this_way_too(server: Running, provider: OidcProvider) -> None:
    person = {"sub": "finn", "email": "finn@firm.example", "email_verified": True}
    browser, _ = _come(server, provider, **person)
    administration.disable(server.workspace, LOCAL_USER, "finn@firm.example")
    assert not _is_in(browser)
    _, answer = _come(server, provider, **person)
    assert answer.status_code == 403


LIES: dict[str, Callable[[OidcProvider], object]] = {
    "another's nonce": lambda it: it.lies.update(nonce="x"),
    "no nonce": lambda it: it.lies.update(nonce=None),
    "expired": lambda it: it.lies.update(exp=int(time.time()) - 600),
    "no expiry": lambda it: it.lies.update(exp=None),
    "for another client": lambda it: it.lies.update(aud="another"),
    "for another client too, and of its": lambda it: it.lies.update(aud=[CLIENT, "another"], azp="another"),
    "for another client but with our azp": lambda it: it.lies.update(aud="another", azp=CLIENT),
    "of another issuer": lambda it: it.lies.update(iss="https://evil.example"),
    "issued in the future": lambda it: it.lies.update(iat=int(time.time()) + 6000, nbf=int(time.time()) + 6000),
    "no subject": lambda it: it.lies.update(sub=None),
    "an empty subject": lambda it: it.lies.update(sub=""),
    "a subject that is no text": lambda it: it.lies.update(sub=7),
    "unsigned": lambda it: setattr(it, "algorithm", "none"),
    "signed with the published key as a secret": lambda it: setattr(it, "algorithm", "HS256"),
    "signed by another": lambda it: setattr(it, "signer", it.other_key),
    "the hash of another access token": lambda it: it.lies.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "brought back from another issuer": lambda it: setattr(it, "answers_as", "https://evil.example"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_is_not_the_providers_word_to_us_lets_nobody_in(
    server: Running, provider: OidcProvider, lie: str
) -> None:
    person = {"sub": "ada", "name": "Ada", "email": "ada@firm.example", "email_verified": True}
    LIES[lie](provider)
    browser, answer = _come(server, provider, **person)
    assert answer.status_code == 502, lie
    assert "did not work" in answer.text
    assert not _is_in(browser)


def test_a_state_is_good_once_and_for_the_browser_that_began(server: Running, provider: OidcProvider) -> None:
    provider.claims = {"sub": "ada", "email": "ada@firm.example", "email_verified": True}
    browser, other = server.browser(), server.browser()
    back = provider.authorise(_begin(browser))
    _begin(other)
    assert other.get(back).status_code == 502  # it was another's, and is used up
    assert browser.get(back).status_code == 502
    back = provider.authorise(_begin(browser))
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 502
    code = parse_qs(urlsplit(back).query)["code"][0]
    for query in ("", f"?code={code}", f"?code={code}&state=x", "?error=access_denied&state=x"):
        assert browser.get(f"/login/callback{query}").status_code == 502


def test_a_refusal_of_the_provider_is_told_in_a_sentence_and_repeats_nothing(
    server: Running, provider: OidcProvider
) -> None:
    browser = server.browser()
    state = parse_qs(urlsplit(_begin(browser)).query)["state"][0]
    answer = browser.get(f"/login/callback?state={state}&error=access_denied&error_description=zanzibar")
    assert (answer.status_code, "zanzibar" in answer.text) == (502, False)


def test_signing_out_offers_to_sign_out_at_the_provider_and_leads_nowhere_by_itself(
    server: Running, provider: OidcProvider
) -> None:
    browser, _ = _come(server, provider, sub="gail", email="gail@firm.example", email_verified=True)
    page = browser.get("/account").text
    form = page.split('name="form" value="')[1].split('"')[0]
    out = browser.post("/sign-out", data={"form": form})
    assert out.status_code == 200
    assert not _is_in(browser)
    [link] = [part.split('"')[0].replace("&amp;", "&") for part in out.text.split('href="')[1:] if "/logout" in part]
    told = parse_qs(urlsplit(link).query)
    assert link.startswith(f"{provider.url}/logout?")
    assert told["client_id"] == [CLIENT]
    assert told["post_logout_redirect_uri"][0].endswith("/signed-out")
    assert told["id_token_hint"][0].count(".") == 2


def test_a_provider_that_is_away_is_told_and_passwords_still_work(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = load_settings(
        data_dir=tmp_path_factory.mktemp("away"),
        access="accounts",
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id=CLIENT,
        oidc_name="Firm Login",
    )
    with running(settings) as server:
        browser = server.browser()
        assert "Sign in with Firm Login" in browser.get("/sign-in").text
        answer = browser.get("/sign-in/provider")
        assert (answer.status_code, "Signing in with Firm Login did not work" in answer.text) == (502, True)
        assert browser.get("/sign-in").status_code == 200


def test_a_space_gives_its_own_provider_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SPACE_HOST": "ada-pincite.hf.space,pincite.firm.example",
        "OPENID_PROVIDER_URL": "https://huggingface.co",
        "OAUTH_CLIENT_ID": "id",
        "OAUTH_CLIENT_SECRET": "secret",
        "OAUTH_SCOPES": "openid profile email",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(access="accounts", host="0.0.0.0")
    assert (settings.page_url, settings.oidc_issuer) == ("https://ada-pincite.hf.space", "https://huggingface.co")
    assert (settings.oidc_client_id, settings.oidc_name) == ("id", "Hugging Face")
    monkeypatch.setenv("PINCITE_OIDC_ISSUER", "https://login.firm.example")
    assert load_settings(access="accounts", oidc_client_id="x").oidc_issuer == "https://login.firm.example"


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"host": "0.0.0.0"}, "PINCITE_PUBLIC_URL"),
        ({"public_url": "http://pincite.firm.example"}, "PINCITE_PUBLIC_URL"),
        ({"public_url": "https://firm.example/pincite"}, "PINCITE_PUBLIC_URL"),
        ({"oidc_issuer": "http://login.firm.example", "oidc_client_id": "x"}, "PINCITE_OIDC_ISSUER"),
        ({"oidc_issuer": "https://login.firm.example"}, "PINCITE_OIDC_CLIENT_ID"),
        ({"oidc_domains": "firm"}, "PINCITE_OIDC_DOMAINS"),
    ],
)
def test_settings_that_would_let_strangers_in_or_send_passwords_in_the_clear_stop_the_start(
    given: dict[str, str], setting: str
) -> None:
    with pytest.raises(SettingsInvalid) as told:
        load_settings(access="accounts", **given)
    assert told.value.values["setting"] == setting
