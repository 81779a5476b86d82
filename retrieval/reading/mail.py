"""Converts mail (EML, MSG): its head as the first lines, then its words with what they quote.

Files that came with it and messages that were forwarded in it are members (`mail_members`), and documents of their own.
Of a body in two forms the plain one is read, or the HTML one where that has more to say; an invitation to a meeting, or
a report of what was not delivered, is read after it. Nothing that a mail names is fetched.
"""

import email
import email.header
import email.message
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from retrieval.core.documents import Document, ReadingWarning
from retrieval.core.limits import Limits
from retrieval.reading.calendar_entries import words_of_calendar
from retrieval.reading.containers import MEMBER, TOO_LARGE, Member, bounded, path_parts
from retrieval.reading.html import shown_text
from retrieval.reading.plain_text import clean, decoded, document_of, unpaged

HEAD_FIELDS = ("From", "To", "Cc", "Bcc", "Date", "Subject")
_SMALL_PICTURE = 4096  # bytes: a picture within the words that is smaller is a line, a logo or a counter of readers
_MOST_PARTS = 10_000
_LONGEST_FIELD = 100_000  # characters: 2,000 addresses
_MORE = 2  # times as many words: then HTML is what was written, and the plain words only say so
_WORDS = re.compile(r"\w+")
_CALENDAR = ("text/calendar", "application/ics")
_REPORT = ("message/delivery-status", "message/disposition-notification", "text/rfc822-headers")
# What has no words, beside those that it signs or comes with.
_SIGNATURE = (
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-signature",
    "application/pgp-encrypted",
)
_SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SEALED_FILES = (".p7m", ".asc", ".pgp", ".gpg")
_SEAL = "it is encrypted, or signed as a whole: open it in your mail program, save its words and files, and add those"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as both formats give it: the fields of its head, its bodies, and the files that came with it."""

    fields: tuple[tuple[str, str], ...]
    plain: str
    html: str
    members: tuple[Member, ...]
    further: str = ""  # what is read after the body, whichever form of it is


def read_eml(data: bytes, *, name: str, document_id: str, limits: Limits, **_of_pages: object) -> Document:
    """Read a message as it was sent: the `Converter` of EML. Raises what `document_of` does."""
    text, warnings = text_of(parsed(data, name), name)
    return document_of(text, name=name, document_id=document_id, limits=limits, warnings=warnings)


def eml_members(data: bytes, limits: Limits) -> Iterator[Member]:
    """The files and the forwarded messages in a message."""
    return members_of(parsed(data, ""), limits)


def is_mail(head: bytes) -> bool:
    """Whether a text begins as a message does: with the fields of a head."""
    return re.match(rb"(?:From [^\n]{1,200}\n)?(?:\xef\xbb\xbf)?[A-Za-z][A-Za-z0-9-]{1,60}:[ \t\r\n]", head) is not None


def parsed(data: bytes, name: str) -> Mail:
    """The message of an EML file."""
    message = email.message_from_bytes(data)
    fields = tuple((field, value) for field in HEAD_FIELDS if (value := _field(message, field)))
    return _with_parts(message, fields, name)


def text_of(mail: Mail, name: str) -> tuple[str, tuple[ReadingWarning, ...]]:
    """The text of a message, and a warning where its HTML hides words."""
    shown, warnings = shown_text(mail.html, name) if mail.html.strip() else ("", ())
    plain = unpaged(mail.plain)
    is_html = bool(shown) and len(_WORDS.findall(shown)) > _MORE * len(_WORDS.findall(plain))
    head = [f"{field}: {value}" for field, value in mail.fields]
    if names := [MEMBER.join(member.path) for member in mail.members]:
        head.append(f"Attachments: {'; '.join(names[:200])}")
    text = "\n".join(head) + "\n\n" + (shown if is_html else plain)
    if mail.further:
        text += f"\n\n{unpaged(mail.further)}"
    return text.strip("\n"), warnings if is_html else ()


def _with_parts(message: email.message.Message, fields: tuple[tuple[str, str], ...], name: str) -> Mail:
    """A message with its bodies and its members."""
    plain: list[str] = []
    html: list[str] = []
    further: list[str] = []
    members: list[Member] = []
    for part, is_alternative in islice(_leaves(message), _MOST_PARTS):
        kind = part.get_content_type()
        if kind.startswith("multipart/"):  # it says so, and has no parts
            kind = "text/plain"
        is_file = part.get_content_disposition() == "attachment" or bool(_file_name(part))
        if kind == "message/rfc822":
            members.append(_forwarded(part))
        elif kind in ("text/plain", "text/html") and not is_file:
            (plain if kind == "text/plain" else html).append(_words(part, name))
        elif kind in _CALENDAR and (words := words_of_calendar(_words(part, name))):
            further.append(words)
        elif kind in _REPORT:
            further.append(_report(part))
        elif kind not in _SIGNATURE and (is_file or not (is_alternative or kind.startswith("message/"))):
            members += _attached(part, kind)
    return Mail(fields, "\n\n".join(plain), "<hr>".join(html), tuple(members), "\n\n".join(dict.fromkeys(further)))


def _words(part: email.message.Message, name: str) -> str:
    return decoded(_body(part), name, part.get_content_charset())


def _report(part: email.message.Message) -> str:
    """What a server says of a message that was sent: a block of fields for each recipient."""
    payload = part.get_payload()
    blocks = payload if isinstance(payload, list) else [part]
    texts = (str(block) if block is not part else _body(part).decode("utf-8", "replace") for block in blocks)
    return clean("\n".join(text.strip() for text in texts))


def _attached(part: email.message.Message, kind: str) -> Iterator[Member]:
    """What is attached as a part; nothing for a picture that only decorates the words."""
    path = path_parts(_file_name(part) or f"attachment{mimetypes.guess_extension(kind) or ''}")
    if kind in _SEALED or path[-1].lower().endswith(_SEALED_FILES):
        yield Member(path, None, _SEAL)
        return
    data = _body(part)
    is_within = part.get_content_disposition() != "attachment" and part.get("Content-ID") is not None
    if not (is_within and is_of_the_layout(path[-1], data)):
        yield Member(path, data)


def is_of_the_layout(file_name: str, data: bytes) -> bool:
    """Whether a file within the words of a message is a picture too small to say anything."""
    return len(data) < _SMALL_PICTURE and file_name.lower().endswith((".png", ".gif", ".jpg", ".jpeg", ".bmp", ".svg"))


def _leaves(message: email.message.Message) -> Iterator[tuple[email.message.Message, bool]]:
    """The parts of a message that hold something, and whether each is one of several forms of the same.

    A forwarded message is one of them, whole.
    """
    waiting = [(message, False)]
    while waiting:
        part, is_alternative = waiting.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            within = is_alternative or part.get_content_subtype() == "alternative"
            waiting += [(each, within) for each in reversed(payload) if isinstance(each, email.message.Message)]
        else:
            yield part, is_alternative


def _body(part: email.message.Message) -> bytes:
    """The decoded bytes of a part."""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _forwarded(part: email.message.Message) -> Member:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if isinstance(inner, email.message.Message) and part.get("Content-Transfer-Encoding", "").lower() == "base64":
        inner["Content-Transfer-Encoding"] = "base64"  # which the standard forbids and some programs do
        inner = email.message_from_bytes(_body(inner))
    if not isinstance(inner, email.message.Message):
        return Member(("forwarded message",), None, "it is empty")
    title = _file_name(part).removesuffix(".eml") or _field(inner, "Subject") or "forwarded message"
    return Member((f"{title.replace('/', '-')}.eml",), inner.as_bytes())


def _file_name(part: email.message.Message) -> str:
    return one_line(part.get_filename() or "")


def _field(message: email.message.Message, field: str) -> str:
    """A field of the head in words, folded to one line; of several the first."""
    return one_line(str(message.get(field) or "")[:_LONGEST_FIELD])


def one_line(encoded: str) -> str:
    """The words of a field that may be encoded (RFC 2047), on one line."""
    try:
        words = str(email.header.make_header(email.header.decode_header(encoded)))
    except (ValueError, LookupError):
        words = encoded
    return " ".join(clean(words.encode("utf-8", "surrogateescape").decode("utf-8", "replace")).split())


def members_of(mail: Mail, limits: Limits) -> Iterator[Member]:
    """The members of a message as far as their number and their bytes are within the limits."""

    def within(member: Member, most: int) -> Member:
        return member if len(member.data or b"") <= most else Member(member.path, None, TOO_LARGE)

    return bounded(mail.members, within, limits, "further attachments", "a mail")
