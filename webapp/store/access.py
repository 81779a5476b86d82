"""Who may: the one place where a name or an id that arrived becomes a matter or a document.

What a user may not see and what does not exist are the same to them, word for word.
"""

import uuid
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from retrieval import DocumentRecord, Library, Matter, MatterExists, NoSuchDocument, NoSuchMatter, clean_name
from webapp.core.errors import AmbiguousDocument
from webapp.core.limits import check_name, is_id
from webapp.core.quotas import TEAM, Quota
from webapp.store.users import LOCAL_USER, Records, User, matters_joined, one_at_a_time

ID_PREFIX = 6  # the shortest start of an id that names a document: one in 16 million fits by chance
NAMES_SHOWN = 5


class Access:
    """Resolves what a user asks for, against their memberships."""

    def __init__(self, library: Library, records: Records, quota: Quota = TEAM) -> None:
        """`quota`: of each user but the local one."""
        self._library = library
        self._records = records
        self._quota = quota

    def matters(self, user: User) -> list[Matter]:
        """The matters of `user`, by name."""
        mine = self._records.matters_of(user)
        return [matter for matter in self._library.matters() if matter.id in mine]

    def matter(self, user: User, name_or_id: str) -> Matter:
        """The matter of that name, or else of that id. Raises NoSuchMatter, also for one of someone else, and NameTooLong."""
        check_name(name_or_id)
        mine = self.matters(user)
        name = clean_name(name_or_id)  # as `create_matter` keeps it
        for matter in [m for m in mine if m.name == name] + [m for m in mine if m.id == name_or_id]:
            return matter
        raise NoSuchMatter(matter=name_or_id)

    def may(self, user: User, matter_id: str) -> bool:
        """Whether `user` is a member of the matter of this id."""
        return is_id(matter_id) and matter_id in self._records.matters_of(user)

    def check(self, user: User, matter_id: str) -> None:
        """Raise NoSuchMatter unless `user` may see the matter of this id."""
        if not self.may(user, matter_id):
            raise NoSuchMatter(matter=matter_id if is_id(matter_id) else "…")

    def create(self, user: User, name: str) -> Matter:
        """A new matter with `user` as its one member. Raises MatterExists, for one of theirs alone, NameTooLong, QuotaReached.

        The membership is noted first: a crash in between leaves one of nothing, never a matter that nobody can delete.
        """
        check_name(name)
        name = clean_name(name) or "Matter"
        if any(matter.name == name for matter in self.matters(user)):
            raise MatterExists(matter=name)
        matter_id = uuid.uuid4().hex
        quota = self.quota(user)
        self._records.join(user, [matter_id], partial(quota.check, "matters") if quota else None)
        try:
            return self._library.create_matter(name, namespace=user.id, matter_id=matter_id)
        except BaseException:  # a membership of nothing is taken back; raised again
            self._records.leave(user, matter_id)
            raise

    def accept(self, user: User, matter: Matter, path: Path, name: str | None = None) -> DocumentRecord:
        """Take a file into a matter of `user`, durably; `Ingest.wake` has it read.

        Raises NoSuchMatter, NameTooLong, QuotaReached, and what `Library.accept_path` does.
        """
        self.check(user, matter.id)
        check_name(name or path.name)
        quota = self.quota(user)

        def allows(connection: sa.Connection, size: int) -> None:
            if quota is not None:
                one_at_a_time(connection, user)
                documents, bytes_held = self._library.held(connection, matters_joined(user))
                quota.check_documents(documents + 1, bytes_held + size)

        return self._library.accept_path(matter.id, path, name, allows)

    def put_right(self, user: User) -> None:
        """Put right what a crash left: `user` becomes a member of matters that have none, and what is gone is forgotten.

        For the local user alone, who owns all there is; before anyone else works.
        """
        matter_ids = [matter.id for matter in self._library.matters()]
        self._records.forget_all_but(matter_ids)
        self._records.join(user, self._records.without_members(matter_ids))

    def forget(self, matter: Matter) -> None:
        """No one is let into `matter` any more, and what was said in it is deleted."""
        self._records.forget_matter(matter.id)

    def record(self, user: User, matter_id: str, document_id: str) -> DocumentRecord:
        """The document of exactly these ids. Raises NoSuchMatter or NoSuchDocument."""
        self.check(user, matter_id)
        if not is_id(document_id):
            raise NoSuchDocument(document="…")
        return self._library.record(matter_id, document_id)

    def guests_over(self) -> list[User]:
        """The guests whose time is over."""
        return self._records.guests_over()

    def forget_user(self, user: User) -> None:
        """Delete what is kept of a user; their matters are deleted before."""
        self._records.forget_user(user)

    def document(self, user: User, matter: Matter, asked: str) -> DocumentRecord:
        """The document of `matter` that `asked` names: its name, its id, the start of its id, or a part of its name.

        The first of these readings that fits anything decides. Raises NoSuchMatter, NoSuchDocument, AmbiguousDocument and
        NameTooLong.
        """
        check_name(asked)
        all_of_them = self.documents(user, matter)
        folded = asked.casefold().strip()
        readings = (
            [r for r in all_of_them if r.name == asked],
            [r for r in all_of_them if len(folded) >= ID_PREFIX and r.id.startswith(folded)],
            [r for r in all_of_them if folded and folded in r.name.casefold()],
        )
        fitting = next((reading for reading in readings if reading), [])
        if not fitting:
            raise NoSuchDocument(document=asked)
        if len(fitting) > 1:
            raise AmbiguousDocument(document=asked, names=_names(fitting))
        return fitting[0]

    def documents(self, user: User, matter: Matter) -> list[DocumentRecord]:
        """The documents of `matter`, in the order they came. Raises NoSuchMatter when `user` may not see it."""
        if not self.may(user, matter.id):
            raise NoSuchMatter(matter=matter.name)
        return self._library.documents(matter.id)

    def quota(self, user: User) -> Quota | None:
        """How much `user` may have; None for the local user, whose machine it is."""
        return None if user == LOCAL_USER else self._quota


def _names(records: list[DocumentRecord]) -> str:
    shown = [f"{record.name} ({record.id[:12]})" for record in records[:NAMES_SHOWN]]
    more = len(records) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
