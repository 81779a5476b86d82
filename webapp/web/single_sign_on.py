"""Single sign-on by OpenID Connect (Core 3.1): authorization code flow with PKCE, state and nonce.

A sign-in that has begun is kept in memory, for one browser and one use. The ID token is accepted only with a signature
by a key of the issuer, of an asymmetric algorithm, and with our nonce, client id and issuer. A person is who the issuer
says by its subject; an e-mail address counts only where the issuer says that it is verified.
"""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from webapp.core.errors import ProviderFailed
from webapp.core.log import log
from webapp.core.settings import Settings
from webapp.store.accounts import Identity, email_of

CALLBACK = "/login/callback"  # the path that a Hugging Face Space is known to take
BEGUN_SECONDS = 600.0  # for the person to sign in at the provider
MOST_BEGUN = 10_000  # sign-ins that have begun; past it the oldest is forgotten
KEPT_SECONDS = 3600.0  # for the provider's configuration and keys
PROVIDER_SECONDS = 10.0  # for one of its responses
LEEWAY_SECONDS = 60  # between the clocks
_LONGEST_ID_TOKEN = 16_384  # characters that are kept for signing out
# Not "none", and none with a shared secret: a public key must never be taken for one.
ALGORITHMS = frozenset("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split())


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the provider told of a person, the token that proves it, and where to go next."""

    identity: Identity
    id_token: str
    next: str


@dataclass(frozen=True, slots=True)
class _Begun:
    """A sign-in on its way: the browser, what it is checked by, and where to go next."""

    visit: str
    nonce: str
    verifier: str
    next: str
    since: float = field(default_factory=time.monotonic)


class Provider:
    """The provider of the settings. For one event loop."""

    def __init__(self, settings: Settings) -> None:
        """`settings` name an issuer."""
        self._settings = settings
        self._issuer = settings.oidc_issuer or ""
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._metadata: dict[str, Any] = {}
        self._keys = KeySet([])
        self._read_at = -KEPT_SECONDS

    @property
    def name(self) -> str:
        """The name that people know it by."""
        return self._settings.oidc_name or urlsplit(self._issuer).hostname or self._issuer

    def admits(self, email: str | None) -> bool:
        """Whether someone with this verified e-mail address gets an account at their first sign-in."""
        domains = (self._settings.oidc_domains or "").split(",")
        return "*" in domains or (email is not None and email.rpartition("@")[2] in domains)

    async def begin(self, visit: str, next_path: str) -> str:
        """Begin a sign-in of the browser that has the cookie `visit`; returns the address at the provider.

        Raises ProviderFailed.
        """
        state, begun = (
            secrets.token_urlsafe(32),
            _Begun(visit, secrets.token_urlsafe(32), secrets.token_urlsafe(48), next_path),
        )
        self._begun[state] = begun
        while len(self._begun) > MOST_BEGUN:
            self._begun.popitem(last=False)
        try:
            metadata = await self._configuration()
            async with self._client(metadata) as client:
                url, _ = client.create_authorization_url(
                    metadata["authorization_endpoint"], state=state, nonce=begun.nonce, code_verifier=begun.verifier
                )
        except (httpx2.HTTPError, AuthlibBaseError, ValueError, KeyError, TypeError) as error:
            raise self._failed(error) from error
        return str(url)

    async def finish(self, query: Mapping[str, str], visit: str) -> SignedIn:
        """Finish a sign-in with the query that the provider sent the browser back with. Raises ProviderFailed."""
        begun = self._begun.pop(query.get("state", ""), None)
        if begun is None or time.monotonic() - begun.since > BEGUN_SECONDS:
            raise self._failed("the sign-in was not begun here, took too long, or was used")
        if not hmac.compare_digest(begun.visit.encode(), visit.encode()):
            raise self._failed("another browser began the sign-in")
        if "code" not in query:
            raise self._failed("the provider refused")
        try:
            return await self._redeemed(query, begun)
        except (httpx2.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            raise self._failed(error) from error

    async def end_session_url(self, id_token: str) -> str | None:
        """Address that ends the session at the provider too; None where it offers none or cannot be reached."""
        try:
            endpoint = (await self._configuration()).get("end_session_endpoint")
        except (httpx2.HTTPError, ValueError, KeyError):
            return None
        if not isinstance(endpoint, str) or not endpoint.startswith(("https://", "http://")):
            return None
        to = f"{self._settings.page_url}/signed-out"
        query = {"id_token_hint": id_token, "client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": to}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def _redeemed(self, query: Mapping[str, str], begun: _Begun) -> SignedIn:
        """Exchange the code for tokens, and check them."""
        metadata = await self._configuration()
        if query.get("iss", metadata["issuer"]) != metadata["issuer"]:  # RFC 9207
            raise ValueError("another issuer answered")
        async with self._client(metadata) as client:
            token = await client.fetch_token(
                metadata["token_endpoint"],
                code=query["code"],
                code_verifier=begun.verifier,
                grant_type="authorization_code",
            )
            claims = await self._claims(metadata, token, begun.nonce)
            told = dict(claims)
            if "email" not in claims and "userinfo_endpoint" in self._metadata:
                response = await client.get(self._metadata["userinfo_endpoint"])
                response.raise_for_status()
                more = response.json()
                if more["sub"] != claims["sub"]:
                    raise ValueError("the provider told of someone else")
                told = more | told
        id_token = token["id_token"]
        return SignedIn(self._identity(told), id_token if len(id_token) <= _LONGEST_ID_TOKEN else "", begun.next)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ValueError("no subject")
        email = claims.get("email")
        verified = isinstance(email, str) and len(email) <= 254 and claims.get("email_verified") in (True, "true")
        address = email_of(email) if verified and isinstance(email, str) else None
        name = next((claims[key] for key in ("name", "preferred_username") if isinstance(claims.get(key), str)), "")
        return Identity(self._issuer, subject, name or address or "", address)

    async def _claims(self, metadata: Mapping[str, Any], token: Mapping[str, Any], nonce: str) -> CodeIDToken:
        """The claims of the ID token, checked."""
        allowed = ALGORITHMS & set(metadata.get("id_token_signing_alg_values_supported") or ["RS256"])
        try:
            decoded = jwt.decode(token["id_token"], self._keys, algorithms=sorted(allowed))
        except InvalidKeyIdError:  # the provider has new keys
            metadata = await self._configuration(anew=True)
            decoded = jwt.decode(token["id_token"], self._keys, algorithms=sorted(allowed))
        client_id = self._settings.oidc_client_id
        options = {
            "iss": {"essential": True, "value": metadata["issuer"]},
            "aud": {"essential": True, "value": client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        parameters = {"nonce": nonce, "client_id": client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(decoded.claims, decoded.header, options, parameters)
        claims.validate(leeway=LEEWAY_SECONDS)
        return claims

    async def _configuration(self, *, anew: bool = False) -> dict[str, Any]:
        """The provider's configuration; with it its keys are read."""
        if anew or time.monotonic() - self._read_at > KEPT_SECONDS:
            async with httpx2.AsyncClient(timeout=PROVIDER_SECONDS) as client:
                metadata = await _json(client, f"{self._issuer}/.well-known/openid-configuration")
                if str(metadata["issuer"]).rstrip("/") != self._issuer:
                    raise ValueError("the configuration is another issuer's")
                self._keys = KeySet.import_key_set(await _json(client, metadata["jwks_uri"]))  # type: ignore[arg-type]
            self._metadata, self._read_at = metadata, time.monotonic()
        return self._metadata

    def _client(self, metadata: Mapping[str, Any]) -> AsyncOAuth2Client:
        settings, secret = self._settings, self._settings.oidc_client_secret
        supported = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in supported else "client_secret_post"
        return AsyncOAuth2Client(
            settings.oidc_client_id,
            secret.get_secret_value() if secret else None,
            token_endpoint_auth_method=method if secret else "none",
            scope=settings.oidc_scopes,
            redirect_uri=f"{settings.page_url}{CALLBACK}",
            code_challenge_method="S256",
            timeout=PROVIDER_SECONDS,
        )

    def _failed(self, why: Exception | str) -> ProviderFailed:
        """The error for the person; the log has the reason, without a word that the provider sent."""
        log.warning("single sign-on failed", reason=why if isinstance(why, str) else type(why).__name__)
        return ProviderFailed(provider=self.name)


async def _json(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    response = await client.get(url)
    response.raise_for_status()
    told = response.json()
    if not isinstance(told, dict):
        raise ValueError("no object")
    return told
