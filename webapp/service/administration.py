"""What administrators do with accounts: invite, make links, disable, enable. Each is authorised and recorded here."""

from webapp.service.workspace import Workspace
from webapp.store.accounts import Account
from webapp.store.audit import Act
from webapp.store.users import User


def invite(
    workspace: Workspace, by: User, email: str, name: str, *, administrator: bool = False
) -> tuple[Account, str]:
    """Add a person; also returns the link with which they set a password.

    Raises NotAllowed, and what `Accounts.add` does.
    """
    workspace.sharing.check_administrator(by)
    account = workspace.accounts.add(email, name, administrator=administrator)
    workspace.record_account_act(by, account.user, "add")
    return account, _link(workspace, account)


def new_link(workspace: Workspace, by: User, who: str) -> tuple[Account, str]:
    """The account of a person, and a new one-time link with which they set a password. Raises what `_account` does."""
    account = _account(workspace, by, who, "link")
    return account, _link(workspace, account)


def set_password(workspace: Workspace, by: User, who: str, password: str) -> Account:
    """Set a person's password; their sessions end. Raises PasswordRefused, and what `_account` does."""
    account = _account(workspace, by, who, "password")
    workspace.accounts.set_password(account, password)
    return workspace.accounts.account(account.user)


def disable(workspace: Workspace, by: User, who: str, heir: str | None = None) -> Account:
    """Let a person in no longer; an heir gets their matters, and they leave all others and all groups: all or nothing.

    Raises LastAdministrator, NoHeir, and what `_account` does.
    """
    sharing = workspace.sharing
    sharing.check_administrator(by)
    account = workspace.account_of(who)
    follows = sharing.person(heir) if heir is not None else None
    with workspace.audit.transaction() as transaction:
        transaction.tell(by, Act.ACCOUNT, object=account.id, change="disable")
        disabled = workspace.accounts.disable(transaction.connection, account)
        if follows is not None:
            sharing.leave_all(transaction, by, account.user, follows)
    return disabled


def enable(workspace: Workspace, by: User, who: str) -> Account:
    """Let a person in again. Raises what `_account` does."""
    return workspace.accounts.enable(_account(workspace, by, who, "enable"))


def _account(workspace: Workspace, by: User, who: str, act: str) -> Account:
    """The account of a person, after it is recorded what is done with it.

    Raises NotAllowed, NoSuchPerson and AmbiguousPerson.
    """
    workspace.sharing.check_administrator(by)
    account = workspace.account_of(who)
    workspace.record_account_act(by, account.user, act)
    return account


def _link(workspace: Workspace, account: Account) -> str:
    return workspace.password_link(workspace.accounts.make_link(account))
