"""Mail: its head and words as text, and what came with it as members."""

import base64

import pytest

from retrieval.core.documents import Document
from retrieval.core.errors import DamagedFile
from retrieval.core.limits import Limits
from retrieval.reading.containers import Member
from retrieval.reading.mail import eml_members, read_eml
from retrieval.reading.outlook import msg_members, read_msg
from tests.mail_files import eml, msg


def read(data: bytes) -> Document:
    return read_eml(data, name="x.eml", document_id="d", limits=Limits())


def members(data: bytes) -> list[Member]:
    return list(eml_members(data, Limits()))


def test_the_head_is_the_first_lines_and_the_quoted_history_stays() -> None:
    assert read(eml("Agreed.\n\n> The rent is $5.\n").as_bytes()).text == (
        "From: Ann Reed <ann@example.com>\nTo: Ben Cole <ben@example.com>\nDate: Tue, 12 Mar 2024 10:00:00 +0000\n"
        "Subject: Côté lease\n\nAgreed.\n\n> The rent is $5."
    )


@pytest.mark.parametrize(
    ("plain", "html", "body"),
    [
        ("Plain words here.", "<p>Other <b>words</b> here.</p>", "Plain words here."),
        ("", "<p>The rent is $5.</p>", "The rent is $5."),
        ("See HTML.", "<p>The rent is $5 a month, due on the first day of it.</p>", "The rent is $5 a month, due on"),
    ],
)
def test_the_plain_body_is_read_or_the_html_one_where_it_says_more(plain: str, html: str, body: str) -> None:
    text = read(eml(plain, html=html).as_bytes()).text
    assert text.split("\n\n", 1)[1].startswith(body)


def test_words_that_html_hides_are_told() -> None:
    document = read(eml("", html="<p>The rent is $5.</p><p hidden>SECRET</p>").as_bytes())
    assert "SECRET" not in document.text
    assert [each.kind for each in document.warnings] == ["hidden_text"]


def test_attachments_and_forwarded_messages_are_members_and_named() -> None:
    mail = eml("See attached.", files={"lease.pdf": b"%PDF-1.7"}, forwarded=eml("Inner words."))
    assert "Attachments: lease.pdf; Côté lease.eml" in read(mail.as_bytes()).text
    attached, forwarded = members(mail.as_bytes())
    assert (attached.path, attached.data) == (("lease.pdf",), b"%PDF-1.7")
    assert forwarded.path == ("Côté lease.eml",)
    assert forwarded.data is not None
    assert "Inner words." in read(forwarded.data).text
    assert "Inner words." not in read(mail.as_bytes()).text


INVITATION = (
    "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nDTSTART:16010101T020000\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n"
    'SUMMARY:Deposition of Dr.\r\n  Quince\r\nDTSTART;TZID="America/New_York":20240612T093000\r\n'
    "DTEND:20240612T210000Z\r\nLOCATION:Suite 4\\, Pine Street\r\n"
    "ORGANIZER;CN=Ann Reed:mailto:ann@example.com\r\nDESCRIPTION:Bring the ledger.\\nIt is free.\r\n"
    "BEGIN:VALARM\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_invitation_is_read_with_its_time_and_place() -> None:
    mail = eml("You are invited.")
    mail.add_alternative(INVITATION, subtype="calendar")
    mail.add_attachment(INVITATION, subtype="calendar", filename="invite.ics")
    text = read(mail.as_bytes()).text
    assert text.split("\n\n", 1)[1] == (
        "You are invited.\n\nEvent: Deposition of Dr. Quince; Starts: 12 June 2024, 09:30 America/New_York; "
        "Ends: 12 June 2024, 21:00 UTC; Place: Suite 4, Pine Street; Organizer: Ann Reed <ann@example.com>\n"
        "Bring the ledger.\nIt is free."
    )
    assert members(mail.as_bytes()) == []


def of_parts(kind: str, *parts: str) -> bytes:
    body = "".join(f"--B\nContent-Type: {part}\n" for part in parts)
    return f"From: a@example.com\nSubject: s\nContent-Type: multipart/{kind}; boundary=B\n\n{body}--B--\n".encode()


def test_a_report_says_whom_a_message_did_not_reach() -> None:
    data = of_parts(
        "report", "text/plain\n\nNot delivered.\n",
        "message/delivery-status\n\nReporting-MTA: mx\n\nFinal-Recipient: rfc822; tenant@example.net\nAction: failed\n",
    )  # fmt: skip
    assert read(data).text.endswith("Final-Recipient: rfc822; tenant@example.net\nAction: failed")
    assert members(data) == []


def test_a_signature_is_no_file_and_what_is_sealed_has_a_way_out() -> None:
    signed = of_parts("signed", "text/plain\n\nWords.\n", 'application/pkcs7-signature; name="smime.p7s"\n\nMIAG\n')
    assert members(signed) == []
    for part in ('application/pkcs7-mime; name="smime.p7m"', 'application/octet-stream; name="encrypted.asc"'):
        (sealed,) = members(of_parts("mixed", "application/pgp-encrypted\n\nVersion: 1\n", f"{part}\n\nMIAG\n"))
        assert sealed.data is None
        assert "open it in your mail program" in sealed.reason


def test_a_forwarded_message_in_base64_is_read() -> None:
    inner = base64.encodebytes(eml("Inner words.").as_bytes()).decode()
    (forwarded,) = members(of_parts("mixed", f"message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}"))
    assert forwarded.path == ("Côté lease.eml",)
    assert "Inner words." in read(forwarded.data or b"").text


def test_only_a_small_picture_within_the_words_is_no_member() -> None:
    mail = eml("", html="<img src=cid:a><img src=cid:b><p>words</p>")
    body = mail.get_body(("html",))
    assert body is not None
    for name, size in (("logo.png", 500), ("screen.png", 50_000)):
        body.add_related(bytes(size), "image", "png", cid=f"<{name}>", filename=name, disposition="inline")
    assert [each.path for each in members(mail.as_bytes())] == [("screen.png",)]


def test_names_of_attachments_are_no_paths() -> None:
    mail = eml("x", files={"../../etc/passwd": b"1", "C:\\a\\b.txt": b"2"})
    assert [each.path for each in members(mail.as_bytes())] == [("etc", "passwd"), ("a", "b.txt")]


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: =?utf-8?b?!!!?=\nFrom: \xff\xfe <\n\nwords",
        b"Subject: x\nContent-Type: multipart/mixed\n\nwords",
        b"Subject: x\nContent-Type: text/plain; charset=nowhere\nContent-Transfer-Encoding: base64\n\nd29yZHM",
        b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nwords",
    ],
)
def test_a_broken_message_is_read_as_far_as_it_goes(data: bytes) -> None:
    assert "words" in read(data).text


def test_messages_deep_within_each_other_are_one_member_each() -> None:
    data = b"Subject: x\n\ninnermost"
    for _ in range(50):
        data = b"Subject: x\nContent-Type: message/rfc822\n\n" + data
    [member] = members(data)
    assert member.path == ("x.eml",)


def test_a_message_of_outlook_is_read_with_what_is_in_it() -> None:
    data = msg("The berth is free.", files={"plan.pdf": b"%PDF-1.7"}, inner="Inner words.")
    document = read_msg(data, name="x.msg", document_id="d", limits=Limits())
    assert document.text == (
        "From: Ann Reed <ann@example.com>\nTo: Ben Cole\nSubject: Berth\nAttachments: plan.pdf; Inner.eml\n\n"
        "The berth is free."
    )
    plan, inner = msg_members(data, Limits())
    assert (plan.path, plan.data) == (("plan.pdf",), b"%PDF-1.7")
    assert inner.data is not None
    assert "Inner words." in read(inner.data).text
    assert list(msg_members(data, Limits())) == [plan, inner], "a second reading must find the same bytes"


@pytest.mark.parametrize("cut", [600, 1_500, 3_000])
def test_a_broken_message_of_outlook_is_damaged(cut: int) -> None:
    with pytest.raises(DamagedFile):
        read_msg(msg("words")[:cut], name="x.msg", document_id="d", limits=Limits())
