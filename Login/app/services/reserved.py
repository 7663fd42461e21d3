"""Usernames that nobody may take: who speaks for the service, and what could be mistaken for them at a glance."""

# ruff: noqa: RUF001 to tell look-alikes from letters is what this file is for

import re
import unicodedata

# Roles that people obey, mailboxes that RFC 2142 gives to the service, and what programs print for nobody.
RESERVED = (
    *("pupero", "admin", "administrator", "administration", "root", "superuser", "sudo", "sysadmin", "system"),
    *("support", "help", "helpdesk", "service", "servicedesk", "security", "staff", "team", "official", "owner"),
    *("moderator", "operator", "abuse", "billing", "contact", "hostmaster", "info", "postmaster", "webmaster"),
    *("noreply", "mailerdaemon", "account", "accounts", "login"),
    *("anonymous", "nobody", "everyone", "null", "undefined"),
)

# By the letter that each group is taken for: digits, and letters of other scripts and of phonetics. Not all that
# Unicode knows (its table has ten thousand, most of which a username may not hold anyway): what a reader of Latin
# script cannot tell apart at a glance, for names of ours in small letters. Accents are taken off before.
LOOK_ALIKES = {
    "a": "4аαɑᴀдѧ",
    "b": "86ьʙвβƅɓ",
    "c": "сϲᴄⲥƈҫ",
    "d": "ԁɗᴅđժɖ",
    "e": "3еєɛεҽᴇəэɘ",
    "f": "ƒꜰſғ",
    "g": "9ɡցɢǥɠԍ",
    "h": "һհнʜħɦњ",
    "i": "1lіιıɩɪӏłʟɭⲓǀ",
    "j": "јϳյʝɉ",
    "k": "кκᴋҝƙқĸ",
    "m": "мᴍɱ",
    "n": "пոηɴŋɲиɳ",
    "o": "0оοօᴏσөøɵⲟ",
    "p": "рρᴘþƥ",
    "q": "ԛզɋ",
    "r": "гᴦʀɾɼɍя",
    "s": "5ѕꜱʂ",
    "t": "7тτᴛƭŧʈ",
    "u": "υսᴜʋцμʉ",
    "v": "νѵᴠⱱ",
    "w": "ԝѡωᴡш",
    "x": "хχ",
    "y": "уγүʏƴɏ",
    "z": "2ᴢʐƶʑ",
}
FOLD = str.maketrans({alike: letter for letter, group in LOOK_ALIKES.items() for alike in group})
PAIRS = {"rn": "m", "vv": "w"}


def is_reserved(username: str, *own_names: str) -> bool:
    """Whether a username reads as a reserved one, or as some of them in a row; `own_names` are reserved as well."""
    words = [fold_look_alikes(word) for word in (*RESERVED, *own_names)]
    return re.fullmatch(f"(?:{'|'.join(filter(None, map(re.escape, words)))})+", fold_look_alikes(username)) is not None


def fold_look_alikes(text: str) -> str:
    """Return what a hurried reader sees: no dots and accents, and one letter for all that look like it."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    digits = (str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain if c.isalnum())
    letters = "".join(digits).casefold().translate(FOLD)
    for pair, letter in PAIRS.items():
        letters = letters.replace(pair, letter)
    return letters
