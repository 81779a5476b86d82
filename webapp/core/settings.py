"""What can be set, in one place: every field is one environment variable, `PINCITE_` and its name in capitals.

Keys may lie in files instead: in the folder that `PINCITE_SECRETS_DIR` names, each under its variable's name, as
containers get them. A value that cannot be used stops the start with a sentence that names the variable. The README's
table is made from this class by `make readme`; a test holds the two together.
"""

import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from webapp.core.errors import SettingsInvalid
from webapp.core.quotas import GUEST, TEAM, Kind

PREFIX = "PINCITE_"
MIB = 1 << 20  # bytes
LEAST_SECRET = 16  # characters


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must be an address that begins with http:// or https://")
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
            raise ValueError("it must name sites as https://name, without a path")
    return ",".join(origins)


def _networks(value: str) -> str:
    networks = [part.strip() for part in value.split(",") if part.strip()]
    for network in networks:
        try:
            everyone = ipaddress.ip_network(network).prefixlen == 0
        except ValueError:
            raise ValueError(f"“{network}” is no address (192.0.2.7) and no network (192.0.2.0/24)") from None
        if everyone:
            raise ValueError(f"“{network}” is everyone, and everyone could name any address")
    return ",".join(networks)


def _header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", value):
        raise ValueError("it must be the name of a header: letters, digits and hyphens")
    return value


def _hard_to_guess(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < LEAST_SECRET:
        raise ValueError(f"it must have at least {LEAST_SECRET} characters")
    return value


def _not_empty(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("it is empty")
    return value


def _quota(kind: Kind, meaning: str) -> Any:
    """A setting that is one part of a user's quota; unset it is as `webapp.core.quotas` has it for the kind of access."""
    shown = f"`{getattr(TEAM, kind)}`; with `demo` `{getattr(GUEST, kind)}`"
    return Field(None, gt=0, description=f"{meaning}; not with `local`.", json_schema_extra={"shown": shown})


HeaderName = Annotated[str, AfterValidator(_header_name)]
HardToGuess = Annotated[SecretStr, AfterValidator(_hard_to_guess)]
Networks = Annotated[str, AfterValidator(_networks)]
Origins = Annotated[str, AfterValidator(_origins)]
Secret = Annotated[SecretStr, AfterValidator(_not_empty)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
WebAddresses = Annotated[str, AfterValidator(_web_addresses)]


def user_data_folder() -> Path:
    """Where this user's programs keep their data: `XDG_DATA_HOME`, else `~/.local/share`; ours lies in it."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "pincite"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """Every setting. Frozen: what was read at the start holds until the end."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(
        default_factory=user_data_folder,
        description="Folder for everything pincite keeps: records, files, indexes, log.",
        json_schema_extra={"shown": "`pincite` in the user's data folder (`~/.local/share`)"},
    )
    host: str = Field("127.0.0.1", description="Address to listen on; with `PINCITE_ACCESS=local` loopback only.")
    port: int = Field(7860, ge=0, le=65535, description="Port of the page; 0 takes any free one.")
    access: Literal["local", "behind-proxy", "demo"] = Field(
        "local",
        description="Who may use it. `local`: one user, on this machine only. `behind-proxy`: users whom a proxy has "
        "authenticated and names in a header. `demo`: each browser is a user of its own for an hour; then all of "
        "theirs is deleted.",
    )
    user_header: HeaderName = Field(
        "X-Forwarded-User",
        description="Header in which the proxy names the user; it must replace what the client sent under that name.",
    )
    proxy_secret: HardToGuess | None = Field(
        None,
        description="What the proxy sends as `X-Pincite-Proxy-Secret`, so that nobody else can name a user. Without it the "
        "proxy must be on this machine, and every program on it is trusted.",
    )
    framed_by: Origins | None = Field(
        None,
        description="With `demo`: sites that may show the page inside one of theirs (`https://huggingface.co`), with "
        "commas between them.",
    )
    secrets_dir: Path | None = Field(
        None,
        description="Folder with files that are settings too, each named like its variable (`PINCITE_LLM_API_KEY`); the "
        "variable itself wins.",
    )
    llm_url: WebAddresses | None = Field(
        None,
        description="The engine that writes answers: TGI, vLLM, llama.cpp or another chat-completions server, with or "
        "without `/v1`; several addresses with commas between them.",
        json_schema_extra={"shown": "the bundled engine"},
    )
    llm_api_key: Secret | None = Field(None, description="Key for that engine.")
    llm_model: str | None = Field(
        None,
        description="Model to ask that engine for.",
        json_schema_extra={"shown": "`tgi` for TGI, else the first it lists"},
    )
    llm_first_token_seconds: float = Field(
        120,
        gt=0,
        description="How long an answer may take to begin, in seconds. A busy engine queues: a full batch of long prompts "
        "on one GPU, or one prompt on an old laptop, takes tens of seconds.",
    )
    llm_silence_seconds: float = Field(
        30, gt=0, description="How long an engine may pause within an answer, in seconds, before it counts as gone."
    )
    embeddings_url: WebAddress | None = Field(
        None,
        description="A text-embeddings-inference server to use instead of a search model in this process.",
    )
    embedding_model: str | None = Field(
        None,
        description="Search model: a folder or a hub id. A matter remembers the one it was indexed with.",
        json_schema_extra={"shown": "the packaged MiniLM"},
    )
    embedding_adapter: Path | None = Field(
        None,
        description="Adapter of the search model, as `bench/train_adapter.py` writes it; the indexes are then made anew.",
        json_schema_extra={"shown": "the packaged MiniLM's own"},
    )
    tokenizer: str | None = Field(
        None,
        description="Tokenizer of the engine's model: a folder or a hub id.",
        json_schema_extra={"shown": "Mistral's, unless the engine tells"},
    )
    database_url: Secret | None = Field(
        None,
        description="Database of the records, as SQLAlchemy writes it.",
        json_schema_extra={"shown": "SQLite in the data folder"},
    )
    chroma_url: WebAddress | None = Field(
        None, description="Chroma server for the vectors.", json_schema_extra={"shown": "Chroma in the data folder"}
    )
    files_url: str | None = Field(
        None,
        description="Where the uploaded files are kept, as fsspec writes it (`s3://…`).",
        json_schema_extra={"shown": "the data folder"},
    )
    max_file_mib: int = Field(200, gt=0, description="Largest file that is accepted, in MiB.")
    max_pages: int = Field(10_000, gt=0, description="Most pages of one document.")
    max_characters: int = Field(
        40_000_000,
        gt=0,
        description="Most characters of text of one document; 10,000 pages set solid have 39 million.",
    )
    max_matter_characters: int = Field(
        500_000_000,
        gt=0,
        description="Most characters of text of all documents of a matter; 180,000 pages of contracts have as many.",
    )
    page_seconds: float = Field(
        30,
        gt=0,
        description="How long one page of a document may take to read, in seconds; the slowest of 2,772 ordinary ones took "
        "0.12. A document that takes longer fails.",
    )
    document_seconds: float = Field(
        900,
        gt=0,
        description="How long a document may take to read and to cut into passages, in seconds; 10,000 pages take half a minute.",
    )
    reader_mib: int = Field(
        2048,
        ge=256,
        description="Most memory (address space) of a process that reads a document, in MiB; a file of 200 MiB takes 450.",
    )
    reader_processes: int = Field(2, gt=0, le=64, description="Processes that read PDFs at the same time.")
    page_images_at_once: int = Field(
        2,
        ge=2,
        le=64,
        description="Page images that are drawn at the same time, each by a process of its own; one user has all but one of "
        "them at most.",
    )
    answers_at_once: int = Field(
        64,
        gt=0,
        description="Answers that are written at the same time, by each engine of `PINCITE_LLM_URL` (the bundled one "
        "writes 2); further questions wait for their turn.",
    )
    questions_waiting: int = Field(
        200, ge=0, description="Questions that may wait for their turn; who comes then is told to ask again later."
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
        description="With `demo`: guests there may be at a time from one address (of IPv6, one /64 network), of 100 in all. "
        "An office or a class behind one address fits; four of them fill it.",
    )
    questions_per_address: int = Field(
        16,
        gt=0,
        description="With `demo`: questions that the guests of one address may have under way: all of theirs for four guests, "
        "or one each for sixteen.",
    )
    trusted_proxies: Networks | None = Field(
        None,
        description="With `demo`: proxies whose `X-Forwarded-For` is believed: addresses or networks (`10.0.0.0/8`), with commas "
        "between them. Each must add the address that it was reached from. From anyone else the header counts for nothing.",
    )
    metrics_token: HardToGuess | None = Field(
        None,
        description="What Prometheus sends as `Authorization: Bearer …` to read `/metrics`. Without it `/metrics` is "
        "there with `PINCITE_ACCESS=local` only, for the browser that was let in.",
    )
    busy_wait_seconds: float = Field(
        300, ge=0, description="How long a command waits for another one that is using the data folder, in seconds."
    )

    @model_validator(mode="after")
    def _nobody_names_themselves(self) -> Self:
        if self.access == "local" and not is_loopback(self.host):
            raise SettingsInvalid(
                setting=f"{PREFIX}HOST",
                reason=f"“{self.host}” can be reached from other machines, and with PINCITE_ACCESS=local whoever "
                "reaches the page is let in; use 127.0.0.1",
            )
        if self.access == "behind-proxy" and self.proxy_secret is None and not is_loopback(self.host):
            raise SettingsInvalid(
                setting=f"{PREFIX}PROXY_SECRET",
                reason=f"it is not set, and whoever reaches “{self.host}” without the proxy could name any user",
            )
        if self.framed_by and self.access != "demo":
            raise SettingsInvalid(
                setting=f"{PREFIX}FRAMED_BY",
                reason="only with PINCITE_ACCESS=demo may other sites show the page inside one of theirs",
            )
        return self

    @property
    def trusted_networks(self) -> tuple[str, ...]:
        """The proxies whose X-Forwarded-For is believed."""
        return tuple(self.trusted_proxies.split(",")) if self.trusted_proxies else ()

    @property
    def llm_urls(self) -> tuple[str, ...]:
        """The engine's addresses, in the order given; empty for the bundled engine."""
        return tuple(self.llm_url.split(",")) if self.llm_url else ()


def load_settings(**given: Any) -> Settings:
    """The settings of this process: `given`, else the environment's, else those in files. Raises SettingsInvalid."""
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
    told = error.get("ctx", {}).get("error")  # our own validators' words, which never repeat the value
    if told is not None:
        return str(told)
    value = "its value" if "SecretStr" in str(Settings.model_fields[field]) else f"“{error['input']}”"
    return str(error["msg"]).replace("Input", value, 1)


def rows() -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of every setting, as the README and `--help` texts show them."""
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = str(extra.get("shown", "none" if field.default is None else f"`{field.default}`"))
        yield f"`{PREFIX}{name.upper()}`", default, field.description or ""


def table() -> str:
    """The README's settings table, in Markdown."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {default} | {meaning} |" for name, default, meaning in rows())])
