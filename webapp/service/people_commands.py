"""Commands about people: who is in a matter, groups, and accounts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from webapp.core.limits import GroupAct, MemberAct
from webapp.core.results import GroupRow, MemberRow, UserRow
from webapp.core.stream import Event, Result
from webapp.service.command import Command

if TYPE_CHECKING:
    from webapp.service.caller import Caller
    from webapp.store.accounts import Account


@dataclass(frozen=True)
class ListMembers(Command[MemberRow], name="members"):
    """List who is in a matter, and whom a wall keeps out of it."""

    matter: str

    def run(self, caller: "Caller") -> Iterator[Event[MemberRow]]:
        """A result for each person, the owner first."""
        for member in caller.workspace.sharing.people(caller.user, self.matter):
            yield Result(MemberRow(name=member.user.name, role=member.role or "kept out", groups=member.groups))


@dataclass(frozen=True)
class ChangeMembers(Command[MemberRow], name="change_members"):
    """Let someone into a matter or take them out of it, hand it over, put up a wall or lift it."""

    matter: str
    act: MemberAct
    who: str
    role: Literal["viewer", "member"] = "member"  # for `share`
    group: bool = False  # for `share` and `unshare`: `who` names a group

    def run(self, caller: "Caller") -> Iterator[Event[MemberRow]]:
        """A result for each person who is in the matter then, or kept out, if the user may still read it."""
        sharing = caller.workspace.sharing
        if self.act == "share":
            share = sharing.share_with_group if self.group else sharing.share
            matter = share(caller.user, self.matter, self.who, self.role)
        else:
            acts = {
                "unshare": sharing.unshare_with_group if self.group else sharing.unshare,
                "hand-over": sharing.hand_over,
                "wall": sharing.wall,
                "lift": sharing.lift_wall,
            }
            matter = acts[self.act](caller.user, self.matter, self.who)
        if caller.access.may(caller.user, matter.id):
            yield from ListMembers(matter.id).run(caller)


@dataclass(frozen=True)
class Groups(Command[GroupRow], name="groups"):
    """List groups, create or delete one, or put someone into it or take them out."""

    act: GroupAct = "list"
    group: str = ""
    who: str = ""

    def run(self, caller: "Caller") -> Iterator[Event[GroupRow]]:
        """A result for each group, or for the one that was changed."""
        sharing, user = caller.workspace.sharing, caller.user
        if self.act == "list":
            changed = sharing.groups(user)
        elif self.act == "create":
            changed = [sharing.create_group(user, self.group)]
        elif self.act == "delete":
            changed = [sharing.delete_group(user, self.group)]
        else:
            change = {"add": sharing.add_to_group, "remove": sharing.remove_from_group}[self.act]
            changed = [change(user, self.group, self.who)]
        for group in changed:
            people = tuple(person.name for person in group.people)
            yield Result(GroupRow(name=group.name, people=people, deleted=self.act == "delete"))


@dataclass(frozen=True)
class ListUsers(Command[UserRow], name="users"):
    """List the people who have an account, or whom a proxy named."""

    def run(self, caller: "Caller") -> Iterator[Event[UserRow]]:
        """A result for each person, by name."""
        caller.workspace.sharing.check_administrator(caller.user)
        for account in caller.workspace.accounts.all():
            yield Result(_user_row(account))


@dataclass(frozen=True)
class AddUser(Command[UserRow], name="add_user"):
    """Add a person. Raises EmailInvalid and AccountExists."""

    email: str
    name: str = ""
    administrator: bool = False

    def run(self, caller: "Caller") -> Iterator[Event[UserRow]]:
        """One result, with a link that sets a password."""
        from webapp.service import administration

        added = administration.invite(
            caller.workspace, caller.user, self.email, self.name, administrator=self.administrator
        )
        yield Result(_user_row(*added))


@dataclass(frozen=True)
class SetPassword(Command[UserRow], name="password"):
    """Set a person's password, which ends their sessions, or make a one-time link with which they set one."""

    person: str
    password: str | None = field(default=None, repr=False)

    def run(self, caller: "Caller") -> Iterator[Event[UserRow]]:
        """One result, with the link where no password is given."""
        from webapp.service import administration

        if self.password is None:
            yield Result(_user_row(*administration.new_link(caller.workspace, caller.user, self.person)))
        else:
            yield Result(
                _user_row(administration.set_password(caller.workspace, caller.user, self.person, self.password))
            )


@dataclass(frozen=True)
class ChangeUser(Command[UserRow], name="change_user"):
    """Disable a person, whose sessions end and whose matters another may get; or enable them again."""

    person: str
    act: Literal["disable", "enable"]
    hand_over_to: str | None = None

    def run(self, caller: "Caller") -> Iterator[Event[UserRow]]:
        """One result."""
        from webapp.service import administration

        if self.act == "enable":
            yield Result(_user_row(administration.enable(caller.workspace, caller.user, self.person)))
        else:
            heir = self.hand_over_to
            yield Result(_user_row(administration.disable(caller.workspace, caller.user, self.person, heir)))


def _user_row(account: "Account", link: str | None = None) -> UserRow:
    can_sign_in = account.has_password or account.has_identity or account.email is None
    state: Literal["active", "invited", "disabled"] = (
        "disabled" if account.disabled else "active" if can_sign_in else "invited"
    )
    return UserRow(
        id=account.id,
        name=account.name,
        email=account.email,
        administrator=account.administrator,
        state=state,
        link=link,
    )
