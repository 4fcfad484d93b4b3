"""Which credential should a program have? Five questions, where they lead, and eight cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import RLock
from types import EllipsisType, MappingProxyType


@dataclass(frozen=True)
class Answer:
    """One of a question's two answers; `leads` names the next question or an outcome."""

    name: str
    says: str
    leads: str


@dataclass(frozen=True)
class Question:
    """A fork: `aside` leaves the trunk for an outcome, `onward` goes on along it."""

    name: str
    asks: str
    because: str
    aside: Answer
    onward: Answer

    @property
    def answers(self) -> tuple[Answer, Answer]:
        """Both answers."""
        return self.aside, self.onward


@dataclass(frozen=True)
class Outcome:
    """Where a walk ends: what to take, how, and what it costs."""

    name: str
    title: str
    how: str
    price: str


@dataclass(frozen=True)
class Case:
    """A situation to be decided, and what somebody in the room proposes."""

    number: int
    title: str
    tells: str
    proposal: str


QUESTIONS = (
    Question(
        "api",
        "Whose API is called?",
        "An API token opens Okta's own API, and no other.",
        Answer("ours", "our own", "custom server"),
        Answer("okta", "Okta's: people, groups, apps, logs", "person"),
    ),
    Question(
        "person",
        "Does somebody sign in and ask for it, there and then?",
        "Then it should do no more than this person may.",
        Answer("somebody", "yes, a person does", "person's token"),
        Answer("nobody", "no, it runs by itself", "orgs"),
    ),
    Question(
        "orgs",
        "In whose orgs will it run?",
        "A customer wants to see what it may before letting it in.",
        Answer("customers", "in our customers'", "integration"),
        Answer("ours", "only in ours", "scope"),
    ),
    Question(
        "scope",
        "Does every one of its calls have a scope?",
        "What no scope covers, no OAuth token opens.",
        Answer("lacking", "no, one has none", "API token"),
        Answer("covered", "yes, every call", "key"),
    ),
    Question(
        "key",
        "Can it ask for a token, and keep a key?",
        "One more request, and a private key in a safe place.",
        Answer("rigid", "no, and nobody can change it", "API token"),
        Answer("able", "yes, or it can learn to", "service app"),
    ),
)
"""In the order in which they are asked. The trunk ends at the service app."""

OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        one.name: one
        for one in (
            Outcome(
                "service app",
                "OAuth: a service app",
                "Client credentials with a key at the org server: the scopes that its calls need, "
                "and the smallest admin role that will do.",
                "One more request for a token, and a key to keep and to replace.",
            ),
            Outcome(
                "person's token",
                "OAuth: in the person's name",
                "The code flow with PKCE at the org server. The token opens what both allow: its "
                "scopes, and the admin role of whoever signed in.",
                "Without the person nothing happens.",
            ),
            Outcome(
                "integration",
                "An integration in the catalogue",
                "Declare its scopes and submit it. Each customer sees them, installs it, and gets "
                "a client of their own.",
                "A review before it is listed, and what it declared is all it may.",
            ),
            Outcome(
                "custom server",
                "OAuth: at a custom server",
                "A server for this API, with an audience and scopes of its own.",
                "Your API has to check the tokens.",
            ),
            Outcome(
                "API token",
                "API token, as the last resort",
                "An account of its own for this one program, with the smallest role; limited to "
                "known addresses; and a date on which somebody asks again.",
                "It may do all that its account may do, never ends while it is used, and stops "
                "when the account does.",
            ),
        )
    }
)

CASES = (
    Case(
        1,
        "Nightly export",
        "A script of ours lists the groups of our org every night, for the data warehouse.",
        "An API token is the simplest: one line, and it runs today.",
    ),
    Case(
        2,
        "Backup product",
        "We make a backup product. It will copy people and groups of two hundred customers, every "
        "night, from their Okta orgs.",
        "Each customer makes a service app for us. We write a page that says how.",
    ),
    Case(
        3,
        "After Robin left",
        "Robin left, and our own scripts stopped: their API tokens had been Robin's. We can change "
        "the scripts.",
        "We make an account called svc-scripts, and use its API token instead.",
    ),
    Case(
        4,
        "Help desk page",
        "On a page of ours the help desk unlocks people's accounts. Each agent signs in, and is an "
        "administrator for the people of one branch.",
        "A service app may unlock everybody; the page decides who sees which button.",
    ),
    Case(
        5,
        "Box in the cellar",
        "An appliance reads our groups, to open doors. It has one field: “Okta API token”. Its "
        "maker has gone out of business.",
        "We put an access token into that field.",
    ),
    Case(
        6,
        "Security questions",
        "A job of ours lists who may be asked which security question: "
        "`GET /api/v1/users/{id}/factors/questions`. Okta names no scope for this call.",
        "With okta.users.manage it will work: that is the largest there is.",
    ),
    Case(
        7,
        "Partner's bookkeeping",
        "A partner's job fetches figures every hour from the Sync API, which our bank has built.",
        "We send them an API token of our Okta org.",
    ),
    Case(
        8,
        "Log watcher",
        "We sell a service that watches the system logs of its customers' orgs for attacks.",
        "Their administrators make an API token each, and mail it to us.",
    ),
)
"""Eight situations; somebody's proposal is part of each, and it is never a good one."""

_NAMED = {one.name: one for one in QUESTIONS}


@dataclass(frozen=True)
class Place:
    """How far a walk has come: the answers given, and the question or the outcome it stands at."""

    answers: tuple[Answer, ...]
    at: Question | Outcome


def follow(names: Iterable[str]) -> Place:
    """Walk the tree by the names of answers. `ValueError` for a name that its question lacks."""
    given: list[Answer] = []
    at: Question | Outcome = QUESTIONS[0]
    for name in names:
        if isinstance(at, Outcome):
            raise ValueError(f"The walk ended at {at.name!r}; there is nothing left to answer.")
        found = next((one for one in at.answers if one.name == name), None)
        if found is None:
            known = " or ".join(repr(one.name) for one in at.answers)
            raise ValueError(f"{at.asks} The answer is {known}, not {name!r}.")
        given.append(found)
        at = _NAMED.get(found.leads) or OUTCOMES[found.leads]
    return Place(tuple(given), at)


class DecisionTree:
    """The tree, a case that is being walked through it, and what was decided for all of them.

    Watchers are told after every change. Clicks may come on another thread than a running cell.
    """

    def __init__(self) -> None:
        self.case = CASES[0]
        self._answers: dict[int, tuple[str, ...]] = {}
        self._watchers: list[Callable[[DecisionTree], None]] = []
        self._lock = RLock()

    @property
    def place(self) -> Place:
        """Where the present case stands."""
        return self._place_of(self.case.number)

    @property
    def decided(self) -> dict[int, str | EllipsisType]:
        """The outcome of each case by its number; `...` where the walk isn't at its end."""
        places = {one.number: self._place_of(one.number).at for one in CASES}
        return {
            number: at.name if isinstance(at, Outcome) else ... for number, at in places.items()
        }

    def take(self, number: int) -> DecisionTree:
        """Take up the case of this number. `ValueError` when there is none."""
        found = next((one for one in CASES if one.number == number), None)
        if found is None:
            raise ValueError(f"There is no case {number!r}; they are 1 to {len(CASES)}.")
        with self._lock:
            self.case = found
        self._tell()
        return self

    def answer(self, question: str, name: str) -> DecisionTree:
        """Answer a question that was reached; what was answered after it is forgotten.

        `ValueError` for a question that was not reached, or an answer that it lacks.
        """
        with self._lock:
            answers = self._answers.get(self.case.number, ())
            at = next((at for at, one in enumerate(QUESTIONS) if one.name == question), None)
            if at is None or at > len(answers):
                raise ValueError(f"The walk has not come to a question {question!r}.")
            fresh = (*answers[:at], name)
            follow(fresh)
            self._answers[self.case.number] = fresh
        self._tell()
        return self

    def walk(self, number: int, *names: str) -> Outcome:
        """Take a case through the tree in one go: the names of its answers, in order.

        `ValueError` when they don't lead to an outcome.
        """
        at = follow(names).at
        if isinstance(at, Question):
            raise ValueError(f"There is one more question: {at.asks}")
        with self._lock:
            self.take(number)
            self._answers[number] = names
        self._tell()
        return at

    def back(self) -> DecisionTree:
        """Take back the last answer of the present case; nothing happens without one."""
        with self._lock:
            self._answers[self.case.number] = self._answers.get(self.case.number, ())[:-1]
        self._tell()
        return self

    def watch(self, watcher: Callable[[DecisionTree], None]) -> Callable[[], None]:
        """Call the watcher after every change, until the function given back is called."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _place_of(self, number: int) -> Place:
        return follow(self._answers.get(number, ()))

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher(self)

    def __repr__(self) -> str:
        done = sum(isinstance(name, str) for name in self.decided.values())
        return f"DecisionTree({done} of {len(CASES)} cases decided)"
