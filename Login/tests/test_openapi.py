"""The API's description: complete, true under generated requests, and shown by a page that needs nobody else."""

import re
from contextlib import suppress
from typing import Any

import httpx2
import hypothesis
import pytest
import schemathesis
from playwright.sync_api import Page
from pydantic import BaseModel
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from app.errors import ApiError
from app.identifiers import EMAIL_MAX, USERNAME_MAX, USERNAME_MIN
from app.passwords.rules import LENGTH_MIN
from testing.api import PASSWORD, StartApi, register, sign_in
from testing.browser import OpenPage, Picture
from testing.declared import list_codes

LINKS = {
    "/password/reset/confirm",
    "/email/verify",
    "/email/change/confirm",
    "/email/revert",
    "/account/disown",
    "/link/look",
}
OPEN = {
    "/register",
    "/login",
    "/login/passkey/start",
    "/login/passkey",
    "/refresh",
    "/password/reset",
    "/healthz",
    "/readyz",
} | LINKS
ENDPOINTS = {
    "POST /register",
    "POST /login",
    "POST /refresh",
    "POST /reauthenticate",
    "POST /reauthenticate/passkey/start",
    "POST /reauthenticate/passkey",
    "POST /login/passkey/start",
    "POST /login/passkey",
    "GET /passkeys",
    "POST /passkeys",
    "POST /passkeys/registration",
    "PUT /passkeys/{passkey_id}",
    "DELETE /passkeys/{passkey_id}",
    "POST /logout",
    "GET /user/profile",
    "GET /user/account",
    "GET /user/export",
    "PUT /user/update",
    "DELETE /user/delete",
    "POST /user/delete",
    "GET /user/sessions",
    "DELETE /user/sessions",
    "DELETE /user/sessions/{session_id}",
    "GET /totp/status",
    "POST /totp/enable/start",
    "POST /totp/enable/confirm",
    "POST /totp/disable",
    "POST /totp/recovery-codes",
    "POST /password/reset",
    "POST /password/reset/confirm",
    "POST /email/verification",
    "POST /email/verify",
    "POST /email/change/confirm",
    "POST /email/revert",
    "POST /account/disown",
    "POST /link/look",
    "POST /introspect",
    "GET /healthz",
    "GET /readyz",
}
# Where there is no endpoint, what the page's introduction tells, and an endpoint that is not for clients.
ELSEWHERE = {"not_found", "method_not_allowed", "insecure_configuration", "metrics_forbidden"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def migrated_url(sqlite_copy: str) -> str:
    """Use SQLite alone: the description is the same on every database."""
    return sqlite_copy


@pytest.fixture
def settings_changes() -> dict[str, Any]:
    """Let a test try as often as it likes: throttles have tests of their own."""
    return {"rate_limits_enabled": False}


@pytest.fixture
def document(api: TestClient) -> dict[str, Any]:
    """Give the API's description."""
    return dict(api.get("/openapi.json").json())


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is described for each endpoint."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_endpoint_is_described(document: dict[str, Any]) -> None:
    """Each endpoint of the contract has a summary, a description and its own place in the list."""
    described = operations(document)

    assert set(described) >= ENDPOINTS
    for name, operation in described.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert len(operation["tags"]) == 1, name
        assert operation["tags"][0] in [tag["name"] for tag in document["tags"]], name


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    """A developer sees what to send before trying it out."""
    schemas = document["components"]["schemas"]
    for name, operation in operations(document).items():
        if "requestBody" not in operation:
            continue
        [content] = operation["requestBody"]["content"].values()
        schema = content["schema"]
        if "examples" in schema:
            continue
        reference = schema.get("$ref") or schema["anyOf"][0]["$ref"]
        body = schemas[reference.rpartition("/")[2]]
        examples = body.get("examples") or [value["examples"] for value in body["properties"].values()]
        assert examples, name


def test_every_refusal_has_a_code(document: dict[str, Any]) -> None:
    """Each refusal is a problem document whose examples name the codes that a client may switch on."""
    for name, operation in operations(document).items():
        statuses = {int(status) for status in operation["responses"]}
        assert {200, 201} & statuses, name
        assert (401 in statuses) == (name.partition(" ")[2] not in OPEN or name == "POST /refresh"), name
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                [(media, content)] = answer["content"].items()
                shown = [document["components"]["examples"][each]["value"] for each in content["examples"]]
                assert media == "application/problem+json", name
                assert {each["code"] for each in shown} == list_codes(document, answer) != set(), (name, status)
                assert {each["status"] for each in shown} == {int(status)}, (name, status)
                assert ("Retry-After" in answer.get("headers", {})) == (status in {"429", "503"}), (name, status)


def test_every_code_is_described(document: dict[str, Any]) -> None:
    """Whatever a client may have to switch on stands at the endpoints that answer it."""
    described = {
        name: {code for answer in operation["responses"].values() for code in list_codes(document, answer)}
        for name, operation in operations(document).items()
    }

    assert set().union(*described.values()) >= {error.code for error in refusals_of(ApiError)} - ELSEWHERE
    assert {name for name, found in described.items() if "outcome_unknown" in found} == {
        name for name in described if not name.startswith("GET ")
    }


def refusals_of(family: type[ApiError]) -> list[type[ApiError]]:
    """Return every kind of refusal that there is."""
    return [kind for one in family.__subclasses__() for kind in (one, *refusals_of(one))]


def test_every_operation_has_a_short_name_of_its_own(document: dict[str, Any]) -> None:
    """Generated clients call by it, so it is no path spelled out; and it says whether a token is wanted."""
    described = operations(document)
    names = [operation["operationId"] for operation in described.values()]

    assert sorted(names) == sorted(set(names))
    assert [name for name in names if len(name) > 30 or not re.fullmatch(r"[a-z]+(_[a-z]+)+|[a-z]{6,}", name)] == []
    assert {name.partition(" ")[2] for name, operation in described.items() if not operation["security"]} == OPEN


def test_a_refusal_s_own_members_are_typed_where_they_come(document: dict[str, Any]) -> None:
    """A login's `totp_required` always has a login_token, nobody else's has one; a wrong code may tell of the clock."""
    schemas = document["components"]["schemas"]
    common = {"type", "title", "status", "detail", "code"}
    refusals = {name: schema for name, schema in schemas.items() if common <= schema.get("properties", {}).keys()}
    own = {name: set(schema["properties"]) - common for name, schema in refusals.items()}

    assert {name: members for name, members in own.items() if members} == {
        "TotpRequired": {"factors"},
        "SecondFactorRequired": {"factors"},
        "LoginCodeRequired": {"factors", "login_token", "trust_seconds"},
        "LoginFactorRequired": {"factors", "login_token", "trust_seconds"},
        "TotpInvalid": {"clock_off"},
    }
    assert [name for name in refusals if set(refusals[name]["required"]) != common | own[name] - {"clock_off"}] == []
    assert not {kind.__name__ for kind in refusals_of(ApiError)} & {body.__name__ for body in bodies_below(BaseModel)}


def bodies_below(kind: type[BaseModel]) -> set[type[BaseModel]]:
    """Return every kind of body of ours: none may be called as a refusal is."""
    found = {each for each in kind.__subclasses__() if each.__module__.startswith("app.")}
    return found.union(*map(bodies_below, kind.__subclasses__()))


def test_the_lengths_that_count_are_declared(document: dict[str, Any]) -> None:
    """Whoever makes a form of the document refuses at once what the API would."""
    schemas = document["components"]["schemas"]
    registration, update = schemas["Registration"]["properties"], schemas["UserUpdate"]["properties"]

    assert registration["email"]["maxLength"] == update["new_email"]["anyOf"][0]["maxLength"] == EMAIL_MAX
    assert registration["username"]["anyOf"][0]["maxLength"] == USERNAME_MAX
    assert update["username"]["anyOf"][0]["minLength"] == USERNAME_MIN
    assert registration["password"]["minLength"] == LENGTH_MIN


def test_tokens_are_pasted_as_http_bearer(document: dict[str, Any]) -> None:
    """What "Authorize" asks for is the access token; services have a name and a secret."""
    schemes = document["components"]["securitySchemes"].values()

    assert {(scheme["type"], scheme["scheme"]) for scheme in schemes} == {("http", "bearer"), ("http", "basic")}


@pytest.mark.asvs("2.2.1", "4.1.1")
def test_generated_requests_find_nothing_undescribed(start_api: StartApi) -> None:
    """Hundreds of generated requests, half of them wrong, get no 5xx and only answers that the description has."""
    server, tried = start_api(RATE_LIMITS_ENABLED="false"), set()
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        register(http)
        for result in schema.get_all_operations():
            operation = result.ok()
            tried.add(operation.label)
            try_out(http, operation)

    assert tried >= ENDPOINTS


def try_out(http: httpx2.Client, operation: Any) -> None:
    """Call one endpoint with bodies and parameters after its description, as somebody signed in."""
    answer = http.post("/login", json={"username": "alice", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    run_examples(operation.as_strategy(), 10, headers)
    with suppress(hypothesis.errors.Unsatisfiable):  # an endpoint that takes nothing can be given nothing wrong
        run_examples(operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE), 5, headers)


def run_examples(strategy: Any, examples: int, headers: dict[str, str]) -> None:
    """Make the same requests in every run."""

    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=strategy)
    def call(case: Any) -> None:
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    call()


@pytest.mark.browser
@pytest.mark.asvs("3.4.3", "14.2.3")
def test_the_page_works_without_the_internet(start_api: StartApi, open_page: OpenPage, picture: Picture) -> None:
    """In a real browser that reaches this server only: all parts load, no policy is broken, tokens try things out."""
    server = start_api()
    with httpx2.Client(base_url=server.url) as http:
        user = sign_in(http, register(http))
    page, wrong = open_page(scripts=True), []
    page.route(lambda url: not url.startswith(server.url), lambda route: route.abort())
    page.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.goto(f"{server.url}/docs")
    authorize(page, user.access_token)
    shown = try_out_profile(page)
    picture(page, "profile")

    assert wrong == []
    assert '"email": "alice@example.com"' in shown


def authorize(page: Page, token: str) -> None:
    """Paste a token as the page's visitors do."""
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("auth-bearer-value").fill(token)
    page.locator("form", has_text="HTTPBearer").get_by_role("button", name="Apply credentials").click()
    page.locator(".close-modal, .btn-done").first.click()


def try_out_profile(page: Page) -> str:
    """Press "Try it out" and "Execute" on GET /user/profile and read the answer."""
    operation = page.locator(".opblock", has_text="/user/profile")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    return str(operation.locator(".live-responses-table .response-col_description pre").first.inner_text())
