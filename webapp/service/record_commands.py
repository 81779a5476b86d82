"""Commands about the record: archive, privilege, holds, retention, the audit log, and backups."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from webapp.core.limits import check_days
from webapp.core.results import AuditRow, BackupRow, FlagRow, KeptRow, VerificationRow
from webapp.core.stream import Event, Result
from webapp.service.command import Command

if TYPE_CHECKING:
    from retrieval import Matter
    from webapp.service.caller import Caller


@dataclass(frozen=True)
class ChangeArchive(Command[FlagRow], name="archive"):
    """Put a matter into the archive, where it is read and not changed, or take it out."""

    matter: str
    archived: bool = True

    def run(self, caller: "Caller") -> Iterator[Event[FlagRow]]:
        """One result."""
        matter = caller.workspace.sharing.archive(caller.user, self.matter, archived=self.archived)
        yield Result(FlagRow(matter=matter.name, archived=self.archived))


@dataclass(frozen=True)
class ChangePrivilege(Command[FlagRow], name="privilege"):
    """Keep a document out of exports as privileged, or let it into them again."""

    matter: str
    document: str
    privileged: bool = True

    def run(self, caller: "Caller") -> Iterator[Event[FlagRow]]:
        """One result."""
        matter, record = caller.document(self.matter, self.document, "change")
        caller.workspace.sharing.set_privileged(caller.user, matter.id, record.id, is_privileged=self.privileged)
        yield Result(FlagRow(matter=matter.name, document=record.name, privileged=self.privileged))


@dataclass(frozen=True)
class Hold(Command[KeptRow], name="hold"):
    """Put a matter on legal hold, under which nothing of it is deleted, or end the hold."""

    matter: str
    hold: bool = True

    def run(self, caller: "Caller") -> Iterator[Event[KeptRow]]:
        """One result."""
        retention = caller.workspace.retention
        yield Result(_kept(caller, retention.hold(caller.user, self.matter, hold=self.hold)))


@dataclass(frozen=True)
class Retain(Command[KeptRow], name="retain"):
    """Set after how many days conversations of a matter are deleted, and in the archive all of it; None for no end."""

    matter: str
    days: int | None = None

    def run(self, caller: "Caller") -> Iterator[Event[KeptRow]]:
        """One result."""
        check_days(self.days)
        yield Result(_kept(caller, caller.workspace.retention.retain(caller.user, self.matter, self.days)))


def _kept(caller: "Caller", matter: "Matter") -> KeptRow:
    kept = caller.workspace.retention.of(matter.id)
    return KeptRow(matter=matter.name, retention_days=kept.days, legal_hold=kept.hold)


@dataclass(frozen=True)
class ReadAudit(Command[AuditRow], name="audit"):
    """List the audit log of a matter, or all of it: who did what and when, since a date."""

    matter: str | None = None
    since: str = ""
    exported: bool = False

    def run(self, caller: "Caller") -> Iterator[Event[AuditRow]]:
        """A result for each row, oldest first."""
        from webapp.service import audit_log
        from webapp.store.audit import Act

        wanted = replace(
            audit_log.readable(caller.workspace, caller.user, self.matter),
            since=audit_log.parse_time(self.since, "since"),
        )
        audit_log.record_reading(caller.workspace, caller.user, wanted, Act.EXPORT if self.exported else Act.LOG)
        yield from map(Result, audit_log.rows(caller.workspace, wanted))


@dataclass(frozen=True)
class VerifyAudit(Command[VerificationRow], name="verify_audit"):
    """Verify the chain of the audit log, and against a head of it that was kept elsewhere."""

    head: str = ""

    def run(self, caller: "Caller") -> Iterator[Event[VerificationRow]]:
        """One result."""
        from webapp.service import audit_log

        yield Result(audit_log.verify(caller.workspace, caller.user, self.head))


@dataclass(frozen=True)
class Backup(Command[BackupRow], name="backup"):
    """Back up the records, files and keys of all users into a new folder on this machine. Raises BackupFailed."""

    folder: str

    def run(self, caller: "Caller") -> Iterator[Event[BackupRow]]:
        """Progress, then one result."""
        from webapp.service.backup import backup
        from webapp.store.audit import Act

        caller.workspace.sharing.check_administrator(caller.user)
        caller.workspace.audit.record(caller.user, Act.BACKUP)
        return backup(caller.workspace.library, caller.workspace.settings, Path(self.folder))
