"""State of the server for its administrators: health, queues, disk, quotas. Names and sizes, never content."""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from webapp.core.results import DiskRow, QueueRow, QuotaRow, StatusRow, UsageRow
from webapp.service.provenance import own_version
from webapp.service.workspace import Workspace
from webapp.store.users import LOCAL_USER, User

_PARTS = {"pincite.db": "database", "files": "originals and texts", "vectors": "vectors", "lexical": "word index"}
OTHER = "other"


def status(workspace: Workspace, user: User) -> StatusRow:
    """The state of the server. For administrators. Raises NotAllowed."""
    workspace.sharing.check_administrator(user)
    settings, quota = workspace.settings, workspace.settings.quota
    running, waiting = workspace.question_queue.counts
    return StatusRow(
        pincite=own_version(),
        access=settings.access,
        stores="ready",  # they were asked above
        embedder="away" if workspace.fault else "ready" if workspace.has_embedder else "not opened",
        engine=asyncio.run(workspace.engine_pool.state()),
        engines=len(settings.llm_urls) + bool(settings.llm_file),
        questions_running=running,
        questions_waiting=waiting,
        compacting=workspace.compaction.is_due,
        queue=tuple(
            QueueRow(matter_id=matter.id, matter=matter.name, state=state, documents=count, bytes=size)
            for matter, state, count, size in workspace.library.queued()
        ),
        disk=tuple(_disk(settings.data_dir)),
        free_bytes=shutil.disk_usage(settings.data_dir).free,
        quota=QuotaRow(
            matters=quota.matters,
            documents=quota.documents,
            mib=quota.mib,
            conversations=quota.conversations,
            turns=quota.turns,
        ),
        usage=tuple(_usage(workspace)),
    )


def _disk(folder: Path) -> Iterator[DiskRow]:
    """The parts of the data folder, the largest first."""
    sizes: Counter[str] = Counter()
    for entry in os.scandir(folder):
        part = _PARTS.get(entry.name.split("-", 1)[0], OTHER)
        sizes[part] += _size(entry)
    for part, size in sizes.most_common():
        yield DiskRow(part=part, bytes=size)


def _size(entry: "os.DirEntry[str]") -> int:
    """Bytes of a file, or of all files of a folder; what is deleted meanwhile counts no more."""
    try:
        if not entry.is_dir(follow_symlinks=False):
            return entry.stat(follow_symlinks=False).st_size
        return sum(map(_size, os.scandir(entry.path)))
    except FileNotFoundError:
        return 0


def _usage(workspace: Workspace) -> Iterator[UsageRow]:
    """What the matters of each person hold, the most first; of the machine's own user too."""
    accounts = {account.id: account for account in workspace.accounts.all()}
    held: dict[User, list[int]] = {}
    for matter, documents, size in workspace.library.sizes():
        if owner := workspace.access.owner(matter):
            its = held.setdefault(owner, [0, 0, 0])
            for at, more in enumerate((1, documents, size)):
                its[at] += more
    for owner, (matters, documents, size) in sorted(held.items(), key=lambda each: -each[1][2]):
        account = accounts.get(owner.id)
        name = "the machine" if owner == LOCAL_USER else owner.name
        email = account.email if account else None
        yield UsageRow(name=name, email=email, matters=matters, documents=documents, bytes=size)
