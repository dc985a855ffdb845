"""A wrong value stops the start with a sentence that names it."""

from __future__ import annotations

import pytest

from affiliate.core.settings import DEMO_SECRET_KEY, BadSetting, from_env


def test_with_nothing_set_everything_has_a_value():
    settings = from_env({})
    assert settings.database_url.startswith("sqlite:///")
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.secret_key == DEMO_SECRET_KEY
    assert not settings.production


def test_a_postgres_address_names_its_driver():
    for short in ("postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"):
        assert from_env({"DATABASE_URL": short}).database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("PORT", "８０００"),
        ("WEB_PROCESSES", "-1"),
        ("WEB_THREADS", "1.5"),
        ("DATABASE_URL", "mysql://x"),
        ("REDIS_URL", "http://x"),
        ("PUBLIC_URL", "etalase.id"),
    ],
)
def test_a_wrong_value_is_named(name, value):
    with pytest.raises(BadSetting, match=name):
        from_env({name: value})


def test_the_old_key_is_another_one():
    assert from_env({"SECRET_KEY": "baru", "SECRET_KEY_OLD": "lama"}).secret_key_old == "lama"
    assert from_env({"SECRET_KEY": "baru", "SECRET_KEY_OLD": ""}).secret_key_old is None
    with pytest.raises(BadSetting, match="SECRET_KEY_OLD"):
        from_env({"SECRET_KEY": "baru", "SECRET_KEY_OLD": "baru"})


@pytest.mark.parametrize("key", [None, DEMO_SECRET_KEY, "short"])
def test_production_refuses_a_weak_secret(key):
    env = {"PUBLIC_URL": "https://etalase.example"} | ({"SECRET_KEY": key} if key else {})
    with pytest.raises(BadSetting, match="SECRET_KEY"):
        from_env(env)
    assert from_env(env | {"SECRET_KEY": "x" * 40}).production
