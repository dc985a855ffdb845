"""House rules that a machine can check: sizes, banned words, where time and transactions may stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE_MAX = 400
FUNCTION_MAX = 60
EDGES = {
    "views", "api", "jobs", "lane", "public", "pipeline", "admin", "account", "offers", "admissions", "commands",
    "keys", "seed", "app", "idempotency", "db",
}  # fmt: skip
BANNED_MODULES = {"utils", "util", "helpers", "common", "misc", "manager", "handler"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders or ("affiliate", "payouts"):
        yield from sorted((ROOT / folder).rglob("*.py"))
    yield ROOT / "app.py"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_and_functions_stay_small():
    long_files = [str(path.relative_to(ROOT)) for path in sources() if len(path.read_text().splitlines()) > FILE_MAX]
    long_functions = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in sources()
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_MAX
    ]
    assert (long_files, long_functions) == ([], [])


def test_no_module_is_called_by_what_it_is_not():
    found = [str(path.relative_to(ROOT)) for path in sources() if path.stem in BANNED_MODULES]
    assert found == []


def test_every_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert silent == []


def test_only_the_clock_asks_what_time_it_is():
    pattern = re.compile(r"datetime\.(now|utcnow|today)\(|\btime\.time\(\)")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        if path.name != "clock.py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def calls(path: Path) -> Iterator[str]:
    """Names of everything a file calls: `transaction`, `session.commit` …"""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_transactions_stand_only_at_the_edge():
    found = []
    for path in sources():
        called = list(calls(path))
        if path.stem not in EDGES and "transaction" in called:
            found.append(f"{path.relative_to(ROOT)}: transaction()")
        if path.stem != "db" and any(name.endswith(".commit") for name in called):
            found.append(f"{path.relative_to(ROOT)}: commit()")
    assert found == []


def test_no_float_near_money():
    rooms = ("affiliate/core/money.py", "affiliate/commissions", "affiliate/conversions", "affiliate/orders", "payouts")
    found = []
    for room in rooms:
        place = ROOT / room
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_rules_are_pure():
    """A rules module knows no session, no request and no clock."""
    banned = ("flask", "sqlalchemy", "affiliate.core.clock", "affiliate.core.db")
    found = []
    for path in sources():
        if path.stem != "rules":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.relative_to(ROOT)}: {name}" for name in names if name.startswith(banned)]
    assert found == []


def test_templates_hold_no_inline_script_or_style():
    pattern = re.compile(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|<style|javascript:", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
