"""People who use the suite while it breaks, each with one habit, and each with books of what they were promised.

All know every process of the API, and use what is good once at all of them at the same time.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from testing.api import PASSWORD, Person, SignedIn
from testing.ledger import Ledger, Outcome
from testing.mail import links_of, parse_mail

UPDATE, PROFILE, REFRESH = ("PUT", "/user/update"), ("GET", "/user/profile"), ("POST", "/refresh")
LOGIN, LOGOUT, REGISTER = ("POST", "/login"), ("POST", "/logout"), ("POST", "/register")
VERIFY = ("POST", "/email/verify")
BAD_REQUEST, UNAUTHORIZED = 400, 401


class Habit(ABC):
    """What somebody does again and again; `audit` says afterwards what was promised and is not so."""

    pause = 0.05  # seconds

    def __init__(self, ledger: Ledger, processes: Sequence[Any]) -> None:
        """Take the books and a client for each process of the API."""
        self.ledger = ledger
        self.processes = processes

    @abstractmethod
    def act(self) -> None:
        """Do it once."""

    @abstractmethod
    def audit(self) -> None:
        """Accuse the suite of every promise that it has not kept."""

    def ask_all(
        self, request: tuple[str, str], body: object = None, token: str = "", expected: Sequence[int] = ()
    ) -> list[tuple[Outcome, Any]]:
        """Send the same to all processes at the same time."""
        with ThreadPoolExecutor(len(self.processes)) as crowd:
            asked = [crowd.submit(self.ledger.ask, http, request, body, token, expected) for http in self.processes]
        return [each.result() for each in asked]


class Reader(Habit):
    """Looks at a profile."""

    def __init__(self, ledger: Ledger, processes: Sequence[Any], user: SignedIn) -> None:
        """Take whose it is."""
        super().__init__(ledger, processes)
        self._user = user

    def act(self) -> None:
        """Read through the first process."""
        self.ledger.ask(self.processes[0], PROFILE, token=self._user.access_token)

    def audit(self) -> None:
        """Be signed in still, everywhere."""
        for outcome, answer in self.ask_all(PROFILE, token=self._user.access_token):
            if outcome is not Outcome.DONE:
                self.ledger.accuse(f"somebody was signed out: {_read(answer)}")


class Writer(Reader):
    """Changes a phrase, and reads it."""

    _number = 0

    def __init__(self, ledger: Ledger, processes: Sequence[Any], user: SignedIn) -> None:
        """Take whose phrase it is."""
        super().__init__(ledger, processes, user)
        self._possible: set[str | None] = {None}  # the last that was acknowledged, and those of unknown outcome since

    def act(self) -> None:
        """Write through one process, and read through the other."""
        self._number += 1
        phrase, writing = f"phrase {self._number}", self.processes[self._number % len(self.processes)]
        outcome, _ = self.ledger.ask(writing, UPDATE, {"phrase": phrase}, self._user.access_token)
        if outcome is Outcome.DONE:
            self._possible = {phrase}
            self.ledger.acknowledge("phrases")
        elif outcome is Outcome.UNKNOWN:
            self._possible.add(phrase)
        super().act()

    def audit(self) -> None:
        """See the last phrase everywhere."""
        for outcome, answer in self.ask_all(PROFILE, token=self._user.access_token):
            phrase = answer.json()["phrase"] if outcome is Outcome.DONE else outcome
            if phrase not in self._possible:
                self.ledger.accuse(f"phrase lost: {phrase!r} instead of {self._possible}")


class Refresher(Reader):
    """Refreshes in two tabs at once, and goes on with what came of it."""

    def act(self) -> None:
        """Hand the same token in everywhere: whoever is served gets the one successor."""
        answers = self.ask_all(REFRESH, {"refresh_token": self._user.refresh_token})
        pairs = [answer.json() for outcome, answer in answers if outcome is Outcome.DONE]
        if len({pair["refresh_token"] for pair in pairs}) > 1:
            self.ledger.accuse("one refresh token had two successors")
        for pair in pairs[:1]:
            self._user.access_token, self._user.refresh_token = pair["access_token"], pair["refresh_token"]
            self.ledger.acknowledge("refreshes")
            super().act()


class Guest(Habit):
    """Signs in, looks and signs out."""

    pause = 0.2

    def __init__(self, ledger: Ledger, processes: Sequence[Any], person: Person) -> None:
        """Take who it is."""
        super().__init__(ledger, processes)
        self._body = {"email": person.email, "password": person.password}
        self._ended: list[str] = []  # tokens whose end was acknowledged
        self._turn = 0

    def act(self) -> None:
        """Come by one process and leave by another; from then on nobody takes the token any more."""
        self._turn += 1
        coming, leaving = (self.processes[(self._turn + one) % len(self.processes)] for one in range(2))
        outcome, answer = self.ledger.ask(coming, LOGIN, self._body)
        if outcome is not Outcome.DONE:
            return
        self.ledger.acknowledge("sign-ins")
        token = answer.json()["access_token"]
        self.ledger.ask(leaving, PROFILE, token=token)
        outcome, _ = self.ledger.ask(leaving, LOGOUT, token=token)
        if outcome is Outcome.DONE:
            self.ledger.acknowledge("sign-outs")
            self._ended.append(token)
            self._require_refusal(token)

    def audit(self) -> None:
        """See every ended session refused."""
        for token in self._ended:
            self._require_refusal(token)

    def _require_refusal(self, token: str) -> None:
        for outcome, _ in self.ask_all(PROFILE, token=token, expected=[UNAUTHORIZED]):
            if outcome is Outcome.DONE:
                self.ledger.accuse("an ended session was honoured")


class Spender(Habit):
    """Hands in what is good once, everywhere at once."""

    def __init__(self, ledger: Ledger, processes: Sequence[Any]) -> None:
        """Begin with nothing spent."""
        super().__init__(ledger, processes)
        self.uses: Counter[str] = Counter()
        self.doubtful: set[str] = set()  # of unknown outcome: perhaps spent, with nothing to show for it

    def spend(self, what: str, request: tuple[str, str], body: object) -> bool:
        """Hand something in, and say whether it was taken."""
        outcomes = [outcome for outcome, _ in self.ask_all(request, body, expected=[BAD_REQUEST])]
        if used := outcomes.count(Outcome.DONE):
            self.uses[what] += used
        if Outcome.UNKNOWN in outcomes:
            self.doubtful.add(what)
        return used > 0


class CodeUser(Spender):
    """Signs in with recovery codes, each of them everywhere at once."""

    pause = 2.0

    def __init__(self, ledger: Ledger, processes: Sequence[Any], user: SignedIn) -> None:
        """Take whose codes they are."""
        super().__init__(ledger, processes)
        self._body = {"email": user.person.email, "password": user.person.password}
        self._left = list(user.recovery_codes)
        self._tried: list[str] = []

    def act(self) -> None:
        """Use the next code; one of which nothing came is used again."""
        if not self._left:
            return
        code = self._left[0]
        self._tried.append(code)
        if self._use(code):
            self._left.remove(code)
            self.ledger.acknowledge("recovery codes")
        elif code in self.doubtful:
            self._left.remove(code)

    def audit(self) -> None:
        """See no used code taken again, and none lost that nobody had used."""
        for code in dict.fromkeys(self._tried):
            self._use(code)
            if self.uses[code] > 1:
                self.ledger.accuse("a recovery code was accepted twice")
            if not self.uses[code] and code not in self.doubtful:
                self.ledger.accuse("a recovery code was lost that nobody had used")

    def _use(self, code: str) -> bool:
        return self.spend(code, LOGIN, {**self._body, "totp": code})


class Newcomer(Spender):
    """Registers, waits for the mail, and opens its link everywhere at once."""

    pause = 0.5

    def __init__(self, ledger: Ledger, processes: Sequence[Any], mails: Path) -> None:
        """Take the folder that mails go to."""
        super().__init__(ledger, processes)
        self._mails = mails
        self._number = 0
        self._here: set[str] = set()  # registered, and acknowledged
        self._refused: set[str] = set()

    def act(self) -> None:
        """Send one more, and let those confirm whose mail has come."""
        self._number += 1
        email = f"newcomer{self._number}@example.com"
        http = self.processes[self._number % len(self.processes)]
        outcome, _ = self.ledger.ask(http, REGISTER, {"email": email, "password": PASSWORD})
        if outcome is Outcome.DONE:
            self._here.add(email)
            self.ledger.acknowledge("registrations")
        elif outcome is Outcome.REFUSED:
            self._refused.add(email)
        for token in self._read_links() - self.uses.keys() - self.doubtful:
            self._open(token)

    def audit(self) -> None:
        """See that everybody has one mail and one use of its link, and that who was refused is not there."""
        for token in self._read_links():
            self._open(token)
            if self.uses[token] != 1 and token not in self.doubtful:
                self.ledger.accuse(f"a link was accepted {self.uses[token]} times")
        written_to = self._count_mails()
        for email in sorted(self._here):
            if written_to[email] != 1:
                self.ledger.accuse(f"{email} got {written_to[email]} mails")
            self._require_account(email)
        for email in sorted(self._refused & written_to.keys()):
            self.ledger.accuse(f"{email} was refused, and is there")

    def is_behind(self) -> bool:
        """Whether somebody waits for a mail."""
        return not self._here <= self._count_mails().keys()

    def _require_account(self, email: str) -> None:
        outcome, answer = self.ledger.ask(self.processes[0], LOGIN, {"email": email, "password": PASSWORD})
        if outcome is not Outcome.DONE:
            self.ledger.accuse(f"{email} is lost: {_read(answer)}")

    def _open(self, token: str) -> None:
        if self.spend(token, VERIFY, {"token": token}):
            self.ledger.acknowledge("links")

    def _count_mails(self) -> Counter[str]:
        return Counter(str(mail["To"]) for mail in self._list_mails())

    def _read_links(self) -> set[str]:
        links = (links_of(mail) for mail in self._list_mails())
        return {found["/email/verify"] for found in links if "/email/verify" in found}

    def _list_mails(self) -> list[EmailMessage]:
        return [parse_mail(file.read_bytes()) for file in self._mails.glob("*-verify_email-*.eml")]


def _read(answer: Any) -> str:
    return "no answer" if answer is None else answer.text[:200]
