"""Roles of people in a matter, and what each role may do there.

Someone is in a matter by a membership of their own or through groups, in the highest role of these; a wall keeps them
out of it whatever group they are in, and so does a disabled account. A matter has one owner, in whose name and against
whose quota it stands.
"""

from collections.abc import Mapping
from typing import Literal

import sqlalchemy as sa

from webapp.store.removals import removed
from webapp.store.schema import group_matters, group_members, memberships, users, walls

Role = Literal["viewer", "member", "owner"]
Right = Literal["read", "ask", "change", "manage"]
# read     documents, searches, conversations that are shared
# ask      questions, in conversations of one's own
# change   documents: add, remove, try again, keep out of exports
# manage   people, groups, walls, the archive, retention, hold, deletion
RIGHTS: Mapping[Role, frozenset[Right]] = {
    "viewer": frozenset({"read", "ask"}),
    "member": frozenset({"read", "ask", "change"}),
    "owner": frozenset({"read", "ask", "change", "manage"}),
}
IN_ARCHIVE: frozenset[Right] = frozenset({"read", "manage"})  # what is still done in a matter that is archived
RANK: Mapping[str, int] = {role: rank for rank, role in enumerate(RIGHTS)}


def roles_of(user_id: str | sa.BindParameter[str]) -> sa.Select[tuple[str, str]]:
    """The query for (matter id, role), once for each way in which someone is in a matter."""
    own = sa.select(memberships.c.matter_id, memberships.c.role).where(memberships.c.user_id == user_id)
    through = (
        sa.select(group_matters.c.matter_id, group_matters.c.role)
        .join(group_members, group_members.c.group_id == group_matters.c.group_id)
        .where(group_members.c.user_id == user_id)
    )
    ways = own.union_all(through).subquery()
    walled = sa.select(walls.c.matter_id).where(walls.c.user_id == user_id)
    disabled = sa.exists().where(users.c.id == user_id, users.c.disabled_at.is_not(None))
    is_there = ways.c.matter_id.not_in(walled.union(removed("matter")))
    return sa.select(ways.c.matter_id, ways.c.role).where(is_there, ~disabled)


def matter_ids_of(user_id: str | sa.BindParameter[str]) -> sa.Select[tuple[str]]:
    """The query for the ids of the matters that someone may read."""
    return sa.select(roles_of(user_id).subquery().c.matter_id)


def owned_by(user_id: str) -> sa.Select[tuple[str]]:
    """The query for the ids of the matters that someone owns."""
    return sa.select(memberships.c.matter_id).where(memberships.c.user_id == user_id, memberships.c.role == "owner")
