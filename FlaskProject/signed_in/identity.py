"""Who is asking: the tokens of this request, the API in their name, and the account behind them."""

from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

from flask import Flask, Response, current_app, g, redirect, request, session
from flask.typing import ResponseReturnValue

from FlaskProject.backend.answers import Account, TokenPair
from FlaskProject.backend.api import Api
from FlaskProject.backend.http import Backend, BackendUnavailable, Refusal, Visitor
from FlaskProject.config import Config
from FlaskProject.languages.current import current_language, speak
from FlaskProject.signed_in.form_owners import SUBJECT, begin_page_session
from FlaskProject.signed_in.jwt_claims import Claims, claims_of
from FlaskProject.signed_in.refresh import Refresher, ends_soon
from FlaskProject.signed_in.session_cookies import ACCESS, LOGIN_STEP, REFRESH, TokenCookies, is_secure

LONGEST_USER_AGENT = 512


class PairToDeliver(Exception):
    """A page was asked for, and the browser has to get its new tokens before they are used."""


@dataclass(frozen=True)
class Services:
    """What one process of the pages shares among its requests."""

    config: Config
    backend: Backend
    refresher: Refresher


@dataclass
class RequestTokens:
    """This browser's tokens: as they came, and as they shall be kept."""

    access: str | None
    refresh: str | None
    sent: bool
    to_keep: TokenPair | None = None
    to_forget: bool = False
    answering: bool = False
    api: Api = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Speak to the API in this visitor's name."""
        self.api = Api(services().backend, _visitor(), self.access_token, self.renewed_access_token)

    def access_token(self) -> str:
        """Return an access token that will outlive this page, refreshing when it would not."""
        if self.access and (self.refresh is None or not ends_soon(self.access)):
            return self.access
        access = self.renewed_access_token()
        # An answer that gets lost must be one that can be had again: the API forgives while nobody has used the pair.
        if request.method in {"GET", "HEAD"} and request.endpoint and not self.answering and not ends_soon(access):
            raise PairToDeliver
        return access

    def renewed_access_token(self) -> str:
        """Refresh now; a browser without a refresh token is signed out."""
        if self.refresh is None:
            raise Refusal(401, "signed_out")
        pair = services().refresher.refresh(self.refresh, self.api.refresh)
        self.keep(pair)
        return pair.access_token

    def keep(self, pair: TokenPair) -> None:
        """Go on with this pair, and hand it to the browser with the answer."""
        self.access, self.refresh = pair.access_token, pair.refresh_token
        self.to_keep, self.to_forget = pair, False

    def forget(self) -> None:
        """Go on as nobody, and take the cookies away with the answer."""
        self.access = self.refresh = self.to_keep = None
        self.to_forget = True


def services() -> Services:
    """Return what this process shares."""
    return cast("Services", current_app.extensions["pupero"])


def tokens() -> RequestTokens:
    """Return this request's tokens, read from its cookies once."""
    if "tokens" not in g:
        access, refresh = (token_cookies().read(request, name) for name in (ACCESS, REFRESH))
        g.tokens = RequestTokens(access, refresh, sent=bool(access or refresh))
    return cast("RequestTokens", g.tokens)


def api() -> Api:
    """Return the API in the name of this visitor."""
    return tokens().api


def current_account(*include: str) -> Account:
    """Return the signed-in account, asked for once a request; nobody signed in is a Refusal 401.

    Whoever asks first says what is to come along: a page asks the API once.
    """
    if "account" not in g:
        know(api().account(include))
    return cast("Account", g.account)


def know(account: Account | None) -> None:
    """Take an account that came along with something else; where none did, it is asked for when it is needed."""
    if account:
        g.account = account
        speak(account.language)


def subject() -> str:
    """Return whom this browser's tokens name, unverified, or nothing."""
    claims = _claims()
    return claims.subject if claims else ""


def session_id() -> str:
    """Return the sign-in that this browser's tokens name, unverified, or nothing."""
    claims = _claims()
    return claims.session if claims else ""


def account_without_refresh() -> Account:
    """Return the account by the access token as it came: not every asker can hand a new pair to the browser."""
    found = tokens()
    kept, found.refresh = found.refresh, None
    try:
        return current_account()
    finally:
        found.refresh = kept


def account_if_any() -> Account | None:
    """Return the account for a page that stands without one, whatever goes wrong."""
    if "account" in g or tokens().sent:
        try:
            return current_account()
        except Refusal:
            # Nobody, then: the page's menu may offer to sign in.
            tokens().sent = False
        except BackendUnavailable:
            pass
    return None


def sign_in(pair: TokenPair) -> None:
    """Begin a signed-in visit with nothing left of the one before, so that no planted session lives on."""
    if tokens().sent:
        # The session that this browser gives up would linger among the person's devices, its tokens good.
        with suppress(Refusal, BackendUnavailable):
            api().log_out()
    begin_page_session(subject())
    g.pop("account", None)
    tokens().keep(pair)
    session[SUBJECT] = subject()


def sign_out() -> None:
    """End the visit in this browser."""
    begin_page_session(subject())
    g.pop("account", None)
    tokens().forget()


def note_over(refusal: Refusal) -> None:
    """Go on as nobody when the API has just called this browser's sign-in over.

    The cookies of a session that has ended stay, until the next sign-in replaces them: it may have ended because
    another tab has just given the password again, and this answer must not take away what that one's brings.
    """
    if refusal.code == "session_ended":
        tokens().sent = False
    elif refusal.status == HTTPStatus.UNAUTHORIZED:
        tokens().forget()


def token_cookies() -> TokenCookies:
    """Return the reader and writer of this request's token cookies."""
    config = services().config
    return TokenCookies(config, is_secure(config))


def init_identity(app: Flask) -> None:
    """Let every answer carry the tokens that its request came by, errors included: a lost pair cannot be had again."""
    app.after_request(_hand_over_tokens)
    app.register_error_handler(PairToDeliver, _ask_again)


def _ask_again(_pair: PairToDeliver) -> ResponseReturnValue:
    """Let the browser ask for the page again, with its new tokens; the path is one of ours and leads nowhere else."""
    query = request.query_string.decode("ascii", "ignore")
    return redirect(request.script_root + request.path + (f"?{query}" if query else ""))


def _hand_over_tokens(response: Response) -> Response:
    found: RequestTokens | None = g.get("tokens")
    if found and found.to_keep:
        token_cookies().write(response, found.to_keep)
        token_cookies().forget(response, request, LOGIN_STEP)
    elif found and found.to_forget:
        token_cookies().forget(response, request, ACCESS, REFRESH)
    return response


def _claims() -> Claims | None:
    return claims_of(tokens().access or tokens().refresh or "")


def _visitor() -> Visitor:
    agent = "".join(letter for letter in request.user_agent.string if letter.isascii() and letter.isprintable())
    return Visitor(
        address=request.remote_addr or "",
        user_agent=agent.strip()[:LONGEST_USER_AGENT],
        request_id=request.environ.get("pupero.request_id", ""),
        language=current_language().tag,
    )
