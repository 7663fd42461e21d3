"""What translators are told beside a sentence, and which sentences are looked up by their key as well.

English has one form for what other languages have several for: such a sentence is translated once for each of its keys.
"""

AMBIGUOUS = {
    # Commands: what a button or a link does.
    *("nav.login", "login.submit", "nav.register", "register.submit", "nav.logout", "device.end", "code.submit"),
    *("codes.go_on", "totp.start", "totp.setup.submit", "edit", "cancel", "codes.copy.submit", "codes.print"),
    *("trusted.remove", "history.open", "passkey.add", "link.disown.title"),
    # Titles and states: what something is.
    *("login.title", "register.title", "passkey.add.title", "totp.state.on", "totp.state.off", "home.factor.off"),
    *("none", "form.optional", "history.parts", "history.part.everything", "history.older", "history.newest"),
    *("email.verified", "email.unverified", "passkey.synced", "passkey.bound", "device.current", "nav.home"),
    # Pieces of a longer line.
    *("comma", "means.and", "rules.kept", "rules.open", "device.from", "device.label", "skip", "nav.label"),
}

# By key, or by the beginning of keys, which ends with a dot or a line.
NOTES = {
    "title.error": "Stands before the title of a page; ends with a blank.",
    "nav.whose": "A person's name follows.",
    "phrase.strip": "A label; the person's own phrase follows.",
    "comma": "Stands between the parts of a list, with the blank that follows it.",
    "form.optional": "Stands in brackets beside the name of a field.",
    "language.browser": "A choice below those of languages: none of them, but what the browser is set to.",
    "phrase.starting": "The phrase that everybody starts with. {service}: the name of this site.",
    "edit": "A button beside a setting, such as the username.",
    "none": "Of a username: the person has not chosen one.",
    "home.sign_in.text": "{label}: a device; {time}: date and time; {ago}: such as '5 minutes ago'.",
    "home.since": "A label: the day on which the account was opened follows.",
    "passkey.made": "{time}: a date and time; {label}: a device, such as 'Firefox on Linux'; {address}: an IP address.",
    "passkey.used": "{time}: a date and time; {ago}: such as '5 minutes ago'.",
    "passkey.bound": "A state: the passkey exists on one device only, not in a cloud.",
    "passkey.synced": "A state: the passkey is kept in a cloud and there on several devices.",
    "device.since": "{time}: a date and time; {address}: an IP address.",
    "device.seen": "{time}: a date and time; {ago}: such as '5 minutes ago'.",
    "device.label": "{program}: a browser; {system}: an operating system. As in 'Firefox on Linux'.",
    "device.end": "A button: signs that device out.",
    "device.end.which": "{label}: a device; {ago}: such as '5 minutes ago'. Part of a longer label, after a colon.",
    "trusted.remove.which": "{label}: a device; {ago}: such as '5 minutes ago'. Part of a longer label, after a colon.",
    "place": "{address}: an IP address; {device}: such as 'Firefox on Linux'.",
    "place.network": "{network}: one of the following two.",
    "place.near": "What is at an IP address; stands in brackets behind it.",
    "place.private": "What is at an IP address; stands in brackets behind it.",
    "trusted.until": "{day}: a date; {address}: an IP address.",
    "code.trust": "{wait}: a span of time, such as '30 days'.",
    "code.lead": "{service}: the name of this site.",
    "api.": "Said when something was refused.",
    "api.too_many_": "{wait}: when the wait is over, such as 'in 5 minutes'.",
    "api.busy": "{wait}: when the wait is over, such as 'in 5 minutes'.",
    "outage.busy": "{wait}: when the wait is over, such as 'in 5 minutes'.",
    "api.clock_off": "The clock of the person's phone, which makes the codes.",
    "link.verify.opened": "{time}: a date and time; {where}: a device and an address, or 'an unknown place'.",
    "history.parts": "Before the choice of what the history shows.",
    "history.part.": "One of the choices of what the history shows.",
    "event.": "In the history of an account: what happened, in a few words.",
    "reason.": "In the history: why something was refused.",
    "means": "In the history: what was proved with. {means} is one of the following, or several.",
    "means.and": "{first} and {second}: a password, a code from the app, ...",
    "actor.": "In the history: who did it.",
    "fact.": "In the history.",
    "fact.left": "Of recovery codes.",
    "fact.role": "{former} and {role}: names of roles, such as 'user' and 'admin'.",
    "rules.kept": "Follows a rule for passwords that is met; read out by screen readers. Begins with a colon.",
    "rules.open": "Follows a rule for passwords that is not met yet; read out by screen readers. Begins with a colon.",
    "rules.own": "A rule for a password.",
    "codes.file": "The name of a file: Latin letters, digits and dashes only.",
    "codes.file.head": "{name}: the person; {service}: the name of this site.",
    "totp.state.": "The state of the second factor.",
    "clock.today": "A time of today.",
    "clock.moment": "A date and a time.",
    "skip": "A link to the main part of the page, for screen readers and keyboards.",
    "nav.label": "What screen readers call the main menu.",
    "advice.": "A suggestion on the front page.",
    "step_up.": "Another application, behind this sign-in, wants to know who the person is.",
    "verify.": "Another application, behind this sign-in, wants to know who the person is.",
}


def notes_for(key: str) -> list[str]:
    """Return what translators are told of a sentence."""
    plain = key.removesuffix(".one").removesuffix(".from")
    return [note for start, note in NOTES.items() if start == plain or (start[-1] in "._" and key.startswith(start))]
