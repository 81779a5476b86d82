"""Authorisation: resolves a name or id from a client to a matter or document that the user may see.

Items of other users and items that do not exist raise the same error, so that neither can be told from the other.
"""

import uuid
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from retrieval import Allows, DocumentRecord, Library, Matter, MatterExists, NoSuchDocument, NoSuchMatter, clean_title
from webapp.core.errors import AmbiguousDocument, AmbiguousMatter, MatterArchived, RoleTooLow
from webapp.core.limits import check_name, is_id
from webapp.core.quotas import TEAM, Quota
from webapp.store.removals import Removals
from webapp.store.roles import IN_ARCHIVE, RIGHTS, Right, owned_by
from webapp.store.users import LOCAL_USER, User, Users, lock_user

ID_PREFIX = 6  # hex digits, the shortest prefix of an id that names a document: one in 16 million matches by chance
NAMES_SHOWN = 5  # candidates that AmbiguousDocument lists


class Access:
    """Authorisation by role: a user sees the matters that they are in, and does there what their role may."""

    def __init__(self, library: Library, records: Users, quota: Quota = TEAM, removals: Removals | None = None) -> None:
        """`quota` applies to every user but the local one. What is in `removals` is not there for anyone."""
        self._library = library
        self._users = records
        self._quota = quota
        self._removals = removals

    def matters(self, user: User) -> list[Matter]:
        """The user's matters, sorted by name."""
        mine = self._users.matters_of(user)
        return [matter for matter in self._library.matters() if matter.id in mine]

    def matter(self, user: User, name_or_id: str, right: Right = "read") -> Matter:
        """The user's matter of this id, or else of this name; of two of that name, the one that they own.

        The id comes first, for anyone may call a matter by another's id. Raises NoSuchMatter, AmbiguousMatter,
        NameTooLong, and what `check` does.
        """
        check_name(name_or_id)
        mine = self.matters(user)
        name = clean_title(name_or_id)  # as `create_matter` stores it
        named = [each for each in mine if each.id == name_or_id] or [each for each in mine if each.name == name]
        if len(named) > 1:
            owned = self._users.owned_by(user)
            named = [matter for matter in named if matter.id in owned] or named
        if len(named) > 1:
            raise AmbiguousMatter(matter=name, ids=", ".join(matter.id for matter in named[:NAMES_SHOWN]))
        for matter in named:
            self.check(user, matter.id, right)
            return matter
        raise NoSuchMatter(matter=name_or_id)

    def matter_by_id(self, user: User, matter_id: str, right: Right = "read") -> Matter:
        """The user's matter with this id, and no name. Raises what `check` does."""
        self.check(user, matter_id, right)
        return self._library.matter(matter_id)

    def may(self, user: User, matter_id: str, right: Right = "read") -> bool:
        """Whether the user has this right in the matter with this id."""
        try:
            self.check(user, matter_id, right)
        except (NoSuchMatter, RoleTooLow, MatterArchived):
            return False
        return True

    def check(self, user: User, matter_id: str, right: Right = "read") -> None:
        """Check that the user has this right in the matter with this id.

        Raises NoSuchMatter where they may not see it; RoleTooLow, or MatterArchived, where they may only do less.
        """
        role = self._users.role(user, matter_id) if is_id(matter_id) else None
        if role is None:
            raise NoSuchMatter(matter=matter_id if is_id(matter_id) else "…")
        if right not in RIGHTS[role]:
            raise RoleTooLow()
        if right not in IN_ARCHIVE and self._users.is_archived(matter_id):
            raise MatterArchived()

    def is_archived(self, matter_id: str) -> bool:
        """Whether a matter is archived."""
        return self._users.is_archived(matter_id)

    def owner(self, matter: Matter) -> User | None:
        """The owner of a matter."""
        return self._users.owner_of(matter.id)

    def create(self, user: User, name: str) -> Matter:
        """Create a matter with `user` as its owner, and nobody else in it.

        The membership is written first: a crash in between leaves a membership without a matter, never a matter that
        nobody can delete. Raises MatterExists if the user has one of this name, NameTooLong or QuotaReached.
        """
        check_name(name)
        name = clean_title(name) or "Matter"
        owned = self._users.owned_by(user)
        if any(matter.name == name and matter.id in owned for matter in self.matters(user)):
            raise MatterExists(matter=name)
        matter_id = uuid.uuid4().hex
        quota = self.quota(user)
        self._users.join(user, [matter_id], partial(quota.check, "matters") if quota else None)
        try:
            return self._library.create_matter(name, namespace=user.id, matter_id=matter_id)
        except BaseException:  # the membership is deleted again; the error is raised
            self._users.leave(user, matter_id)
            raise

    def accept(self, user: User, matter: Matter, path: Path, name: str | None = None) -> DocumentRecord:
        """Store a file as a new document of the user's matter, durably; `Ingest.wake` starts reading it.

        It counts against the quota of the matter's owner. Raises NoSuchMatter, NameTooLong, QuotaReached, and what
        `check` and `Library.accept_path` do.
        """
        self.check(user, matter.id, "change")
        check_name(name or path.name)
        record = self._library.accept_path(matter.id, path, name, self.allows_in(matter.id))
        if self._removals:
            self._removals.keep(matter.id, record.id)
        return record

    def allows_in(self, matter_id: str) -> Allows | None:
        """The quota of a matter's owner for a further document, also a file found within another; None for no limits.

        What it returns raises QuotaReached.
        """
        owner = self._users.owner_of(matter_id)
        return self._allows(owner) if owner else None

    def _allows(self, user: User) -> Allows | None:
        quota = self.quota(user)
        if quota is None:
            return None

        def allows(connection: sa.Connection, size: int) -> None:
            lock_user(connection, user)
            documents, bytes_held = self._library.held(connection, owned_by(user.id))
            quota.check_documents(documents + 1, bytes_held + size)

        return allows

    def repair(self, user: User) -> None:
        """Repair memberships after a crash: delete those of deleted matters,
        and make `user` the owner of matters without one.

        For the local user only, who owns all matters; to be called before any request.
        """
        matter_ids = [matter.id for matter in self._library.matters()]
        self._users.delete_all_but(matter_ids)
        self._users.join(user, self._users.without_members(matter_ids))

    def record(self, user: User, matter_id: str, document_id: str, right: Right = "read") -> DocumentRecord:
        """The document with exactly these ids. Raises NoSuchDocument, and what `check` does."""
        self.check(user, matter_id, right)
        if not is_id(document_id):
            raise NoSuchDocument(document="…")
        if document_id in self._removed(matter_id):
            raise NoSuchDocument(document=document_id)
        return self._library.record(matter_id, document_id)

    def document(self, user: User, matter: Matter, name_or_id: str) -> DocumentRecord:
        """Resolve a document of `matter` by its name, its id or a prefix of it, or a part of its name, in this order.

        The first of the three that matches decides. Raises NoSuchMatter, NoSuchDocument,
        AmbiguousDocument or NameTooLong.
        """
        check_name(name_or_id)
        records = self.documents(user, matter)
        folded = name_or_id.casefold().strip()
        matches_by_rule = (
            [r for r in records if r.name == name_or_id],
            [r for r in records if len(folded) >= ID_PREFIX and r.id.startswith(folded)],
            [r for r in records if folded and folded in r.name.casefold()],
        )
        matches = next((matches for matches in matches_by_rule if matches), [])
        if not matches:
            raise NoSuchDocument(document=name_or_id)
        if len(matches) > 1:
            raise AmbiguousDocument(document=name_or_id, names=_names(matches))
        return matches[0]

    def documents(self, user: User, matter: Matter) -> list[DocumentRecord]:
        """The documents of `matter`, in the order of upload. Raises NoSuchMatter unless `user` is in it."""
        if not self.may(user, matter.id):
            raise NoSuchMatter(matter=matter.name)
        return self.documents_here(matter.id)

    def documents_here(self, matter_id: str) -> list[DocumentRecord]:
        """The documents of a matter without those that are removed, in the order of upload; whoever asks."""
        removed = self._removed(matter_id)
        return [record for record in self._library.documents(matter_id) if record.id not in removed]

    def _removed(self, matter_id: str) -> frozenset[str]:
        return self._removals.documents(matter_id) if self._removals else frozenset()

    def quota(self, user: User) -> Quota | None:
        """The user's quota; None for the local user, who has no limits."""
        return None if user == LOCAL_USER else self._quota


def _names(records: list[DocumentRecord]) -> str:
    names = [f"{record.name} ({record.id[:12]})" for record in records[:NAMES_SHOWN]]
    more = len(records) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
