"""Who is there, in headers for the application behind a proxy."""

from urllib.parse import quote

from FlaskProject.backend.answers import Account

# Visible ASCII stands as it is, but for the sign that begins what does not.
AS_IT_IS = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")


def identity_headers(account: Account) -> dict[str, str]:
    """Name the account; each header is always there, so that it replaces whatever a visitor sent under its name.

    `Remote-User` is the id, which nobody can choose or take over: an email moves to another mailbox, and a username may
    be free again. An address that nobody has confirmed proves nothing and is left out.
    """
    email = account.email if account.email_verified else ""
    told = {"Remote-User": account.user_id, "Remote-Email": email, "Remote-Role": account.role}
    return {name: quote(value, safe=AS_IT_IS) for name, value in told.items()}
