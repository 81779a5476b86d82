"""Provenance of an answer: what it was made by, so that it can be made again and compared.

It is collected while the answer is made: each prompt is told as it is sent, and of it the SHA-256 is kept.
"""

from contextlib import AbstractAsyncContextManager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NamedTuple

from webapp.core.results import MOST_DIGESTS, PromptsRow, ProvenanceRow
from webapp.llm.client import Host, Prompt, ServerInfo
from webapp.llm.pool import Backend

if TYPE_CHECKING:
    from webapp.service.workspace import Workspace


class _Asked(NamedTuple):
    server: ServerInfo
    host: Host
    max_tokens: int
    temperature: float


class Provenance:
    """Collects the provenance of one turn, by the id that the turn will have. For one event loop."""

    def __init__(self, workspace: "Workspace", matter_id: str, turn_id: str) -> None:
        self.turn_id = turn_id
        self._workspace, self._matter_id = workspace, matter_id
        self._digests: dict[_Asked, list[str]] = {}
        self._sent: dict[_Asked, int] = {}

    def lease(self) -> AbstractAsyncContextManager[Backend]:
        """Lease a language model whose prompts are told here."""
        return self._workspace.engine_pool.lease(self._tell)

    def _tell(self, prompt: Prompt) -> None:
        asked = _Asked(prompt.server, prompt.host, prompt.max_tokens, prompt.temperature)
        self._sent[asked] = self._sent.get(asked, 0) + 1
        if sum(map(len, self._digests.values())) < MOST_DIGESTS:
            self._digests.setdefault(asked, []).append(prompt.sha256)

    def row(self) -> ProvenanceRow:
        """The provenance as far as it is known. Raises StoreUnavailable."""
        return ProvenanceRow(
            pincite=own_version(),
            index=self._workspace.library.indexed_with(self._matter_id) or "",
            second_opinion=self._workspace.settings.second_opinion,
            prompts=tuple(
                PromptsRow(
                    engine=asked.server.dialect,
                    model=asked.server.served,
                    host=asked.host,
                    window=asked.server.window,
                    max_tokens=asked.max_tokens,
                    temperature=asked.temperature,
                    sent=sent,
                    sha256=tuple(self._digests.get(asked, ())),
                )
                for asked, sent in self._sent.items()
            ),
        )


def own_version() -> str:
    """The version of pincite; "unknown" in a checkout that is not installed."""
    try:
        return version("pincite")
    except PackageNotFoundError:
        return "unknown"
