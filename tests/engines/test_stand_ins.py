"""The stand-ins do what the real servers did when they were last met."""

from tests.engines.met import recorded
from tests.engines.stand_ins import differences


def test_a_stand_in_gives_the_reader_and_the_log_what_the_real_server_gave() -> None:
    assert list(differences(recorded())) == []
