"""Which passwords are refused, and that one is known by its hash alone."""

import pytest

from webapp.core.errors import PasswordRefused
from webapp.store.passwords import LONGEST, SHORTEST, check_password, hash_password, matches

REFUSED = (
    "p@ssw0rd2024!!  PASSWORD1234  qwertyuiop12  1234567890123  aaaaaaaaaaaaaa  abcabcabcabcabc  Welcome2024!!  "
    "passwordpassword  letmein!letmein!  Summer2025!!!  ada.lovelace1843  lovelace123456!  pincite123456  "
    "098765432109  $ummer$ummer2024"
).split("  ")
TAKEN = (
    "ferry lantern osprey 7",
    "correct horse battery",
    "x7$Kq!m2Zp#v",
    "Blauer Himmel über Kärnten",
    "тихий океан 1912",
)


@pytest.mark.parametrize("password", REFUSED)
def test_the_commonest_passwords_are_refused_with_figures_and_signs_around_them(password: str) -> None:
    with pytest.raises(PasswordRefused, match="among the first"):
        check_password(password, "ada.lovelace@firm.example", "Ada Lovelace")


@pytest.mark.parametrize("password", TAKEN)
def test_any_other_is_taken_whatever_it_is_made_of(password: str) -> None:
    check_password(password, "ada.lovelace@firm.example", "Ada Lovelace")


@pytest.mark.parametrize(
    ("length", "reason"), [(SHORTEST - 1, "too short"), (LONGEST + 1, "too long"), (SHORTEST, ""), (LONGEST, "")]
)
def test_a_password_has_a_least_and_a_greatest_length(length: int, reason: str) -> None:
    password = ("k9 ferry lantern osprey quarry " * 9)[:length]
    if not reason:
        check_password(password)
        return
    with pytest.raises(PasswordRefused, match=reason):
        check_password(password)


def test_characters_that_nobody_types_are_refused() -> None:
    with pytest.raises(PasswordRefused, match="cannot be typed"):
        check_password("ferry lantern \0 osprey")


@pytest.mark.parametrize("password", ["annabelle1234", "Smith20242024", "annann123456"])
def test_a_password_of_ones_own_names_is_refused_whichever_is_in_which(password: str) -> None:
    with pytest.raises(PasswordRefused):
        check_password(password, "ann@firm.example", "Annabelle Smith")


def test_a_password_matches_its_own_hash_however_its_accents_are_typed() -> None:
    hashed = hash_password("café au lait, deux")
    assert matches("cafe\u0301 au lait, deux", hashed)
    assert not matches("cafe au lait, deux", hashed)
    assert not matches("", None)
    assert not matches("x", "no hash")


def test_no_character_of_the_longest_password_is_cut_off() -> None:
    password = "ferry  lantern 船 🙂 " * 8
    password = password[:LONGEST]
    hashed = hash_password(password)
    assert matches(password, hashed)
    assert not matches(password[:-1] + "x", hashed)
    assert not matches(password.replace("  ", " "), hashed)
