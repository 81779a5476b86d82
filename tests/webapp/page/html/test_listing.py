"""Lists that the page's script draws: what is sent of them, whole and after a change."""

import json
import re
from typing import Any

from webapp.page.html.listing import Listing, to_json

A, B, C = ({"id": id_, "name": f"{id_}.pdf"} for id_ in "abc")


def listing(*rows: dict[str, Any], **about: Any) -> Listing:
    return Listing.of(about, {row["id"]: to_json(row) for row in rows})


def told(html: str) -> dict[str, Any]:
    found = re.fullmatch(r"<pre hidden>(.*)</pre>", html)
    assert found is not None
    message: dict[str, Any] = json.loads(found[1])
    return message


def test_a_page_that_has_none_of_a_list_is_sent_all_of_it() -> None:
    message = told(listing(A, B, matter="m").sent(1))
    assert message == {"version": 1, "from": 0, "about": {"matter": "m"}, "gone": [], "rows": [A, B]}


def test_of_a_list_that_the_page_has_only_what_has_changed_is_sent() -> None:
    read = B | {"pages": 3}
    message = told(listing(B | {"pages": 3}, C).sent(5, listing(A, B)))
    assert (message["version"], message["from"], message["gone"], message["rows"]) == (5, 4, ["a"], [read, C])


def test_a_list_in_another_order_is_sent_whole() -> None:
    for rows in ((B, A), (C, A, B), (A, C, B)):
        message = told(listing(*rows).sent(2, listing(A, B)))
        assert (message["from"], message["rows"]) == (0, list(rows))


def test_nothing_that_a_row_says_becomes_html() -> None:
    evil = {"id": "a", "name": "</pre><script>alert('1')</script> & &quot; \u2028"}
    html = listing(evil).sent(1)
    assert html.count("<") == 2
    assert "&" not in html
    assert told(html)["rows"] == [evil]
