"""Pages about people, as HTML without script: who is in a matter, and administration. Pure: values in, `Markup` out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from retrieval import DocumentRecord, Matter, PinciteError
from webapp.core.results import StatusRow
from webapp.core.urls import audit_url
from webapp.core.wording import plural, status_lines
from webapp.store.accounts import Account
from webapp.store.retention import Kept
from webapp.store.roles import Role
from webapp.store.sharing import Group, Member
from webapp.web.forms import field, form, page

NOTHING = Markup("")
ROLES: dict[Role, str] = {"owner": "Owner", "member": "Member", "viewer": "Viewer"}
_EXPLAINED = (
    "A viewer reads and asks. A member adds and removes documents too. The owner decides who is in the matter. "
    "A wall keeps someone out whatever group they are in."
)


@dataclass(frozen=True, slots=True)
class MatterPeople:
    """What the page of a matter shows. `names` tell its people apart, by id.

    `groups` are those that let people in, `privileged` the ids of documents.
    """

    matter: Matter
    members: Sequence[Member]
    names: Mapping[str, str]
    groups: Sequence[tuple[str, Role]]
    records: Sequence[DocumentRecord]
    privileged: frozenset[str]
    kept: Kept
    archived: bool
    manages: bool
    changes: bool


@dataclass(frozen=True, slots=True)
class MatterSize:
    """A matter as an administrator knows it: names and sizes, nothing of its content."""

    matter: Matter
    owner: str
    documents: int
    megabytes: float


@dataclass(frozen=True, slots=True)
class Administration:
    """What the page of administration shows. `names` tell people apart, by id.

    `accounts`: people sign in here, so that they can be added here too.
    """

    people: Sequence[Account]
    groups: Sequence[Group]
    matters: Sequence[MatterSize]
    names: Mapping[str, str]
    accounts: bool
    link: str = ""


def matter_people(token: str, of: MatterPeople, refusal: PinciteError | None = None) -> Markup:
    """Who is in a matter; for its owner with what changes that."""
    path = f"/matters/{of.matter.id}/people"
    rows = [_person_row(token, path, member, of.names[member.user.id], manages=of.manages) for member in of.members]
    rows += [_group_row(token, path, name, role, manages=of.manages) for name, role in of.groups]
    archived = Markup('<p class="notice" role="status">This matter is archived: it is read, and not changed.</p>')
    held = Markup('<p class="notice" role="status">This matter is on legal hold: nothing of it is deleted.</p>')
    content = [
        archived if of.archived else NOTHING,
        held if of.kept.hold else NOTHING,
        Markup('<p class="hint">{}</p>').format(_EXPLAINED),
        _table(("Who", "Role", "Through", ""), rows),
        _letting_in(token, path) if of.manages else NOTHING,
        _privilege(token, path, of) if of.records else NOTHING,
        _of_matter(token, path, of) if of.manages else NOTHING,
        Markup('<p><a href="{}">Audit log</a></p>').format(audit_url(of.matter.id)) if of.manages else NOTHING,
        Markup('<p><a href="/?matter={}">Back to the matter</a></p>').format(of.matter.id),
    ]
    return page(f"People in {of.matter.name}", _joined(content), refusal, wide=True)


def administration(token: str, of: Administration, refusal: PinciteError | None = None) -> Markup:
    """People, groups and matters, by name and size."""
    link = (
        Markup(
            '<div class="notice" role="status"><p>Give this link to the person; it sets their password, once, and ends '
            'after three days.</p><p><code class="link">{}</code></p></div>'
        ).format(of.link)
        if of.link
        else NOTHING
    )
    content = [
        link,
        Markup("<h2>People</h2>"),
        _table(("Name", "E-mail address", "", ""), [_account_row(token, account) for account in of.people]),
        _adding_people(token) if of.accounts else NOTHING,
        Markup("<h2>Groups</h2>"),
        _table(("Group", "People", ""), [_admin_group_row(token, group, of.names) for group in of.groups]),
        _changing_groups(token),
        Markup("<h2>Matters</h2>"),
        _table(("Matter", "Owner", "Size", ""), [_matter_row(token, each) for each in of.matters]),
        Markup('<p class="hint">Names and sizes only. Whoever hands a matter over cannot take it themselves.</p>'),
        Markup('<p><a href="/administration/status">State of the server</a></p>'),
        Markup('<p><a href="{}">Audit log</a></p>').format(audit_url()),
        Markup('<p><a href="/">Back to your documents</a></p>'),
    ]
    return page("Administration", _joined(content), refusal, wide=True)


def status_page(row: StatusRow) -> Markup:
    """The state of the server."""
    parts = [
        Markup("<h2>{}</h2><ul>{}</ul>").format(title, _joined(Markup("<li>{}</li>").format(line) for line in lines))
        for title, lines in status_lines(row)
    ]
    parts.append(Markup('<p><a href="/administration">Back to administration</a></p>'))
    return page("State of the server", _joined(parts), wide=True)


def _person_row(token: str, path: str, member: Member, name: str, *, manages: bool) -> Markup:
    who = {"who": member.user.id}
    if member.role is None:
        acts = _button(token, path, {"act": "lift"} | who, "Lift the wall") if manages else NOTHING
        return _row(name, "Kept out by a wall", ", ".join(member.groups), acts)
    acts = NOTHING
    if manages and member.role != "owner":
        other = "viewer" if member.role == "member" else "member"
        out = _button(token, path, {"act": "unshare"} | who, "Take out") if member.by_themselves else NOTHING
        change = _button(token, path, {"act": "share", "role": other} | who, f"Make {other}")
        acts = change + out + _button(token, path, {"act": "wall"} | who, "Keep out")
    return _row(name, ROLES[member.role], ", ".join(member.groups), acts)


def _group_row(token: str, path: str, name: str, role: Role, *, manages: bool) -> Markup:
    acts = _button(token, path, {"act": "unshare-group", "who": name}, "Take out") if manages else NOTHING
    return _row(Markup("The group {}").format(name), ROLES[role], "", acts)


def _letting_in(token: str, path: str) -> Markup:
    role = Markup(
        '<label for="role-{0}">Role</label><select id="role-{0}" name="role"><option value="viewer">Viewer</option>'
        '<option value="member" selected>Member</option></select>'
    )
    person = field("Let in a person: e-mail address or name", "who", "text", "off", id_="person")
    group = field("Let in a group", "who", "text", "off", id_="group")
    return Markup('<div class="side">{}{}</div>').format(
        form(path, {"form": token, "act": "share"}, person + role.format("person"), "Let in"),
        form(path, {"form": token, "act": "share-group"}, group + role.format("group"), "Let the group in"),
    )


def _privilege(token: str, path: str, of: MatterPeople) -> Markup:
    rows = []
    for record in of.records:
        is_privileged = record.id in of.privileged
        act = {"act": "public" if is_privileged else "privileged", "who": record.id}
        words = "Let into exports" if is_privileged else "Keep out of exports"
        acts = _button(token, path, act, words) if of.changes else NOTHING
        rows.append(_row(record.name, "Privileged" if is_privileged else "", acts))
    heading = Markup(
        '<h2>Privileged documents</h2><p class="hint">They are kept out of copies and Word files; who may read the '
        "matter reads them.</p>"
    )
    return heading + _table(("Document", "", ""), rows)


def _of_matter(token: str, path: str, of: MatterPeople) -> Markup:
    archive = ("active", "Take out of the archive") if of.archived else ("archive", "Put into the archive")
    hold = ("release", "End the legal hold") if of.kept.hold else ("hold", "Put on legal hold")
    whom = field("Hand the matter over to: e-mail address or name", "who", "text", "off", id_="heir")
    ends = field(
        "Delete conversations after so many days, and in the archive all of it: a number, or none",
        "days",
        "text",
        "off",
        str(of.kept.days or "none"),
    )
    return Markup('<h2>The matter</h2><div class="row">{}{}</div><div class="short">{}{}</div>').format(
        _button(token, path, {"act": archive[0]}, archive[1]),
        _button(token, path, {"act": hold[0]}, hold[1]),
        form(path, {"form": token, "act": "retain"}, ends, "Set the retention"),
        form(path, {"form": token, "act": "hand-over"}, whom, "Hand over"),
    )


def _account_row(token: str, account: Account) -> Markup:
    who = {"who": account.id}
    path = "/administration"
    state = "Disabled" if account.disabled else "Administrator" if account.administrator else ""
    link = _button(token, path, {"act": "link"} | who, "Link for a password") if account.email else NOTHING
    act, words = ("enable", "Let in again") if account.disabled else ("disable", "Disable")
    change = _button(token, path, {"act": act} | who, words)
    return _row(account.name, account.email or "", state, change if account.disabled else link + change)


def _adding_people(token: str) -> Markup:
    fields = field("E-mail address", "email", "email", "off") + field("Name", "name", "text", "off")
    fields += Markup(
        '<label class="check"><input type="checkbox" name="administrator" value="yes"> Administrator</label>'
    )
    leaving = field("Who leaves", "who", "text", "off", id_="leaver")
    leaving += field("Who takes over their matters", "to", "text", "off", id_="heir")
    return Markup('<div class="side">{}{}</div>').format(
        form("/administration", {"form": token, "act": "add"}, fields, "Add a person"),
        form("/administration", {"form": token, "act": "leave"}, leaving, "Hand over and disable"),
    )


def _admin_group_row(token: str, group: Group, names: Mapping[str, str]) -> Markup:
    people = _joined(
        Markup('<span class="person">{}{}</span>').format(
            names[person.id], _button(token, "/administration", _of_group("group-remove", group, person.id), "Take out")
        )
        for person in group.people
    )
    return _row(group.name, people, _button(token, "/administration", _of_group("group-delete", group), "Delete"))


def _of_group(act: str, group: Group, who: str = "") -> dict[str, str]:
    return {"act": act, "group": group.id, "who": who}


def _changing_groups(token: str) -> Markup:
    name = field("Name of a new group", "group", "text", "off", id_="new-group")
    put = field("Group", "group", "text", "off", id_="which-group")
    put += field("Person: e-mail address or name", "who", "text", "off", id_="group-person")
    return Markup('<div class="side">{}{}</div>').format(
        form("/administration", {"form": token, "act": "group-create"}, name, "Create the group"),
        form("/administration", {"form": token, "act": "group-add"}, put, "Put into the group"),
    )


def _matter_row(token: str, each: MatterSize) -> Markup:
    size = f"{plural(each.documents, 'document')}, {each.megabytes:.1f} MB"
    hand = Markup(
        '<form method="post" action="/administration" class="quiet inline"><input type="hidden" name="form" value="{}">'
        '<input type="hidden" name="act" value="hand-over"><input type="hidden" name="matter" value="{}">'
        '<input name="who" aria-label="New owner of {}" placeholder="New owner" required maxlength="200">'
        '<button type="submit">Hand over</button></form>'
    ).format(token, each.matter.id, each.matter.name)
    return _row(each.matter.name, each.owner or "nobody", size, hand)


def _table(heads: Sequence[str], rows: Sequence[Markup]) -> Markup:
    if not rows:
        return Markup('<p class="hint">None yet.</p>')
    cells = _joined(Markup('<th scope="col">{}</th>').format(head) for head in heads)
    return Markup('<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
        cells, _joined(rows)
    )


def _row(*cells: str) -> Markup:
    return Markup("<tr>{}</tr>").format(_joined(Markup("<td>{}</td>").format(cell) for cell in cells))


def _button(token: str, path: str, values: dict[str, str], words: str) -> Markup:
    return form(path, {"form": token} | values, NOTHING, words, quiet=True)


def _joined(parts: Iterable[Markup]) -> Markup:
    return NOTHING.join(parts)
