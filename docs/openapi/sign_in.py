"""Sign in with the client that openapi-python-client makes, in one step or in two: it type-checks under mypy strict."""

from collections.abc import Callable

from pupero_client import Client
from pupero_client.api.sessions import log_in
from pupero_client.models import LoginCodeRequired, LoginFactorRequired, LoginRequest, TokenPair


def sign_in(client: Client, username: str, password: str, read_code: Callable[[], str]) -> TokenPair:
    """Return a pair of tokens; `read_code` is called where the account has a second factor."""
    answer = log_in.sync(client=client, body=LoginRequest(username=username, password=password))
    if isinstance(answer, LoginCodeRequired | LoginFactorRequired):
        answer = log_in.sync(client=client, body=LoginRequest(login_token=answer.login_token, totp=read_code()))
    if isinstance(answer, TokenPair):
        return answer
    raise PermissionError(answer.code if answer else "no answer that the document has")
