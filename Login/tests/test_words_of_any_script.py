"""Passwords know no language: the checks of a person's own words are as good beyond Latin letters."""

import unicodedata

import pytest

from app.errors import PasswordTooPersonal
from app.passwords.rules import check_password, normalize_password

TAKEN = [
    ("оксана", "оксана12", "Cyrillic"),
    ("оксана", "ОКСАНА!!", "Cyrillic in capitals"),
    ("Oksana.Шевченко", "шевченко99", "a part in Cyrillic"),
    ("محمد", "محمد١٢٣محمد", "Arabic"),
    ("田中花子", "田中花子田中花子１", "Japanese"),
    ("田中", "田中田中田中12", "a short name in kanji, which says as much as a longer one in letters"),
    ("ﾀﾅｶﾊﾅｺ", "タナカハナコ１２", "kana of half the width"),
    ("김철수", "김철수김철수12", "Korean"),
    (unicodedata.normalize("NFD", "Zoë-Renée"), "zoë-renée1", "accents as marks of their own"),
    ("Ｐｏｌｌｙ", "polly123", "letters of full width"),
]


@pytest.mark.asvs("6.2.11")
@pytest.mark.parametrize(("word", "typed", "why"), TAKEN, ids=[why for *_, why in TAKEN])
def test_a_password_made_of_one_s_own_name_is_refused(word: str, typed: str, why: str) -> None:
    """In whichever script, width, case or composition it is written."""
    with pytest.raises(PasswordTooPersonal):
        check_password(normalize_password(typed), [word], ())


@pytest.mark.parametrize(
    ("word", "typed"),
    [
        ("оксана", "оксана любить чай"),
        ("محمد", "محمد والقمر الجديد"),
        ("田中花子", "田中花子と猫と月"),
        ("bob", "bobbob12"),
    ],
)
def test_a_password_that_only_holds_it_is_taken(word: str, typed: str) -> None:
    """Enough else stands beside it; and three Latin letters are no clue, as ever."""
    check_password(normalize_password(typed), [word], ())
