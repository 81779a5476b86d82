"""HTML: what a browser shows of it, and nothing of what it hides."""

import pytest

from retrieval.core.errors import DamagedFile
from retrieval.core.limits import Limits
from retrieval.reading.html import read_html, shown_text
from tests.clock import within


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<title>tab</title><h1>Terms</h1><p>One <b>bold</b>\n word.<p>Two.", "Terms\n\nOne bold word.\n\nTwo."),
        ("<p>twenty-two</i>&nbsp;days&rsquo; notice", "twenty-two days’ notice"),
        ("<div>a<div>b</div>c</div>d<br>e", "a\nb\nc\nd\ne"),
        ("<ol type=a start=3><li>x<li value=5>y<ul><li>z</ul></ol>", "c. x\ne. y\n• z"),
        ("<ol style='list-style-type: lower-roman'><li>x<li>y<li>z<li>w</ol>", "i. x\nii. y\niii. z\niv. w"),
        ("<table><tr><th>Fee<th>Amount<tr><td><p>Set up</p><td>$5</table>", "Fee\tAmount\nSet up\t$5"),
        ("<table><tr><td>" + "long " * 99 + "<p>next</table>", "long " * 98 + "long\n\nnext"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<a href='http://x'>link</a> <img alt=no><input value='Ann'><input type=submit value=no>", "link Ann"),
        ("<select><option>no<option selected>yes</select>", "yes"),
        ("<p style='background:#000;color:#fff'>on black</p>", "on black"),
        ("<style>@media print { p { display: none } }</style><p>shown</p>", "shown"),
        ("", ""),
    ],
)
def test_html_is_read_as_it_is_shown(source: str, text: str) -> None:
    assert shown_text(source, "x") == (text, ())


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>SECRET</p>",
        "<p style='display : none'>SECRET</p>",
        "<p style='visibility:hidden'><b>SECRET</b></p>",
        "<p style='font-size:0px'>SECRET</p>",
        "<p style='color: #FFFFFF'>SECRET</p>",
        "<font color=white>SECRET</font>",
        "<style>.x, #y { display:none }</style><p class='a x'>SECRET</p><p id=y>SECRET</p>",
    ],
)
def test_hidden_words_are_left_out_and_told_without_being_said(hidden: str) -> None:
    text, warnings = shown_text(f"<p>before</p>{hidden}<p>after</p>", "x")
    assert text.split() == ["before", "after"]
    assert [each.kind for each in warnings] == ["hidden_text"]
    assert "SECRET" not in warnings[0].text


@pytest.mark.parametrize(
    "never", ["<script>SECRET</script>", "<style>SECRET</style>", "<template>SECRET</template>", "<!-- SECRET -->"]
)
def test_what_is_never_words_is_left_out_without_a_warning(never: str) -> None:
    assert shown_text(f"<p>before{never}</p>", "x") == ("before", ())


def test_the_encoding_that_a_file_declares_is_believed() -> None:
    data = '<meta charset="windows-1251"><p>Договор</p>'.encode("cp1251")
    assert read_html(data, name="x", document_id="d", limits=Limits()).text == "Договор"


def test_entities_are_not_followed_out_of_the_file() -> None:
    text, _ = shown_text('<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>&x;&amp;</p>', "x")
    assert "root:" not in text
    assert "&x;&" in text


def test_what_lies_too_deep_to_be_read_is_refused_and_not_dropped() -> None:
    assert "bottom" in shown_text("<div>" * 1_500 + "bottom", "x")[0]
    with pytest.raises(DamagedFile):
        shown_text("<div>" * 5_000 + "bottom", "x")


@pytest.mark.parametrize(
    "source", ["<td>" * 20_000, "<ul><li>" * 900, "<style>" + "@media{" * 20_000, "<p style='display:none'>" * 20_000]
)
def test_no_source_takes_long(source: str) -> None:
    with within(3):
        shown_text(source, "x")
