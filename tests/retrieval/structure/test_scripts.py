"""Words of scripts without borders between words are found wherever they stand; hyphens of compounds are kept."""

import pytest

from retrieval.core.documents import Document, Page
from retrieval.search.lexical import stems_of
from retrieval.structure.phrase_search import each_mention, in_context
from retrieval.structure.reflow import own_words
from retrieval.structure.sentences import sentences

CHINESE = (
    "租赁合同\n第一条 租金。承租人应于每月五日前向出租人支付租金人民币八千\n"
    "元，逾期每日按千分之五支付违约金。第二条 期限为30天。"
)
JAPANESE = "賃貸借契約書\n賃借人は毎月末日までに翌月分の賃料を賃貸人に支払う。"
KOREAN = "임대차 계약서\n임차인은 매월 말일까지 임대인에게 차임을 지급하여야 한다."


def of(text: str) -> Document:
    return Document("x", "x.pdf", text, (Page(1, "1", 0, len(text)),))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        (CHINESE, "每月五日前向出租人"),
        (CHINESE, "人民币八千元"),
        (CHINESE, "30天"),
        (CHINESE, "30"),
        (JAPANESE, "翌月分の賃料"),
        (KOREAN, "임대인"),
    ],
)
def test_a_phrase_is_found_within_a_line_and_over_a_line_end(text: str, phrase: str) -> None:
    (mention,) = each_mention(of(text), phrase)
    assert own_words(of(text), mention) == phrase
    assert phrase in str(in_context(of(text), mention))


def test_what_is_not_there_is_not_found() -> None:
    assert not list(each_mention(of(CHINESE), "五日前向承租人"))
    assert not list(each_mention(of("The tenant pays"), "tenan"))


def test_sentences_end_at_full_stops_of_their_own() -> None:
    words = [own_words(of(CHINESE), sentence) for sentence in sentences(of(CHINESE))]
    assert "承租人应于每月五日前向出租人支付租金人民币八千元，逾期每日按千分之五支付违约金。" in words


def test_a_word_is_indexed_by_its_pairs_of_characters() -> None:
    assert set(stems_of("违约金")) <= set(stems_of(CHINESE))
    assert not set(stems_of("管辖")) & set(stems_of(CHINESE))
    assert stems_of("The tenant pays") == stems_of("tenant pays")


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("twenty\u2010one days", "twenty-one days"),
        ("two-\nthirds of the notes", "two-thirds of the notes"),
        ("a ten\u2010day period", "a ten-day period"),
        ("non\u2010compete", "non-compete"),
        ("any third\u2010party claim", "any third-party claim"),
        ("the Sub\u2010Adviser", "the Sub-Adviser"),
        ("sur\u2010vives", "survives"),
        ("the ten\u2010ant", "the tenant"),
        ("AGREE\u2010MENT", "AGREEMENT"),
    ],
)
def test_a_hyphen_at_a_line_end_stays_where_it_is_the_word_s_own(broken: str, whole: str) -> None:
    document = of(broken)
    assert own_words(document, document.span(0, len(broken))) == whole
