"""Passwords: hashes (Argon2id) and the rules for new ones, after NIST SP 800-63B and OWASP ASVS.

A password has 12 to 128 characters of any kind. Refused are those that people choose most, alone or with figures, signs
and the usual swaps of letters around them, and the account's own name.
"""

import re
import secrets
import unicodedata
from functools import cache

import argon2

from webapp.core.errors import PasswordRefused
from webapp.core.limits import is_text

SHORTEST, LONGEST = 12, 128  # characters
_LEAST_DIFFERENT = 5  # different characters
# Words of the commonest passwords; a password that is made of them alone is refused.
_COMMON = (
    "password passwort passwd passphrase motdepasse contrasena wachtwoord parola senha login admin administrator root "
    "user guest test testing welcome willkommen letmein changeme default temp temporary secret access master qwerty "
    "qwertz azerty qwertyuiop qwertzuiop asdf asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc abc abcd abcdef "
    "iloveyou monkey dragon sunshine princess football baseball basketball soccer superman batman starwars pokemon "
    "shadow michael jennifer jordan hunter killer trustno summer winter spring autumn january february march april may "
    "june july august september october november december monday tuesday wednesday thursday friday saturday sunday "
    "hello love charlie donald whatever freedom computer internet samsung google facebook microsoft windows company "
    "office lawyer legal lawfirm law firm contract contracts attorney counsel pincite my our your the is new old and"
).split()
_COMMON_ALONE = re.compile(rf"(?:{'|'.join(sorted(_COMMON, key=len, reverse=True))})*+")
_SWAPS = str.maketrans("@4301!5$7", "aaeoiisst")
_RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

# A pass more than OWASP's password storage cheat sheet asks for at this memory. One thread: several passwords are
# checked at the same time. A change of these is taken over at each person's next sign-in.
_hasher = argon2.PasswordHasher(time_cost=3, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """The Argon2id hash of a password, with a new salt."""
    return _hasher.hash(normalised(password))


def matches(password: str, hashed: str | None) -> bool:
    """Whether a password has this hash; without one it takes as long, and does not match."""
    try:
        return _hasher.verify(hashed or _hash_of_none(), normalised(password)) and hashed is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError, UnicodeEncodeError):
        return False


def is_outdated(hashed: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(hashed)


def normalised(password: str) -> str:
    """One form of the same characters (NFC): keyboards send accents as one character or two."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, *names: str) -> None:
    """Check a new password; `names` are the person's own. Raises PasswordRefused with the reason."""
    password = normalised(password)
    if len(password) < SHORTEST:
        raise PasswordRefused(reason=f"The password is too short: it needs at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise PasswordRefused(reason=f"The password is too long: it may have at most {LONGEST} characters.")
    if not is_text(password):
        raise PasswordRefused(reason="The password has characters that cannot be typed.")
    if _is_common(password.casefold(), [name.casefold() for name in names]):
        raise PasswordRefused(reason="This password is among the first that someone would try.")


def _is_common(password: str, names: list[str]) -> bool:
    if len(set(password)) < _LEAST_DIFFERENT or any(password[:SHORTEST] in run * 2 for run in _RUNS):
        return True
    parts = {part for name in names for part in (name, *re.split(r"[^\w]+", name)) if len(part) > 2}
    for part in sorted(parts, key=len, reverse=True):  # "ann" taken out first would hide "annabelle"
        password = password.replace(part, "")
    # "P4ssw0rd2024!" is "password" with swaps, and with figures and signs around it.
    before = re.sub(r"[\W\d_]+\Z", "", password)
    words = re.sub(r"\A[\W\d_]+", "", before)
    forms = (words, words.translate(_SWAPS), before.translate(_SWAPS))
    return any(_COMMON_ALONE.fullmatch(re.sub(r"[\W\d_]+", "", form)) for form in forms)


@cache
def _hash_of_none() -> str:
    """A hash that no password has: a check against it takes as long as one against an account's."""
    return _hasher.hash(secrets.token_urlsafe(32))
