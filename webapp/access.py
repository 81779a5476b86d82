"""Who may: the one place where a name or an id that arrived becomes a matter or a document.

What a user may not see and what does not exist are the same to them, word for word.
"""

from retrieval import DocumentRecord, Library, Matter, NoSuchDocument, NoSuchMatter, clean_name
from webapp.errors import AmbiguousDocument
from webapp.records import Records, User

ID_PREFIX = 6  # the shortest start of an id that names a document: one in 16 million fits by chance
NAMES_SHOWN = 5


class Access:
    """Resolves what a user asks for, against their memberships."""

    def __init__(self, library: Library, records: Records) -> None:
        self._library = library
        self._records = records

    def matters(self, user: User) -> list[Matter]:
        """The matters of `user`, by name."""
        mine = self._records.matters_of(user)
        return [matter for matter in self._library.matters() if matter.id in mine]

    def matter(self, user: User, name_or_id: str) -> Matter:
        """The matter of that name, or else of that id. Raises NoSuchMatter, also for one of someone else."""
        mine = self.matters(user)
        name = clean_name(name_or_id)  # as `create_matter` keeps it
        for matter in [m for m in mine if m.name == name] + [m for m in mine if m.id == name_or_id]:
            return matter
        raise NoSuchMatter(matter=name_or_id)

    def create(self, user: User, name: str) -> Matter:
        """A new matter with `user` as its one member. Raises MatterExists."""
        matter = self._library.create_matter(name)
        self._records.join(user, [matter.id])
        return matter

    def adopt(self, user: User) -> None:
        """Make `user` a member of every matter that has none: a crash came between the matter and its first member.

        For the local user alone, who owns all there is.
        """
        self._records.join(user, self._records.without_members(matter.id for matter in self._library.matters()))

    def forget(self, matter: Matter) -> None:
        """No one is let into `matter` any more."""
        self._records.forget_matter(matter.id)

    def document(self, user: User, matter: Matter, asked: str) -> DocumentRecord:
        """The document of `matter` that `asked` names: its name, its id, the start of its id, or a part of its name.

        The first of these readings that fits anything decides. Raises NoSuchMatter, NoSuchDocument, AmbiguousDocument.
        """
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
        if matter.id not in self._records.matters_of(user):
            raise NoSuchMatter(matter=matter.name)
        return self._library.documents(matter.id)


def _names(records: list[DocumentRecord]) -> str:
    shown = [f"{record.name} ({record.id[:12]})" for record in records[:NAMES_SHOWN]]
    more = len(records) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
