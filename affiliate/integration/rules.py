"""What a test has shown so far, step by step. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

ALIKE = 8  # characters at the start by which a damaged mark is still known


class State(StrEnum):
    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"
    LATER = "later"  # a step before it has to be done first


class Name(StrEnum):
    """The steps, in the order in which they happen."""

    LINK = "link"
    TOKEN = "token"  # noqa: S105  a step, not a secret
    LANDING = "landing"
    RECEIVED = "received"
    SIGNATURE = "signature"
    READ = "read"
    CREDIT = "credit"


class Why(StrEnum):
    """What is behind a step that is not simply done."""

    NO_WAY = "no_way"  # the redirect led nowhere
    TWICE = "twice"  # the address holds the parameter more than once
    UNREADABLE = "unreadable"  # signed, but not an order
    NO_MARK = "no_mark"  # the order came without a click token
    OTHER_MARK = "other_mark"  # with another one
    CHANGED_MARK = "changed_mark"  # with ours, cut or altered
    REFUSED = "refused"  # our webhook refused what we signed ourselves
    NOT_A_TEST = "not_a_test"  # the order does not say that it is a test
    NO_PROGRAMME = "no_programme"
    NO_COMMUNITY = "no_community"


@dataclass(frozen=True, slots=True)
class Step:
    name: Name
    state: State
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One delivery since the test began, with what its order says; `ref` None where it is no order."""

    delivery_id: int
    ref: str | None
    token: str | None
    is_test: bool
    is_readable: bool
    is_worked: bool


def chosen(seen: Sequence[Seen], token: str | None) -> Seen | None:
    """The delivery that the test is about: the one with our token, else the newest test order or unreadable message.

    Other customers' orders go on while somebody tests: they are not mistaken for it.
    """
    ours = [one for one in seen if token and one.token == token]
    tests = [one for one in seen if one.is_test or (one.is_worked and not one.is_readable) or _is_alike(one, token)]
    waiting = [one for one in seen if not one.is_worked]
    return next(iter([*ours, *tests, *waiting]), None)


def marked_once(url: str, param: str, token: str) -> bool:
    """True when the address carries the token in this parameter, and the parameter once."""
    return [value for name, value in parse_qsl(urlsplit(url).query) if name == param] == [token]


def steps(
    *,
    landing_url: str | None,
    token: str | None,
    param: str,
    sent_status: int | None,
    found: Seen | None,
    has_programme: bool,
    has_community: bool,
) -> list[Step]:
    """Every step with its state; after a red one the rest waits for it."""
    told = [
        Step(Name.LINK, State.GOOD),
        Step(Name.TOKEN, State.GOOD) if token else Step(Name.TOKEN, State.BAD, Why.NO_WAY),
        _landing(landing_url, token, param),
        _received(found, sent_status),
        _signature(found, sent_status),
        _read(found, token),
        _credit(found, has_programme, has_community),
    ]
    stopped = False
    shown = []
    for step in told:
        shown.append(Step(step.name, State.LATER) if stopped else step)
        stopped = stopped or step.state in {State.BAD, State.WAIT}
    return shown


def is_over(told: Sequence[Step]) -> bool:
    """True when nothing is left to wait for."""
    return all(step.state is State.GOOD for step in told) or told[1].state is State.BAD


def _is_alike(one: Seen, token: str | None) -> bool:
    return bool(one.token and token and one.token[:ALIKE] == token[:ALIKE])


def _landing(url: str | None, token: str | None, param: str) -> Step:
    once = bool(url and token and marked_once(url, param, token))
    return Step(Name.LANDING, State.GOOD) if once else Step(Name.LANDING, State.BAD, Why.TWICE)


def _received(found: Seen | None, sent_status: int | None) -> Step:
    if found is not None:
        return Step(Name.RECEIVED, State.GOOD)
    if sent_status is not None and sent_status != 202:
        return Step(Name.RECEIVED, State.BAD, Why.REFUSED)
    return Step(Name.RECEIVED, State.WAIT)


def _signature(found: Seen | None, sent_status: int | None) -> Step:
    """Nothing is kept of a message whose signature does not fit, so what is kept was signed well."""
    if sent_status == 401:
        return Step(Name.SIGNATURE, State.BAD, Why.REFUSED)
    return Step(Name.SIGNATURE, State.GOOD if found else State.WAIT)


def _read(found: Seen | None, token: str | None) -> Step:
    if found is None or not found.is_worked:
        return Step(Name.READ, State.WAIT)
    if not found.is_readable:
        return Step(Name.READ, State.BAD, Why.UNREADABLE)
    if not found.token:
        return Step(Name.READ, State.BAD, Why.NO_MARK)
    if found.token != token:
        return Step(Name.READ, State.BAD, Why.CHANGED_MARK if _is_alike(found, token) else Why.OTHER_MARK)
    return Step(Name.READ, State.GOOD, None if found.is_test else Why.NOT_A_TEST)


def _credit(found: Seen | None, has_programme: bool, has_community: bool) -> Step:
    if found is None:
        return Step(Name.CREDIT, State.WAIT)
    if not has_programme:
        return Step(Name.CREDIT, State.BAD, Why.NO_PROGRAMME)
    return Step(Name.CREDIT, State.GOOD, None if has_community else Why.NO_COMMUNITY)
