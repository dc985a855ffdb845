"""Visits that no person makes, told by their rhythm, whatever browser they claim to be. Pure.

A visitor (pseudonym of address and browser, `rules.visitor`) is no person

- while it follows more than LINKS different links within LINKS_SECONDS, or
- while it follows one link more than TIMES times within TIMES_SECONDS.

All its visits of such a stretch are meant, the first ones too: they are the same machine's. The result is a function of
the *set* of visits: neither their order nor how they are cut into batches matters, as long as a call sees every visit
of SPAN_SECONDS before and behind those that it decides on.

**Where the limits come from.** In the 10,000-line access log (`make bench B=bots` counts it again) people opened at
most 13 different pages within a minute, 99 % of them at most 6; above that stand only programs, the open ones (up to
38) and those that called themselves MSIE 6 and Firefox 3.6 in 2015 (23, 21, 18). Nobody opened one page more than 4
times within ten seconds. The limits stand well above, because one pseudonym can be many people: a mobile carrier gives
hundreds of subscribers one address, and their phones one browser name. (In TalkingData's mobile clicks single addresses
made 439 visits; that is a thin sample, so its rates say nothing of a minute.) And a person taken for a program loses
the sale, while a program taken for a person buys nothing; a link counts once an hour for a visitor anyway.

Previews of messengers are told by their name (`agents`): their addresses are not kept, so no rule here looks at them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from affiliate.tracking.rules import Reason

LINKS = 20
LINKS_SECONDS = 60
TIMES = 60
TIMES_SECONDS = 10
SPAN_SECONDS = max(LINKS_SECONDS, TIMES_SECONDS)
FEW = min(LINKS, TIMES)  # whoever made no more visits than this has broken neither rule

Visit = tuple[int, int, str, int]
"""(milliseconds, nonce, visitor, link id); the first two are the click's key."""
Key = tuple[int, int]


def inhuman(visits: Iterable[Visit]) -> dict[Key, Reason]:
    """The keys of visits that no person made: TOO_MANY links, or one link TOO_FAST. Bots by name may be among them."""
    by_visitor: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for ms, nonce, visitor, link_id in visits:
        by_visitor[visitor].append((ms, nonce, link_id))
    found: dict[Key, Reason] = {}
    for own in by_visitor.values():
        if len(own) > FEW:
            own.sort()
            found |= dict.fromkeys(_too_fast(own), Reason.TOO_FAST)
            found |= dict.fromkeys(_too_many(own), Reason.TOO_MANY)
    return found


def _too_many(own: Sequence[tuple[int, int, int]]) -> set[Key]:
    """Of one visitor's visits in order of time: those inside a window with more than LINKS links."""
    window: Counter[int] = Counter()
    found: set[Key] = set()
    first = done = 0  # the window's first visit, and how far visits are found already
    for place, (ms, _nonce, link_id) in enumerate(own):
        window[link_id] += 1
        while own[first][0] <= ms - LINKS_SECONDS * 1000:
            left = own[first][2]
            window[left] -= 1
            if not window[left]:
                del window[left]
            first += 1
        if len(window) > LINKS:
            found |= {visit[:2] for visit in own[max(first, done) : place + 1]}
            done = place + 1
    return found


def _too_fast(own: Sequence[tuple[int, int, int]]) -> set[Key]:
    """Of one visitor's visits in order of time: those of a link inside a window with more than TIMES of it."""
    by_link: dict[int, list[Key]] = defaultdict(list)
    for ms, nonce, link_id in own:
        by_link[link_id].append((ms, nonce))
    found: set[Key] = set()
    for keys in by_link.values():
        for last in range(TIMES, len(keys)):
            if keys[last][0] - keys[last - TIMES][0] < TIMES_SECONDS * 1000:
                found |= set(keys[last - TIMES : last + 1])
    return found
