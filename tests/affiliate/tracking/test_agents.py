"""Who is a person and who a program, by the User-Agent header."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest
import yaml
from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler

from affiliate.tracking import agents
from affiliate.tracking.agents import is_program

SEED = 20261126
IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; SM-A546E Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36"
)
IN_APPS = [
    "", "Instagram 334.0.4.32.98 (iPhone14,5; iOS 17_5; id_ID; id)", "[FBAN/FBIOS;FBAV/465.0.0;FBBV/1;FBLC/id_ID]",
    "[FB_IAB/FB4A;FBAV/465.0.0.44.83;]", "MetaIAB Facebook", "WhatsApp/2.24.11.79", "[WhatsApp/2.24]",
    "musical_ly_34.5.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/id BytedanceWebview/d8a21c6",
    "trill_340503 BytedanceWebview/d8a21c6 NetType/4G", "Telegram-Android/10.12.0 (Samsung SM-A546E; Android 14)",
    "Snapchat 12.88.0.41 (like Safari/8617, panda)", "[Pinterest/iOS]", "[LinkedInApp]/9.29", "Line/14.7.0/IAB",
    "MicroMessenger/8.0.49(0x18003137) NetType/WIFI Language/id", "KAKAOTALK 10.8.1", "Viber/22", "GSA/319.0",
    "Twitter for iPhone/10.44", "Zalo iOS/540",
    "Shopee", "Tokopedia/2.3", "Gojek/4.9", "DuckDuckGo/7", "OPR/80", "SamsungBrowser/25.0", "MiuiBrowser/14",
    "HeyTapBrowser/45", "VivoBrowser/12", "UCBrowser/13", "Threads 340.0", "(Ecosia android@111.0.5563.116)",
    "Flipboard/4.2.24", "HiSearch/22.0.6.315", "CamScanner/4.8.5",
]  # fmt: skip
PEOPLE = [
    "Mozilla/5.0 (Linux; Android 8.0.0; CUBOT_P20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0 Mobile",
    "Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) AppleWebKit/537.36 (KHTML, like Gecko)",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Opera/9.80 (Android; Opera Mini/12.0.1987/37.7327; U; id) Presto/2.12.423 Version/12.16",
    "UCWEB/2.0 (Java; U; MIDP-2.0; en-US; nokia200) U2/1.0.0 UCBrowser/8.7.1.234 U2/1.0.0 Mobile",
    "Dalvik/2.1.0 (Linux; U; Android 9; SM-G965U Build/PPR1.180610.011)",  # an app that opens the browser at the end
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; http://bsalsa.com)",
]
PROGRAMS = [
    "", "-", "Mozilla/5.0", "Mozilla/5.0 (compatible; Neu/1.0)", "shop-sync/3.1", "someone@crawl.test",
    "WhatsApp/2.23.20.0 A", "WhatsApp/2.2123.8 N", "whatsapp/784941593 cfnetwork/3826 darwin/24.6.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "TelegramBot (like TwitterBot)", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Twitterbot/1.0",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "Viber/12.8.0.1", "LinkedInBot/1.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", "Pinterestbot/1.0", "meta-externalagent/1.1",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
    "curl/8.5.0", "Wget/1.21", "python-requests/2.32.3", "Go-http-client/2.0", "okhttp/4.12.0", "axios/1.7",
    "Java/17.0.1",
    "PostmanRuntime/7.9.1", "GuzzleHttp/7", "grpc-node/1.24.2 grpc-c/8.0.0 (linux; chttp2)", "kube-probe/1.29",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "Pingdom.com_bot_version_1.4",
    f"{ANDROID} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
]  # fmt: skip


@pytest.mark.parametrize("base", [IOS, ANDROID], ids=["ios", "android"])
@pytest.mark.parametrize("app", IN_APPS)
def test_browsers_inside_apps_are_people(base: str, app: str):
    assert not is_program(f"{base} {app}".strip())


@pytest.mark.parametrize("agent", PEOPLE)
def test_people(agent: str):
    assert not is_program(agent)


@pytest.mark.parametrize("agent", PROGRAMS)
def test_programs(agent: str):
    assert is_program(agent)


def test_twenty_crawlers_and_twenty_browsers_of_the_lists(shared_data: Path):
    """Drawn by a seed from the public lists of crawlers and of browsers; the confusion is printed."""
    chance = random.Random(SEED)
    drawn = {}
    for name in ("crawlers", "browsers"):
        listed = yaml.safe_load((shared_data / f"clicks/isbot_{name}.yml").read_text("utf-8"))
        drawn[name] = [chance.choice(listed[entry]) for entry in chance.sample(sorted(listed, key=str), 20)]
    called = {name: [agent for agent in own if is_program(agent)] for name, own in drawn.items()}
    table = [f"{name}: {len(own)} of 20 called programs" for name, own in called.items()]
    wrong = sorted(set(drawn["crawlers"]) - set(called["crawlers"])) + called["browsers"]
    sys.stdout.write("\n".join([*table, *(f"  wrong: {agent}" for agent in wrong)]) + "\n")
    assert wrong == ["Mozilla/5.0 (compatible; Yahoo! Slurp)"]  # it stands in the list of browsers, and is none


def test_the_list_is_followed_but_for_what_accuses_people(shared_data: Path):
    """Our quick search says what the package says, where no unfollowed pattern is concerned."""
    known = json.loads((shared_data / "clicks/crawler-user-agents.json").read_text("utf-8"))
    told = (
        [agent for entry in known for agent in entry["instances"]]
        + PEOPLE
        + PROGRAMS
        + [f"{IOS} {app}" for app in IN_APPS]
    )
    patterns = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA]
    unfollowed = [pattern for pattern in patterns if agents.NOT_FOLLOWED.fullmatch(pattern)]
    assert 0 < len(unfollowed) < 20
    differ = [agent for agent in told if agents._is_listed(agent) != is_crawler(agent)]
    texts = [pattern.replace("\\", "") for pattern in unfollowed]
    assert [agent for agent in differ if not any(text in agent for text in texts)] == []


@pytest.mark.parametrize("agent", ["\0", "\ud800", "a" * 100_000, "é" * 400, "(" * 400, "\n\t", "\xff\xfe"])
def test_any_text_is_judged(agent: str):
    assert is_program(agent) in {True, False}
