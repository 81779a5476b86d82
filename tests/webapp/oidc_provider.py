"""A small provider of OpenID Connect on loopback, with real signatures, that can be told to lie."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, CLIENT_SECRET = "pincite", "a client secret & more"


class OidcProvider:
    """A provider: who signs in next has `claims`; `lies` are claims, headers or keys that the next ID token has."""

    def __init__(self) -> None:
        self.key, self.other_key = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("first", "first"))
        self.next_key = RSAKey.generate_key(2048, {"kid": "second"})
        self.keys = [self.key]
        self.claims: dict[str, Any] = {"sub": "ada"}
        self.userinfo: dict[str, Any] | None = None
        self.lies: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.signer: Any = self.key
        self.answers_as = ""  # the issuer that the browser brings back
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []  # paths
        self.url = ""

    def metadata(self) -> dict[str, Any]:
        told = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks", "end_session_endpoint": f"{self.url}/logout"}
        for name in ("authorization", "token"):
            told[f"{name}_endpoint"] = f"{self.url}/{name}"
        if self.userinfo is not None:
            told["userinfo_endpoint"] = f"{self.url}/userinfo"
        return told | {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}

    def authorise(self, url: str) -> str:
        """What a person does at the address to which they were sent: returns where the browser is sent back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        told = {"code": code, "state": asked["state"]} | ({"iss": self.answers_as} if self.answers_as else {})
        return f"{urlsplit(asked['redirect_uri']).path}?{urlencode(told)}"

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"]}
        claims = {name: value for name, value in (claims | self.claims | self.lies).items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.signer.kid}
        if self.algorithm == "RS256":
            return jwt.encode(header, claims, self.signer, algorithms=["RS256"])
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = b""  # "none"; or the published key, taken for a shared secret
        if self.algorithm == "HS256":
            signature = hmac.new(self.key.as_pem(private=False), signed, hashlib.sha256).digest()
        return (signed + b"." + _encoded(signature)).decode()

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer of the token endpoint; None for a code that was used, or a client that is not ours."""
        asked = self.codes.pop(form.get("code", ""), None)
        expected = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {expected}" or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        challenge = _encoded(hashlib.sha256(form["code_verifier"].encode()).digest())
        if challenge.decode() != asked["code_challenge"]:
            return None
        return {"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": self.id_token(asked)}


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@contextmanager
def oidc_provider() -> Iterator[OidcProvider]:
    """A provider that answers until the block ends."""
    provider = OidcProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            match self.path:
                case "/.well-known/openid-configuration":
                    self.answer(provider.metadata())
                case "/jwks":
                    self.answer({"keys": [key.as_dict(private=False) for key in provider.keys]})
                case "/userinfo" if self.headers["Authorization"] == "Bearer access":
                    self.answer(provider.userinfo)
                case _:
                    self.answer(None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(provider.token(form, self.headers.get("Authorization", "")))

        def answer(self, told: object) -> None:
            data = json.dumps(told if told is not None else {"error": "invalid_grant"}).encode()
            self.send_response(200 if told is not None else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
