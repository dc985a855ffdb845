"""Bots: which agents are taken for programs, by the maintained list alone, by our words alone, and by both.

The lists are public ones that lie beside the project (shared/data/clicks). Our words were written with one seeded half
of each list in view (whole entries, not single agents), then narrowed once when the other half of the browsers showed
whom they accuse: the unseen crawlers are unseen still, those browsers are not. For people, therefore, DEVICE_DETECTOR
may name the folder Tests/fixtures of matomo-org/device-detector: some 36,000 agents of people's devices and 1,300 of
programs, of which again only a seeded half was looked at. Behind the lists the access log with a ground truth of its
own, the rhythm of visits, and what a call costs.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import machine
import yaml
from crawleruseragents import is_crawler

from affiliate.tracking import agents, behaviour, rules
from affiliate.tracking.rules import Device

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "clicks"
SEED = 20261126
# A name alone says little of an agent; so those of the AI list stand at the end of a common browser's, the hardest way.
WITH_NAME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36; "
JUDGES: dict[str, Callable[[str], bool]] = {"list": is_crawler, "words": agents.says_so, "both": agents.is_program}
LINE = re.compile(r'(\S+) \S+ \S+ \[([^\]]+)\] "(\S*) ?(\S*)[^"]*" \d+ \S+ "[^"]*" "([^"]*)"')
OWN_WORD = re.compile(r"bot|crawl|spider|slurp|https?://|@", re.I)
AGENT = re.compile(r"^(?:- |  )\s*user_agent: (.+?)\s*$", re.M)
# Its fixtures of what people hold but do not browse with, or where the agent is not all that is known.
NO_BROWSERS = ("feed_reader", "podcasting", "mediaplayer", "unknown", "clienthints", "smart_speaker", "mobile_apps",
               "wearable", "peripheral", "camera")  # fmt: skip
PART_OF_A_PAGE = re.compile(r"\.(css|js|png|jpe?g|gif|ico|svg|woff|ttf|eot|mp4|xml|txt|pdf)\b|/images/", re.I)


def main() -> bool:
    """Print it all; False where under 85 % of the unseen crawlers are found or over 5 % of the browsers accused."""
    if not DATA.is_dir():
        print("bots: left out, the public lists are not beside the project")
        return True
    print(f"bots on {machine.describe()}")
    held_out = lists()
    log = access_log()
    costs = timed()
    print(json.dumps({"bench": "bots", "held_out": held_out, "access_log": log, "microseconds": costs}))
    return held_out["isbot_crawlers"]["both"] >= 0.85 and held_out["isbot_browsers"]["both"] <= 0.05


def entries() -> dict[str, dict[str, list[str]]]:
    """The lists: entry → its agents."""
    known = json.loads((DATA / "crawler-user-agents.json").read_text("utf-8"))
    ai = json.loads((DATA / "ai_robots.json").read_text("utf-8"))
    found = {
        "isbot_crawlers": yaml.safe_load((DATA / "isbot_crawlers.yml").read_text("utf-8")),
        "ai_robots": {name: [WITH_NAME + name] for name in ai},
        "crawler-user-agents": {entry["pattern"]: entry["instances"] for entry in known},
        "isbot_browsers": yaml.safe_load((DATA / "isbot_browsers.yml").read_text("utf-8")),
    }
    found |= device_detector()
    return {name: {str(key): [str(one) for one in of] for key, of in own.items() if of} for name, own in found.items()}


def device_detector() -> dict[str, dict[str, list[str]]]:
    """Its test agents, each an entry of its own; nothing where the folder is not given."""
    folder = Path(os.environ.get("DEVICE_DETECTOR") or "/nowhere")
    people: dict[str, list[str]] = {}
    programs: dict[str, list[str]] = {}
    for path in folder.glob("*.yml"):
        if path.stem.startswith(NO_BROWSERS):
            continue
        for found in AGENT.findall(path.read_text("utf-8", "replace")):
            agent = found[1:-1].replace("''", "'") if found[:1] in "'\"" else found
            (programs if path.stem == "bots" else people)[agent] = [agent]
    return {"device-detector bots": programs, "device-detector people": people} if people and programs else {}


def half(own: dict[str, list[str]], *, seen: bool) -> list[str]:
    """The agents of the half that the words were written with, or of the other."""
    return [
        agent for key in sorted(own) if (random.Random(f"{SEED} {key}").random() < 0.5) is seen for agent in own[key]
    ]


def lists() -> dict[str, dict[str, float]]:
    """Part of each list that is taken for programs: recall for the crawlers, false alarms for the browsers."""
    shares: dict[str, dict[str, float]] = {}
    for seen in (False, True):
        print(f"\n{('seen' if seen else 'unseen') + ' half':26} agents   list   words    both")
        for name, own in entries().items():
            some = half(own, seen=seen)
            share = {judge: sum(map(says, some)) / len(some) for judge, says in JUDGES.items()}
            print(f"  {name:24} {len(some):6} " + " ".join(f"{100 * part:6.2f}%" for part in share.values()))
            if not seen:
                shares[name] = {judge: round(part, 4) for judge, part in share.items()}
    print("\nEvery browser that is accused (both halves; some are programs that the list of browsers holds):")
    for agent in [agent for own in entries()["isbot_browsers"].values() for agent in own if agents.is_program(agent)]:
        print(f"  {agent[:150]}")
    return shares


def access_log() -> dict[str, dict[str, int]]:
    """The 10,000 lines by visitor (address and agent): a program fetched robots.txt or says so in plain words."""
    visits: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    lines = (DATA / "apache_combined_10k.log").read_text("utf-8", "replace").splitlines()
    for match in filter(None, map(LINE.match, lines)):
        seconds = int(datetime.strptime(match[2], "%d/%b/%Y:%H:%M:%S %z").timestamp())
        visits[match[1], "" if match[5] == "-" else match[5]].append((seconds, match[4]))
    programs = {
        who for who, own in visits.items()
        if not who[1] or OWN_WORD.search(who[1]) or any(path.startswith("/robots.txt") for _at, path in own)
    }  # fmt: skip
    print(f"\naccess log: {len(lines)} lines, {len(visits)} visitors, {len(programs)} of them programs: they fetched")
    print("robots.txt, sent no agent, or wrote bot, crawl, spider, slurp, an address or an e-mail into it")
    print(f"  {'':6} found  missed  accused  left alone   (visitors)   found  missed  accused  left alone   (lines)")
    tables = {}
    for judge, says in JUDGES.items():
        by_visitor, by_line = (Counter[tuple[bool, bool]]() for _table in range(2))
        for who, own in visits.items():
            cell = (who in programs, says(who[1]) or not who[1])
            by_visitor[cell] += 1
            by_line[cell] += len(own)
        cells = [(True, True), (True, False), (False, True), (False, False)]
        print(f"  {judge:6} " + "   ".join("{:5}  {:6}  {:7}  {:10}".format(*(of[cell] for cell in cells)) + " " * 10
                                           for of in (by_visitor, by_line)))  # fmt: skip
        tables[judge] = dict(
            zip(("found", "missed", "accused", "left_alone"), (by_visitor[c] for c in cells), strict=True)
        )
    accused = sorted({who[1] for who in visits if who not in programs and agents.is_program(who[1])})
    print(f"  the {len(accused)} agents accused by both:", *(agent[:100] for agent in accused), sep="\n    ")
    rhythm(visits, programs)
    return tables


def rhythm(visits: dict[tuple[str, str], list[tuple[int, str]]], programs: set[tuple[str, str]]) -> None:
    """How many different pages a visitor opened within a minute: what the limits of `behaviour` rest on."""
    numbers: dict[str, int] = {}
    most: dict[bool, list[int]] = {True: [], False: []}
    caught: Counter[bool] = Counter()
    for who, own in visits.items():
        pages = sorted((at, path) for at, path in own if not PART_OF_A_PAGE.search(path))
        is_program = who in programs or agents.is_program(who[1])
        most[is_program].append(
            max((len({p for t, p in pages if at <= t < at + 60}) for at, _path in pages), default=0)
        )
        told = [(at * 1000, n, "v", numbers.setdefault(path, len(numbers))) for n, (at, path) in enumerate(pages)]
        caught[is_program] += bool(behaviour.inhuman(told))
    for is_program, name in ((False, "with a browser's agent"), (True, "programs")):
        top = sorted(most[is_program], reverse=True)
        print(f"  pages within a minute, {name}: most {top[:8]}, 99 % at most {top[len(top) // 100]}; "
              f"{caught[is_program]} of {len(top)} above the limit of {behaviour.LINKS}")  # fmt: skip


def timed() -> dict[str, float]:
    """Processor time of a call for a person's browser: the list's own search, ours, and ours once remembered."""
    people = [agent for own in entries()["isbot_browsers"].values() for agent in own if not agents.is_program(agent)]
    costs = {
        "list_cold": _each(is_crawler, people),
        "ours_cold": _each(agents.is_program, people),
    }
    rules.device_of.cache_clear()
    costs["device_cold"] = _each(rules.device_of, people)
    costs["device_warm"] = _each(rules.device_of, people * 20)
    print("\nmicroseconds of processor time a call: " + ", ".join(f"{name} {cost:.2f}" for name, cost in costs.items()))
    assert rules.device_of(people[0]) is not Device.BOT
    return {name: round(cost, 2) for name, cost in costs.items()}


def _each(function: Callable[[str], object], calls: Iterable[str]) -> float:
    calls = list(calls)
    before = time.thread_time_ns()
    for agent in calls:
        function(agent)
    return (time.thread_time_ns() - before) / len(calls) / 1000


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
