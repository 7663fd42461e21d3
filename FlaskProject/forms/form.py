"""What a person typed, and what is wrong with it."""

import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Self

from flask import request

from FlaskProject.backend.http import BackendUnavailable, Refusal
from FlaskProject.forms.outages import outage_sentence, outcome_sentence
from FlaskProject.messages import field_sentence, sentence_for, t
from FlaskProject.rendering.own_paths import here
from FlaskProject.rendering.times import in_time

# Never written back into a page.
PASSWORDS = frozenset({"password", "new_password", "current_password"})
SECRETS = PASSWORDS | {"totp", "code", "secret", "csrf_token"}

# What a browser's passkeys said: good once, and for nobody to look at.
ANSWER = frozenset({"ceremony", "credential"})
SHORTEST_PASSWORD = 8  # code points, as the API has it
MOST_PARTS = 100  # objects and lists; far more than in any answer, and fewer than a nest of them that ends a request

# About the form itself, not what it is for.
SWITCHES = frozenset({"passwords", "shown_passwords", "look"})

# Written into a form by its page, and typed by nobody: a mail's link, where to go on, which kind of code is asked for.
OF_THE_PAGE = frozenset({"token", "next", "with"})

# Where the sentence of these codes stands: beside the first of these fields that the form has, else above the form.
PLACES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("email_taken", "email_domain_private"): ("new_email", "email"),
    ("username_taken", "username_reserved"): ("username",),
    ("password_too_short", "password_too_common", "password_too_personal"): ("new_password", "password"),
    ("current_password_required", "current_password_invalid"): ("current_password",),
    ("totp_required", "second_factor_required", "totp_invalid"): ("totp", "code"),
}


class Incomplete(Exception):
    """The form has something to put right before the API need be asked."""


@dataclass
class Form:
    """The fields of one submission, with the sentences that belong beside and above them."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    refused_as: str = ""
    sent_to: str = ""

    @classmethod
    def from_request(cls) -> Self:
        """Take what was posted."""
        return cls({name: value for name, value in request.form.items() if name != "csrf_token"}, sent_to=here())

    def text(self, name: str) -> str:
        """Return a field as it was typed."""
        return self.values.get(name, "")

    def text_if_asked(self, name: str) -> str:
        """Return a field that the page may not have had; what is wrong with it stands beside it all the same."""
        return self.values.setdefault(name, "")

    def ticked(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return name in self.values

    def shown(self, name: str, default: str | None = "") -> str:
        """Return what to write back into a field: what was typed, unless it is a secret."""
        return "" if name in SECRETS else self.values.get(name, default or "")

    @property
    def passkey(self) -> dict[str, Any] | None:
        """What the browser's passkeys said; the API judges it, so what is no JSON is an empty answer."""
        if not self.text("credential"):
            return None
        return {"ceremony": self.text("ceremony"), "credential": _read_object(self.text("credential"))}

    @property
    def credential_id(self) -> str:
        """Which passkey answered, by the browser's own word."""
        said = (self.passkey or {}).get("credential", {}).get("id")
        return said if isinstance(said, str) else ""

    def factor(self, code: str) -> dict[str, Any]:
        """Return the second factor that was shown: a passkey's answer, or the code in this field."""
        typed = self.text_if_asked(code)
        return self.passkey or ({"totp": typed} if typed else {})

    @property
    def passwords_shown(self) -> bool:
        """Tell whether the person wants to see what they type into password fields."""
        return self.text("passwords") == "show" or ("passwords" not in self.values and self.ticked("shown_passwords"))

    @property
    def only_looks(self) -> bool:
        """Tell whether the form is to be shown with what was typed, and what it is for left undone."""
        return self.ticked("passwords") or self.ticked("look")

    @property
    def switched(self) -> str | None:
        """Name the password field to go on with when the person has just had the form shown anew."""
        # A summary of what went wrong comes first: one page, one focus.
        fields = self.values if self.only_looks and not self.failed else []
        return next((name for name in fields if name in PASSWORDS), None)

    @property
    def kept(self) -> dict[str, str]:
        """Everything that may be written back into a page."""
        return {name: value for name, value in self.values.items() if name not in SECRETS | SWITCHES | ANSWER}

    @property
    def typed(self) -> bool:
        """Tell whether there is something that a person typed, and would miss."""
        written = OF_THE_PAGE | SWITCHES | ANSWER | {"kind", "secret"}
        return any(value for name, value in self.values.items() if name not in written)

    @property
    def asked_secrets(self) -> list[str]:
        """The secrets that were typed and have to be typed again."""
        return [name for name in self.values if name in SECRETS - {"secret"}]

    @property
    def failed(self) -> bool:
        """Tell whether there is anything to put right."""
        return bool(self.errors or self.notices)

    def without_fields(self) -> Self:
        """Return what was wrong as sentences alone, for a page that has none of these fields."""
        return type(self)(notices=[*self.notices, *self.errors.values()])

    def untouched(self) -> Self:
        """Return the form as it was before anybody typed or ticked anything."""
        return type(self)({name: value for name, value in self.values.items() if name in OF_THE_PAGE})

    def require(self, *names: str) -> None:
        """Send the form back when one of these fields was left empty; browsers that skip `required` learn it here."""
        for name in names:
            if not self.text(name).strip():
                self.errors[name] = t(f"required.{name}")
        if self.errors:
            self._judge_length()
            raise Incomplete

    def refuse(self, refusal: Refusal) -> None:
        """Turn the API's refusal into sentences."""
        self.refused_as = refusal.code
        for name, code in refusal.fields.items():
            self._blame(name, field_sentence(name, code))
        if not refusal.fields:
            self._place(refusal)
        if self.errors:
            self._judge_length()

    def _place(self, refusal: Refusal) -> None:
        code = self._find_sentence(refusal)
        places = next((fields for codes, fields in PLACES.items() if refusal.code in codes), ())
        place = next((name for name in places if name in self.values), None)
        self._blame(place, sentence_for(code, wait=in_time(refusal.retry_after or 60)))

    def excuse(self, outage: BackendUnavailable) -> None:
        """Say that it was us, what became of what was asked for, and what is needed to try again."""
        self.try_again(f"{outage_sentence(outage)} {outcome_sentence(outage)}".strip())

    def try_again(self, sentence: str) -> None:
        """Ask for the form once more, and say what has to be typed again."""
        self.notices.append(sentence)
        if self.asked_secrets:
            self.notices.append(t("form.retype"))

    def _find_sentence(self, refusal: Refusal) -> str:
        """Name the sentence: what is put right in different ways has one for each."""
        if refusal.code == "email_taken" and "new_email" in self.values:
            return "email_taken.new"  # of somebody who is signed in
        if refusal.extra.get("clock_off") is True:
            return "clock_off"
        with_recovery = refusal.code == "totp_invalid" and self.text("with") == "recovery"
        return "recovery_code_invalid" if with_recovery else refusal.code

    def _judge_length(self) -> None:
        """Say in the same round that a new password is short: the API says it only once the rest of the form is right.

        It tells nobody anything. Whether a name or address is taken would: the API says that of whole forms only.
        """
        name = "password" if "email" in self.values else "new_password"
        if 0 < len(unicodedata.normalize("NFKC", self.text(name))) < SHORTEST_PASSWORD:
            self.errors.setdefault(name, sentence_for("password_too_short"))

    def _blame(self, name: str | None, sentence: str) -> None:
        if name in self.values and name not in ANSWER:
            self.errors.setdefault(str(name), sentence)
        elif sentence not in self.notices:
            self.notices.append(sentence)


def _read_object(text: str) -> dict[str, Any]:
    """Read JSON that anybody may have made up: no object, or one that could not be sent on."""
    if text.count("{") + text.count("[") > MOST_PARTS:
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN is none of JSON's numbers
