"""Settings from environment variables: each field is one variable, `PINCITE_` followed by the field's name in capitals.

A setting may also be a file in the folder `PINCITE_SECRETS_DIR`, named like its variable, as container secrets are. An
invalid value stops the start with an error that names the variable. The table of settings in the documentation is
generated from this class; a test compares the two.
"""

import ipaddress
import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from webapp.core.errors import SettingsInvalid
from webapp.core.quotas import GUEST, SETTINGS, TEAM, Kind, Quota

PREFIX = "PINCITE_"
LEAST_SECRET = 16  # characters
_GGUF = b"GGUF"  # with which such a file begins


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must be a URL that begins with http:// or https://")
    return value.rstrip("/")


def _web_addresses(value: str) -> str:
    return ",".join(_web_address(part.strip()) for part in value.split(",") if part.strip())


def _origins(value: str) -> str:
    origins = [part.strip().rstrip("/") for part in value.split(",") if part.strip()]
    for origin in origins:
        parts = urlsplit(origin)
        if (
            parts.scheme != "https"
            or origin != f"https://{parts.netloc}"
            or not re.fullmatch(r"[a-z0-9.:-]+", parts.netloc)
        ):
            raise ValueError("each site must be written as https://name, without a path")
    return ",".join(origins)


def _networks(value: str) -> str:
    networks = [part.strip() for part in value.split(",") if part.strip()]
    for network in networks:
        try:
            everyone = ipaddress.ip_network(network).prefixlen == 0
        except ValueError:
            raise ValueError(f"“{network}” is neither an address (192.0.2.7) nor a network (192.0.2.0/24)") from None
        if everyone:
            raise ValueError(f"“{network}” covers every address, so that any client could claim any other address")
    return ",".join(networks)


def _header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", value):
        raise ValueError("it must be a header name of letters, digits and hyphens")
    return value


def _hard_to_guess(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < LEAST_SECRET:
        raise ValueError(f"it must have at least {LEAST_SECRET} characters")
    return value


def model_file(value: Path) -> Path:
    """Check that a file is a language model that can be served. Raises ValueError."""
    if not value.is_file():
        raise ValueError(f"there is no file “{value}”")
    if find_spec("xllamacpp") is None:
        raise ValueError("it needs the package xllamacpp, which is not installed")
    try:
        with value.open("rb") as file:
            is_gguf = file.read(len(_GGUF)) == _GGUF
    except OSError as error:
        raise ValueError(f"“{value}” cannot be read") from error
    if not is_gguf:
        raise ValueError(f"“{value}” is no language model in GGUF")
    return value


def _not_empty(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("it is empty")
    return value


def _quota(kind: Kind, meaning: str) -> Any:
    """A field for one limit of a user's quota; its default, in `webapp.core.quotas`, depends on the kind of access."""
    shown = f"`{getattr(TEAM, kind)}`; with `demo` `{getattr(GUEST, kind)}`"
    return Field(None, gt=0, description=f"{meaning}; not with `local`.", json_schema_extra={"shown": shown})


def _domains(value: str) -> str:
    domains = [part.strip().lower().removeprefix("@") for part in value.split(",") if part.strip()]
    for domain in domains:
        if domain != "*" and not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain):
            raise ValueError(f"“{domain}” is not a domain, such as firm.example")
    return ",".join(domains)


Domains = Annotated[str, AfterValidator(_domains)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HardToGuess = Annotated[SecretStr, AfterValidator(_hard_to_guess)]
ModelFile = Annotated[Path, AfterValidator(model_file)]
Networks = Annotated[str, AfterValidator(_networks)]
Origins = Annotated[str, AfterValidator(_origins)]
Secret = Annotated[SecretStr, AfterValidator(_not_empty)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
WebAddresses = Annotated[str, AfterValidator(_web_addresses)]


def user_data_folder() -> Path:
    """The default data folder: `pincite` in `XDG_DATA_HOME`, or in `~/.local/share` where that is unset."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "pincite"


def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback address or `localhost`, which only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """All settings, read once at the start; immutable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(
        default_factory=user_data_folder,
        description="Folder for all data of pincite: database, files, indexes, log.",
        json_schema_extra={"shown": "`pincite` in the user's data folder (`~/.local/share`)"},
    )
    host: str = Field("127.0.0.1", description="Address to listen on; with `PINCITE_ACCESS=local` loopback only.")
    port: int = Field(7860, ge=0, le=65535, description="Port of the page; 0 for any free port.")
    access: Literal["local", "accounts", "behind-proxy", "demo"] = Field(
        "local",
        description="Who may use it. `local`: one user, on this machine only. `accounts`: people who sign in, with a "
        "password or by single sign-on. `behind-proxy`: users whom a proxy authenticates and names in a header. "
        "`demo`: each browser is a guest for an hour; then the guest's data is deleted.",
    )
    public_url: WebAddress | None = Field(
        None,
        description="With `accounts`: the address under which people open the page (`https://pincite.firm.example`). "
        "Links and single sign-on lead there; with https the cookies are for https alone.",
        json_schema_extra={"shown": "address and port it listens on; in a Space the Space's"},
    )
    session_idle_hours: float = Field(
        8, gt=0, description="With `accounts`: hours without an act of the person after which a session ends."
    )
    session_days: float = Field(7, gt=0, description="With `accounts`: days after which a session ends in any case.")
    oidc_issuer: WebAddress | None = Field(
        None,
        description="With `accounts`: issuer of OpenID Connect, for single sign-on; its configuration is read from "
        "`/.well-known/openid-configuration` there.",
        json_schema_extra={"shown": "none; in a Space with `hf_oauth` Hugging Face"},
    )
    oidc_client_id: str | None = Field(None, description="Client id that the issuer gave for pincite.")
    oidc_client_secret: Secret | None = Field(
        None, description="Client secret that the issuer gave; none for a public client."
    )
    oidc_scopes: str = Field("openid profile email", description="Scopes to ask the issuer for.")
    oidc_name: str | None = Field(
        None, description="Name of the issuer on the sign-in page.", json_schema_extra={"shown": "its host"}
    )
    oidc_domains: Domains | None = Field(
        None,
        description="E-mail domains, separated by commas, whose people get an account when they first sign in at the "
        "issuer; `*` for everyone whom it signs in.",
        json_schema_extra={"shown": "none: only people whom an administrator added by e-mail"},
    )
    user_header: HeaderName = Field(
        "X-Forwarded-User",
        description="Header in which the proxy names the user; the proxy must replace the client's header of that "
        "name.",
    )
    proxy_secret: HardToGuess | None = Field(
        None,
        description="Secret that the proxy sends as `X-Pincite-Proxy-Secret`, so that nobody else can name a user. "
        "Without it the proxy must be on this machine, and every program on this machine is trusted.",
    )
    framed_by: Origins | None = Field(
        None,
        description="With `demo`: sites that may embed the page in a frame (`https://huggingface.co`), separated by "
        "commas.",
    )
    secrets_dir: Path | None = Field(
        None,
        description="Folder of files that hold settings, each named like its variable (`PINCITE_LLM_API_KEY`); the "
        "variable takes precedence.",
    )
    llm_url: WebAddresses | None = Field(
        None,
        description="URL of the language model server: TGI, vLLM, llama.cpp or another chat-completions server, with "
        "or without `/v1`; several URLs separated by commas.",
        json_schema_extra={"shown": "none: answers quote the documents"},
    )
    llm_file: ModelFile | None = Field(
        None,
        description="Language model in a file, in GGUF, instead of a server: pincite serves it itself, with llama.cpp.",
    )
    models_dir: Path | None = Field(
        None,
        description="Folder of language models in GGUF, from which the page and `pincite model` offer a choice, and "
        "where those that are fetched go.",
        json_schema_extra={"shown": "`models` in the data folder"},
    )
    llm_api_key: Secret | None = Field(None, description="API key of the language model server.")
    llm_model: str | None = Field(
        None,
        description="Model to request from the language model server.",
        json_schema_extra={"shown": "`tgi` for TGI, else the first it lists"},
    )
    llm_first_token_seconds: float = Field(
        120,
        gt=0,
        description="Time-out for the first text of an answer, in seconds. A busy server queues: a full batch of long "
        "prompts on one GPU, or one prompt on an old laptop, takes tens of seconds.",
    )
    llm_silence_seconds: float = Field(
        30, gt=0, description="Time-out between two pieces of an answer's text, in seconds."
    )
    second_opinion: bool = Field(
        False,
        description="Ask the language model again, one token for each sentence of an answer that is no bare quotation, "
        "whether the cited passages say it. A no marks the sentence as not confirmed; a yes changes nothing.",
    )
    embeddings_url: WebAddress | None = Field(
        None,
        description="URL of a text-embeddings-inference server, used instead of a search model in this process.",
    )
    embedding_model: str | None = Field(
        None,
        description="Search model: a folder or a hub id. Each matter records the model that it was indexed with.",
        json_schema_extra={"shown": "the packaged MiniLM"},
    )
    embedding_adapter: Path | None = Field(
        None,
        description="Adapter of the search model, as `bench/train_adapter.py` writes it; a change rebuilds the "
        "indexes.",
        json_schema_extra={"shown": "the packaged MiniLM's own"},
    )
    entailment_model: Path | None = Field(
        None,
        description="Model that reads whether a clause says what a sentence of an answer says, as "
        "`bench/train_entailment.py` writes it. Its readings count as far as the figures of its card, on statements "
        "that it was not trained on, say that they help.",
    )
    tokenizer: str | None = Field(
        None,
        description="Tokenizer of the language model: a folder or a hub id.",
        json_schema_extra={"shown": "Mistral's; with llama.cpp the server's own"},
    )
    database_url: Secret | None = Field(
        None,
        description="URL of the database, in SQLAlchemy's form.",
        json_schema_extra={"shown": "SQLite in the data folder"},
    )
    chroma_url: WebAddress | None = Field(
        None,
        description="URL of a Chroma server for the vectors.",
        json_schema_extra={"shown": "Chroma in the data folder"},
    )
    files_url: str | None = Field(
        None,
        description="Storage of the uploaded files, as a URL in fsspec's form (`s3://…`).",
        json_schema_extra={"shown": "the data folder"},
    )
    max_file_mib: int = Field(200, gt=0, description="Maximum size of a file, in MiB.")
    max_pages: int = Field(10_000, gt=0, description="Maximum number of pages of one document.")
    max_characters: int = Field(
        40_000_000,
        gt=0,
        description="Maximum characters of text of one document; 10,000 densely set pages have 39 million.",
    )
    max_matter_characters: int = Field(
        500_000_000,
        gt=0,
        description="Maximum characters of text of all documents of a matter: some 180,000 pages of contracts.",
    )
    page_seconds: float = Field(
        30,
        gt=0,
        description="Time limit for reading one page of a document, in seconds; the slowest of 2,772 ordinary pages "
        "took 0.12. A document with a slower page fails.",
    )
    document_seconds: float = Field(
        900,
        gt=0,
        description="Time limit for reading a document and splitting it into passages, in seconds; 10,000 pages take "
        "30.",
    )
    reader_mib: int = Field(
        2048,
        ge=256,
        description="Memory limit (address space) of a process that reads documents, in MiB; a file of 200 MiB takes "
        "450.",
    )
    ocr: bool = Field(
        True,
        description="Recognise the words of scans and pictures (OCR). Without it pages whose text is in an image are "
        "named as unreadable.",
    )
    ocr_seconds: float = Field(
        60,
        gt=0,
        description="Time limit for recognising one page, in seconds, beside that for reading it; a dense page takes 7 "
        "on one core. A page that takes longer is named as unreadable.",
    )
    ocr_mib: int = Field(
        2048,
        ge=1024,
        description="Memory limit (address space) of a process that recognises words, in MiB; a dense page takes "
        "1,100. Each process that reads documents has one, while there are scans.",
    )
    reader_processes: int = Field(2, gt=0, le=64, description="Processes that read documents at the same time.")
    page_images_at_once: int = Field(
        2,
        ge=2,
        le=64,
        description="Page images that are drawn at the same time, each in its own process; one user gets all but one "
        "of them at most.",
    )
    answers_at_once: int = Field(
        64,
        gt=0,
        description="Answers that each server of `PINCITE_LLM_URL` writes at the same time (2 without one); further "
        "questions wait in a queue.",
    )
    questions_waiting: int = Field(
        200, ge=0, description="Length of the queue of questions; further questions are refused."
    )
    questions_per_user: int = Field(
        4, gt=0, description="Questions that one user may have under way, waiting ones included; not with `local`."
    )
    documents_per_user: int | None = _quota(
        "documents",
        "Documents that one user may have, over all their matters: the files of a large transaction several times over",
    )
    mib_per_user: int | None = _quota(
        "mib", "MiB of documents that one user may have, over all their matters: 5 for each document, as scans have"
    )
    matters_per_user: int | None = _quota(
        "matters", "Matters that one user may have: a new one every working day for four years"
    )
    conversations_per_user: int | None = _quota(
        "conversations", "Conversations that one user may have in all: twenty every working day for four years"
    )
    turns_per_conversation: int | None = _quota(
        "turns", "Questions that may be kept in one conversation: one a minute for a long working day"
    )
    guests_per_address: int = Field(
        25,
        gt=0,
        description="With `demo`: guests at the same time from one address (of IPv6, one /64 network), of 100 in all. "
        "An office or a class behind one address fits; four of them fill the demo.",
    )
    questions_per_address: int = Field(
        16,
        gt=0,
        description="With `demo`: questions that the guests of one address may have under way: four each for four "
        "guests, or one each for sixteen.",
    )
    trusted_proxies: Networks | None = Field(
        None,
        description="With `demo` and `accounts`: proxies whose `X-Forwarded-For` header is trusted: addresses or "
        "networks (`10.0.0.0/8`), separated by commas. Each must append the address of its client. From anyone else "
        "the header is ignored.",
    )
    metrics_token: HardToGuess | None = Field(
        None,
        description="Token that Prometheus sends as `Authorization: Bearer …` to read `/metrics`. Without it "
        "`/metrics` exists with `PINCITE_ACCESS=local` only, for the browser that opened the printed address.",
    )
    busy_wait_seconds: float = Field(
        300, ge=0, description="How long a command waits while another command uses the data folder, in seconds."
    )

    @model_validator(mode="after")
    def _nobody_names_themselves(self) -> Self:
        if self.access == "local" and not is_loopback(self.host):
            raise SettingsInvalid(
                setting=f"{PREFIX}HOST",
                reason=f"other machines can reach “{self.host}”, and PINCITE_ACCESS=local has one user without a "
                f"login; "
                "use 127.0.0.1",
            )
        if self.access == "behind-proxy" and self.proxy_secret is None and not is_loopback(self.host):
            raise SettingsInvalid(
                setting=f"{PREFIX}PROXY_SECRET",
                reason=f"it is not set, and anyone who reaches “{self.host}” without the proxy could name any user",
            )
        if self.framed_by and self.access != "demo":
            raise SettingsInvalid(
                setting=f"{PREFIX}FRAMED_BY",
                reason="other sites may embed the page with PINCITE_ACCESS=demo only",
            )
        if self.llm_file and self.llm_url:
            raise SettingsInvalid(setting=f"{PREFIX}LLM_FILE", reason="PINCITE_LLM_URL is set too; keep one of them")
        return self

    @model_validator(mode="after")
    def _passwords_are_not_sent_in_the_clear(self) -> Self:
        if self.access != "accounts":
            return self
        if self.public_url is None and not is_loopback(self.host):
            raise SettingsInvalid(
                setting=f"{PREFIX}PUBLIC_URL",
                reason=f"it is not set, and with PINCITE_ACCESS=accounts on “{self.host}” links and cookies need it",
            )
        for name, url in (("PUBLIC_URL", self.public_url), ("OIDC_ISSUER", self.oidc_issuer)):
            parts = urlsplit(url or "")
            if url and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
                raise SettingsInvalid(
                    setting=f"{PREFIX}{name}",
                    reason=f"passwords and tokens would be sent in the clear to “{url}”; it must begin with https://",
                )
        if self.public_url and urlsplit(self.public_url).path:
            raise SettingsInvalid(setting=f"{PREFIX}PUBLIC_URL", reason="it must have no path")
        if self.oidc_issuer and not self.oidc_client_id:
            raise SettingsInvalid(setting=f"{PREFIX}OIDC_CLIENT_ID", reason="it is not set, and PINCITE_OIDC_ISSUER is")
        return self

    @property
    def page_url(self) -> str:
        """Address under which the page is opened, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def trusted_networks(self) -> tuple[str, ...]:
        """Addresses and networks of the proxies whose X-Forwarded-For is trusted."""
        return tuple(self.trusted_proxies.split(",")) if self.trusted_proxies else ()

    @property
    def models_folder(self) -> Path:
        """Folder of language models in GGUF, which need not exist."""
        return self.models_dir or self.data_dir / "models"

    @property
    def llm_urls(self) -> tuple[str, ...]:
        """URLs of the LLM servers, in the order given."""
        return tuple(self.llm_url.split(",")) if self.llm_url else ()

    @property
    def quota(self) -> Quota:
        """Quota of every user but the local one."""
        default = GUEST if self.access == "demo" else TEAM
        values = {kind: getattr(self, name) for kind, name in SETTINGS.items()}
        limits = {kind: getattr(default, kind) if most is None else most for kind, most in values.items()}
        return Quota(**limits, of_guests=default.of_guests)


# What a Hugging Face Space with `hf_oauth: true` has in its environment, by our names; ours take precedence.
_OF_SPACE = {
    "oidc_issuer": "OPENID_PROVIDER_URL",
    "oidc_client_id": "OAUTH_CLIENT_ID",
    "oidc_client_secret": "OAUTH_CLIENT_SECRET",
    "oidc_scopes": "OAUTH_SCOPES",
}


def _of_space() -> dict[str, str]:
    """Settings that the Hugging Face Space gives in which this runs; none elsewhere."""
    host = os.environ.get("SPACE_HOST", "").partition(",")[0].strip()  # one with a domain of its own has two
    if not host:
        return {}
    found = {name: os.environ[variable] for name, variable in _OF_SPACE.items() if os.environ.get(variable)}
    if "oidc_issuer" in found:
        found["oidc_name"] = "Hugging Face"
    found["public_url"] = f"https://{host}"
    return {name: value for name, value in found.items() if not os.environ.get(PREFIX + name.upper())}


def load_settings(**given: Any) -> Settings:
    """Read the settings: `given` first, then environment variables, then files, and in a Space what the Space gives.

    Raises SettingsInvalid.
    """
    given = _of_space() | given
    folder = given.get("secrets_dir") or os.environ.get(f"{PREFIX}SECRETS_DIR") or None
    if folder is not None and not Path(folder).is_dir():
        raise SettingsInvalid(setting=f"{PREFIX}SECRETS_DIR", reason=f"there is no folder “{folder}”")
    try:
        return Settings(**given | {"_secrets_dir": folder})
    except OSError as error:
        name = Path(error.filename or folder or "").name
        raise SettingsInvalid(
            setting=name, reason=f"its file cannot be read ({(error.strerror or '').lower()})"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0])
        raise SettingsInvalid(setting=PREFIX + field.upper(), reason=_reason(field, first)) from None


def _reason(field: str, error: Any) -> str:
    own_message = error.get("ctx", {}).get("error")  # of a validator in this file; never repeats the value
    if own_message is not None:
        return str(own_message)
    value = "its value" if "SecretStr" in str(Settings.model_fields[field]) else f"“{error['input']}”"
    return str(error["msg"]).replace("Input", value, 1)


def rows() -> Iterator[tuple[str, str, str]]:
    """Name, default and description of every setting, in Markdown."""
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = str(extra.get("shown", "none" if field.default is None else f"`{field.default}`"))
        yield f"`{PREFIX}{name.upper()}`", default, field.description or ""


def table() -> str:
    """The table of settings, in Markdown, for the documentation."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {default} | {meaning} |" for name, default, meaning in rows())])
