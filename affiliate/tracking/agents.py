"""Is a person behind this User-Agent header? Pure.

Two questions, asked of every new agent once (callers remember the answer):

1. Does it say of itself that it is a program? By words ("bot", "crawl", "preview", a library's name …), by an address
   or e-mail of its makers, by "compatible; Name/1.0" as only programs still write it, or by naming no device.
2. Does the maintained list of the package `crawler-user-agents` know it? Nearly all of it are plain texts, looked up by
   their first letters.

What looks like an app's own request (Dalvik, CFNetwork, Office) counts as a person: such apps follow a link first and
then open the browser at its end, with our token. A person taken for a program would lose the sale, a program taken for
a person buys nothing. So words that stand in people's agents too are narrowed or struck out, patterns of the list that
accuse people are not followed, and the last rule asks for any sign of a device, not for a known browser.

How much this finds, and whom it accuses wrongly: `make bench B=bots`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

# Struck out before a word is looked for: phones and an app of these names belong to people.
_PEOPLE = re.compile(r"\b(?:cubot|camscanner)")

# Lower-case words that only programs say of themselves.
_WORDS = (
    # what they do
    "crawl", "spider", "slurp", "scraper", "scraping", "scrapy", "harvest", "fetcher", "fetching", "preview",
    "unfurl", "monitor", "uptime", "pingdom", "probe", "synthetic", "headless", "archiv", "indexer", "indexing",
    "validator", "validation", "verification", "verifier", "checker", "linkcheck", "analyzer", "analyser", "analysis",
    "audit", "inspector", "transcod", "imageproxy", "mailproxy", "lookup", "resolver", "feedparser", "feedreader",
    "rss reader", "subscribers;", "aggregator", "collector", "classifier", "observatory", "optimizer", "benchmark",
    "webhook", "searchengine", "externalhit", "externalagent", "externalfetch", "healthcheck", "health check",
    "health-check", "sitemap", "screenshot", "thumbnail", "loadtest", "load test", "robots.txt",
    # libraries and tools
    "httpclient", "http client", "http-client", "http-kit", "httpie", "wget", "libwww-perl", "python", "golang",
    "axios", "node-fetch", "nodejs", "node.js", "okhttp", "guzzle", "aiohttp", "urllib", "restsharp", "grpc",
    "scalaj", "winhttp", "cryptoapi", "postman", "selenium", "puppeteer", "playwright", "phantomjs", "lighthouse",
    "wappalyzer", "nginx", "clamav", "nikto", "sqlmap", "burp", "zgrab", "masscan", "munin", "nagios", "zabbix",
    "kube-", "datadog", "cloudflare", "request-promise", "lua-resty", "go-resty", "commons-http", "http_request",
    "http request",
    # those that show a piece of a page in a chat, a feed or an answer
    "facebookplatform", "facebookcatalog", "cardyb", "skypeuri", "flipboardproxy", "embedly", "iframely", "openai/",
    "claude-", "chatgpt-user",
)  # fmt: skip
# Words that stand in people's agents as well, with what makes them a program's.
_NARROW = {
    "bot": r"bots?(?![a-z0-9])|robot|bot\d",
    "fetch": r"fetch\b",
    "ping": r"\bping(?:er)?\b",
    "verif": r"verif(?:y|ied)\b",
    "check": r"checks?\b",
    "scan": r"scan(?:ner|ning)?\b",
    "feed": r"\bfeed|feed(?:demon|ly)?(?:\b|/)",
    "rss": r"\brss|rss\b",
    "cron": r"\bcron\b",
    "daemon": r"\bdaemon\b",
    "service/": r"\bservice/\d",
    "http": r"(?<!lib)httpx?/\d|go \d[.\d]* package http",
    "netty": r"(?:\b|-)netty\b",
    "curl": r"\bcurl\b|pycurl",
    "lwp": r"\blwp\b",
    "java": r"\bjava/\d|\bjavahttp",
    "perl": r"\bperl\b",
    "php": r"\bphp\b",
    "ruby": r"\bruby\b",
    "go-": r"\bgo-",
    "request": r"requests?/\d",
    "-user/": r"-user/\d",  # assistants that read for somebody: "Claude-User/1.0"
    "whatsapp": r"^whatsapp",
    "viber": r"^viber",
    "site": r"site.?(?:check|scan|speed|analy)",
    "link": r"link.?(?:check|validat|resolv)",
}
_NARROWED = tuple((word, re.compile(pattern)) for word, pattern in _NARROW.items())

# Patterns of the list that accuse people: browsers inside the apps of messengers and of Facebook (whose previews name
# themselves first and are caught by that), Slack's and Fluid's windows, Sogou's browser, phones called Butterfly and
# Fever, and the build number of a whole make of phones.
NOT_FOLLOWED = re.compile(
    r"WhatsApp|Viber|MetaIAB Facebook|Sonic|Fluid|Sogou|Butterfly|Fever|[A-Z0-9]{4}\\\.\d{6}\\\..*"
)

# Who answers for it: an address or an e-mail. MSIE could carry the address of a toolkit, so it may.
_CONTACT = re.compile(r"https?:/|\bwww\.|\w@(?:[a-z0-9-]+\.)+[a-z]{2}|\bmailto:")
_OLD_BROWSERS = (
    "msie", "trident", "msoffice", "konqueror", "netpositive", "haiku", "syllable", "amiga", "ibrowse", "omniweb",
    "icab", "dillo", "compatible; u;",
)  # fmt: skip

# Signs that it runs on a machine that people hold: without any it is a bare name, and nobody's browser is that.
_DEVICES = (
    "windows", "linux", "android", "iphone", "ipad", "ipod", "mac os", "macintosh", "mac_", "x11", "ios ", "ios/",
    "ios;", "cros", "win9", "win32", "win64", "win10", "winnt", "wow64", "bsd", "sunos", "solaris", "irix", "hp-ux",
    "aix ", "haiku", "beos", "syllable", "amiga", "morphos", "aros", "risc", "os/2", "symbian", "series60",
    "series40", "series 60", "s60", "midp", "cldc", "j2me", "ucweb", "blackberry", "bb10", "playbook", "nokia",
    "sonyericsson", "samsung", "sec-", "lg-", "lg/", "lge", "mot-", "zte", "huawei", "kaios", "brew", "bada", "meego",
    "maemo", "webos", "hpwos", "tizen", "smarttv", "smart-tv", "roku", "appletv", "tvos", "nintendo", "playstation",
    "psp", "xbox", "kindle", "silk/", "dalvik", "darwin", "cfnetwork", "opera", "fban/", "fbav/", "fb_iab",
    "textmode", "lynx/", "w3m/", "fuchsia", "harmony", "oculus", "adr ", "cygwin", "msie", "msoffice", "safari/",
    "firefox/", "crkey", "quicktime", "htc", "ps4", "browser", "maui", "wap", "netfront", "hbbtv", "hybridcast",
    "dtv", "viera", "ce-html", "palm", "mosaic", "midori",
)  # fmt: skip


def is_program(agent: str) -> bool:
    """True for crawlers, previews, monitors, scripts; also for an empty agent."""
    return says_so(agent) or _is_listed(agent)


def says_so(agent: str) -> bool:
    """True when the agent's own words, by our rules alone, are those of a program."""
    said = agent.lower()
    if not any(sign in said for sign in _DEVICES):
        return True
    said = _PEOPLE.sub(" ", said)
    if any(word in said for word in _WORDS):
        return True
    if any(word in said and pattern.search(said) for word, pattern in _NARROWED):
        return True
    if any(name in said for name in _OLD_BROWSERS):
        return False
    return "compatible;" in said or _CONTACT.search(said) is not None


def _taken_apart(patterns: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], re.Pattern[str]]:
    """Patterns that are plain texts, by their first letters, and one expression of the few others."""
    by_start: dict[str, tuple[str, ...]] = {}
    others = []
    for pattern in patterns:
        text = _ESCAPED.sub(lambda found: found[0][1], pattern)
        if len(text) < _START or _SYNTAX.search(_ESCAPED.sub("", pattern)):
            others.append(f"(?:{pattern})")
        else:
            by_start[text[:_START]] = (*by_start.get(text[:_START], ()), text)
    return by_start, re.compile("|".join(others))


_START = 4
_ESCAPED = re.compile(r"\\\W")
_SYNTAX = re.compile(r"[\\^$.|?*+()\[\]{}]")
_LISTED, _LISTED_PATTERNS = _taken_apart(
    entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA if not NOT_FOLLOWED.fullmatch(entry["pattern"])
)


def _is_listed(agent: str) -> bool:
    """What the package's `is_crawler` says without NOT_FOLLOWED; a test compares the two."""
    for place in range(len(agent) - _START + 1):
        texts = _LISTED.get(agent[place : place + _START])
        if texts and any(agent.startswith(text, place) for text in texts):
            return True
    return _LISTED_PATTERNS.search(agent) is not None
