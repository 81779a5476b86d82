"""Converts messages of Outlook (MSG), which are OLE files; `mail` makes their text."""

import email.message
import email.parser
import email.utils
import hashlib
import struct
from collections.abc import Iterator
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from retrieval.core.documents import Document
from retrieval.core.errors import DamagedFile
from retrieval.core.limits import Limits
from retrieval.reading.containers import DEPTH, Member, path_parts
from retrieval.reading.mail import HEAD_FIELDS, Mail, is_of_the_layout, members_of, one_line, text_of
from retrieval.reading.plain_text import decoded, document_of

# Properties (MS-OXPROPS).
_SUBJECT, _HEADERS, _SENT_AT = 0x0037, 0x007D, 0x0039
_SENDER = (0x0C1A, 0x5D01, 0x0C1F)  # name, SMTP address, address
_RECIPIENTS = {"To": 0x0E04, "Cc": 0x0E03, "Bcc": 0x0E02}  # as Outlook shows them
_PLAIN, _RTF, _HTML = 0x1000, 0x1009, 0x1013
_METHOD, _DATA, _CONTENT_ID, _FILE_NAMES = 0x3705, 0x3701, 0x3712, (0x3707, 0x3704, 0x3001)
_EMBEDDED, _OBJECT = 5, 6  # how a file is attached
_INNER_HEAD, _OUTER_HEAD, _ATTACHED_HEAD = 24, 32, 8  # bytes before the properties of a message or attachment
_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError, struct.error, RecursionError)


def read_msg(data: bytes, *, name: str, document_id: str, limits: Limits, **_of_pages: object) -> Document:
    """Read a message of Outlook: the `Converter` of MSG. Raises DamagedFile and what `document_of` does."""
    text, warnings = text_of(_parsed(data, name), name)
    return document_of(text, name=name, document_id=document_id, limits=limits, warnings=warnings)


def msg_members(data: bytes, limits: Limits) -> Iterator[Member]:
    """The files and the messages in a message. Raises DamagedFile."""
    return members_of(_parsed(data, ""), limits)


def _parsed(data: bytes, name: str) -> Mail:
    from olefile import OleFileIO  # few documents need it
    from oxmsg.storage import Storage

    try:
        with OleFileIO(data) as ole:
            return _mail(Storage.from_ole(ole), _OUTER_HEAD, DEPTH)
    except _DAMAGE as error:
        raise DamagedFile(name=name) from error


def _mail(storage: Any, head: int, depth: int) -> Mail:
    """The message of a storage; messages in it are written out as EML down to a depth."""
    from oxmsg.properties import Properties

    properties = Properties(storage, properties_header_offset=head)
    sent = email.parser.HeaderParser().parsestr(properties.str_prop_value(_HEADERS) or "")
    values = {field: str(sent.get(field) or "") for field in HEAD_FIELDS}
    values["Subject"] = properties.str_prop_value(_SUBJECT) or values["Subject"]
    values["From"] = values["From"] or _sender(properties)
    for field, number in _RECIPIENTS.items():
        values[field] = values[field] or properties.str_prop_value(number) or ""
    if not values["Date"] and (at := properties.date_prop_value(_SENT_AT)):
        values["Date"] = email.utils.format_datetime(at)
    plain = properties.str_prop_value(_PLAIN) or ""
    html = properties.binary_prop_value(_HTML)
    source = decoded(html, "", properties.body_encoding) if html else properties.str_prop_value(_HTML) or ""
    members = [member for each in storage.iter_attachment_storages() for member in _attached(each, depth)]
    if not plain.strip() and not source.strip() and properties.binary_prop_value(_RTF):
        members.append(Member(("the words of the message",), None, "they are kept in a form of Outlook's own"))
    fields = tuple((field, value) for field in HEAD_FIELDS if (value := one_line(values[field])))
    return Mail(fields, plain, source, tuple(members))


def _sender(properties: Any) -> str:
    name, *addresses = (properties.str_prop_value(number) or "" for number in _SENDER)
    address = next((each for each in addresses if "@" in each), "")
    return f"{name} <{address}>" if name and address and name != address else name or address


def _attached(storage: Any, depth: int) -> Iterator[Member]:
    """What is attached in a storage; nothing for a picture that only decorates the words."""
    from oxmsg.properties import Properties

    properties = Properties(storage, properties_header_offset=_ATTACHED_HEAD)
    name = next((found for number in _FILE_NAMES if (found := properties.str_prop_value(number))), "attachment")
    path = path_parts(one_line(name))
    method = properties.int_prop_value(_METHOD)
    if method == _EMBEDDED:
        inner = next((each for each in storage.storages if each.name.startswith("__substg1.0_3701")), None)
        if inner is None or not depth:
            yield Member(path, None, "it lies in too many messages within each other")
            return
        yield Member((*path[:-1], f"{path[-1].removesuffix('.msg')}.eml"), as_eml(_mail(inner, _INNER_HEAD, depth - 1)))
    elif method == _OBJECT:
        yield Member(path, None, "it is an object of another program")
    elif (data := properties.binary_prop_value(_DATA)) is None:
        yield Member(path, None, "the message has only a link to it")
    elif not (properties.str_prop_value(_CONTENT_ID) and is_of_the_layout(path[-1], data)):
        yield Member(path, data)


def as_eml(mail: Mail) -> bytes:
    """A message as EML: one that lay within another of Outlook's has no file of its own. Always the same bytes."""
    digest = hashlib.sha256(repr(mail).encode("utf-8", "surrogatepass")).hexdigest()
    message = MIMEMultipart(boundary=f"=_{digest[:40]}")
    for field, value in mail.fields:
        message[field] = Header(value, "utf-8", header_name=field).encode()
    message.attach(MIMEText(mail.plain, "plain", "utf-8"))
    if mail.html and not mail.plain.strip():
        message.attach(MIMEText(mail.html, "html", "utf-8"))
    for member in mail.members:
        part = MIMEApplication(member.data or b"", Name=member.path[-1])
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", member.path[-1]))
        message.attach(part)
    return message.as_bytes()
