"""What no part calls, read from the source: code and commands out of text, weak cryptography, odd connections."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("Login/app", "FlaskProject", "CreateDB", "deploy")
FILES = [path for part in PARTS for path in sorted((ROOT / part).rglob("*.py")) if "tests" not in path.parts]

RUN_TEXT = {"eval", "exec", "compile", "__import__"}
RUN_COMMANDS = {"system", "popen", "execv", "execvp", "spawnv", "startfile"}
MAKE_OBJECTS = {"pickle", "marshal", "shelve", "dill", "yaml", "xml", "lxml", "jsonpickle"}
SHOW_AS_HTML = {"Markup", "render_template_string", "from_string"}
# An operator's own picture, of which no object is made; a DTD is refused.
READS_XML = {"FlaskProject/settings/svg.py"}
# The server of the image; and Python itself, to measure what a setting from before its start brings.
STARTS_PROGRAMS = {"CreateDB/doctor/huge_pages.py", "deploy/start.py"}
# Who opens connections, and with what, beside SQLAlchemy; the addresses stand in the settings.
CONNECTS = {
    "Login/app/driver/sockets.py": {"socket"},
    "Login/app/mail/delivery.py": {"smtplib", "socket"},
    "Login/app/webhooks/addresses.py": {"socket"},
    "Login/app/webhooks/post.py": {"http.client", "socket"},
    "Login/app/throttling/flood_redis.py": {"redis"},
    "FlaskProject/backend/http.py": {"requests"},
    "FlaskProject/backend/road.py": {"requests"},
    "CreateDB/doctor/mail.py": {"smtplib"},
    "deploy/healthy.py": {"http.client", "urllib.request"},
}
CONNECTING = {"smtplib", "socket", "redis", "requests", "httpx", "http.client", "urllib.request", "ftplib"}
CRYPTOGRAPHY = {
    "Login/app/auth.py": {"jose", "passlib", "pyotp"},
    "Login/app/secrets/encryption.py": {"cryptography"},
    "Login/app/secrets/keys.py": {"cryptography"},
    "Login/app/secrets/recovery_codes.py": {"argon2"},
    "Login/app/webauthn.py": {"cryptography", "fido2"},
    "FlaskProject/signed_in/sealing.py": {"cryptography"},
    "deploy/certificate.py": {"cryptography"},
}
# Patterns of names in the same file: a constant, and words that were escaped before they were joined.
OUR_OWN = {"CreateDB/server/grants.py", "CreateDB/command/explain.py"}
LIBRARIES = {"jose", "passlib", "pyotp", "cryptography", "Crypto", "nacl", "jwt", "argon2", "fido2"}
# The hash by which breached passwords are published: it finds them in a list, and protects nothing.
FINDS_IN_LISTS, LISTS = "hashlib.sha1", "Login/app/passwords/common.py"
PRIMITIVES = {
    "AESGCM",
    "SHA256",
    "HKDF",
    "InvalidTag",
    "InvalidSignature",
    "x509",
    "hashes",
    "serialization",
    "ec",
    "NameOID",
}
# A random number that is no secret: the name of a request, and how long a retry waits.
MAY_BE_GUESSED = {"Login/app/web/middleware.py", "Login/app/driver/failures.py"}


def name_of(path: Path) -> str:
    """Return the file's path as people say it."""
    return path.relative_to(ROOT).as_posix()


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Return all of the file's syntax tree."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def calls(path: Path) -> list[ast.Call]:
    """Return every call."""
    return [node for node in nodes(path) if isinstance(node, ast.Call)]


@cache
def imports(path: Path) -> dict[str, set[str]]:
    """Return what is imported, by module; of a module as a whole nothing."""
    found: dict[str, set[str]] = {}
    for node in nodes(path):
        for name in node.names if isinstance(node, ast.Import) else ():
            found.setdefault(name.name, set())
        if isinstance(node, ast.ImportFrom):
            found.setdefault(node.module or "", set()).update(name.name for name in node.names)
    return found


def packages(path: Path) -> set[str]:
    """Return the top-level packages that are imported."""
    return {module.partition(".")[0] for module in imports(path)}


def functions(path: Path) -> set[str]:
    """Return the names of the functions that are called."""
    return {call.func.id for call in calls(path) if isinstance(call.func, ast.Name)}


def methods(path: Path) -> set[str]:
    """Return the names of the methods that are called."""
    return {call.func.attr for call in calls(path) if isinstance(call.func, ast.Attribute)}


@pytest.mark.asvs("1.2.5", "1.3.2", "1.5.2")
def test_no_text_is_run() -> None:
    """Neither as code nor as a command, and no objects are made of it."""
    assert len(FILES) > 100
    assert [name_of(path) for path in FILES if functions(path) & RUN_TEXT or methods(path) & RUN_COMMANDS] == []
    assert [name_of(path) for path in FILES if packages(path) & MAKE_OBJECTS] == [*READS_XML]
    assert {name_of(path) for path in FILES if "subprocess" in packages(path)} == STARTS_PROGRAMS


@pytest.mark.asvs("1.3.7", "1.2.1", "3.2.2")
def test_no_template_is_made_of_text() -> None:
    """Pages come from files of ours, and whatever is put into them is escaped."""
    templates = list((ROOT / "FlaskProject/templates").glob("*.html"))
    used = {name for path in FILES for names in imports(path).values() for name in names}
    used |= {name for path in FILES for name in methods(path)}

    assert not used & SHOW_AS_HTML
    assert len(templates) > 10
    assert not [path.name for path in templates if re.search(r"\|\s*safe|autoescape", path.read_text(encoding="utf-8"))]


@pytest.mark.asvs("1.2.9")
def test_no_pattern_is_made_of_text() -> None:
    """A regular expression is a literal; the words that one is made of are escaped, or are our own."""
    patterns = [
        (name_of(path), ast.unparse(call.args[0]))
        for path in FILES
        for call in calls(path)
        if ast.unparse(call.func).startswith("re.") and call.args and not isinstance(call.args[0], ast.Constant)
    ]

    assert {name for name, pattern in patterns if "re.escape" not in pattern} == OUR_OWN


@pytest.mark.asvs("13.2.4", "13.2.5", "1.3.6")
def test_few_files_open_connections() -> None:
    """To where the settings say, and docs/inventory.md lists: a new one is a decision made there and here."""
    opened = {name_of(path): {module for module in CONNECTING if brings(path, module)} for path in FILES}

    assert {name: modules for name, modules in opened.items() if modules} == CONNECTS


def brings(path: Path, module: str) -> bool:
    """Tell whether a module or a part of it is imported."""
    return any(name == module or name.startswith(f"{module}.") for name in imports(path))


@pytest.mark.asvs("11.2.1", "11.3.1", "11.3.2", "11.4.1", "11.4.3")
def test_cryptography_is_of_known_libraries_and_kinds() -> None:
    """AES-256-GCM, SHA-256, HKDF, and what tokens, passwords and codes need; nothing else, and nothing of our own."""
    modules = [(module, names) for path in FILES for module, names in imports(path).items()]
    brought = {name for module, names in modules if module.startswith("cryptography") for name in names}
    hashes = {ast.unparse(call.func) for path in FILES for call in calls(path)}

    assert {name_of(path): packages(path) & LIBRARIES for path in FILES if packages(path) & LIBRARIES} == CRYPTOGRAPHY
    assert brought == PRIMITIVES
    assert {name for name in hashes if re.fullmatch(r"hashlib\.\w+", name)} == {"hashlib.sha256", FINDS_IN_LISTS}
    assert [name_of(path) for path in FILES if FINDS_IN_LISTS in path.read_text("utf-8")] == [LISTS]
    assert "usedforsecurity=False" in (ROOT / LISTS).read_text("utf-8")


@pytest.mark.asvs("11.5.1")
def test_secrets_are_drawn_from_the_system() -> None:
    """Python's own generator can be foretold: what uses it is named here, and none of it is a secret."""
    assert {name_of(path) for path in FILES if "random" in packages(path)} == MAY_BE_GUESSED


@pytest.mark.asvs("15.2.3")
def test_an_image_is_made_of_the_parts_alone() -> None:
    """No test, tool, sample or setting of this machine gets into one."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert next(line for line in lines if not line.startswith("#")) == "*"
    assert {line for line in lines if line.startswith("!")} == {f"!{part}" for part in PARTS}
    assert {"**/tests", "**/.env", "**/.env.*", "**/*.key"} <= set(lines)
