"""Reading in the background: counts, repeats, killed readers, refusals, and products that only the merge changes."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from affiliate.catalogue import jobs, leases, merging, service
from affiliate.catalogue.models import (
    CatalogueUpload,
    Product,
    ProductStatus,
    StagedProduct,
    UploadMode,
    UploadRowError,
    UploadStage,
)
from affiliate.catalogue.readers.rows import Refused
from affiliate.merchants.models import Merchant
from tests.affiliate.catalogue.files import HOST, errors, figures, fresh, listed, read, row, send, tsv, work
from tests.conftest import NOW
from tests.factories import ROBOT, Make

LATER = NOW + timedelta(minutes=30)


class Killed(BaseException):
    """As abrupt as a signal: nothing of ours may catch it."""


@pytest.fixture
def merchant(make: Make) -> Merchant:
    return make.merchant(allowed_hosts=[HOST])


def _die_at(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, call: int, error: BaseException) -> None:
    """Make the given call of a function die before it does anything; later calls work."""
    real = getattr(target, name)
    calls = iter(range(1, 10_000))

    def dying(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == call:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(target, name, dying)


def _staged(session: Session) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(StagedProduct)).scalar_one()


def test_a_first_file_creates_its_products(session: Session, merchant: Merchant) -> None:
    upload = read(session, merchant, tsv(row(1), row(2, price="Rp2.599.000", availability="habis")))
    assert figures(upload) == ("done", 2, 0, 2, 0, 0)
    assert (upload.rows_total, upload.bytes_read, upload.lease_until) == (2, upload.size_bytes, None)
    second = listed(session, merchant)["B-2"]
    assert (second.price_minor, second.currency, second.availability.value) == (259900000, "IDR", "out_of_stock")
    assert (second.search_text, second.url) == ("kebaya 2 b-2", f"https://{HOST}/p/2")
    assert (second.first_seen_at, second.last_upload_id) == (second.changed_at, upload.id)
    assert _staged(session) == 0


def test_the_same_file_twice_changes_nothing(session: Session, merchant: Merchant) -> None:
    body = tsv(*(row(number) for number in range(20)))
    read(session, merchant, body)
    before = {sku: (p.id, p.changed_at, p.last_upload_id) for sku, p in listed(session, merchant).items()}
    assert figures(read(session, merchant, body)) == ("done", 20, 0, 0, 0, 0)
    assert {sku: (p.id, p.changed_at, p.last_upload_id) for sku, p in listed(session, merchant).items()} == before


def test_a_full_file_changes_withdraws_and_brings_back(session: Session, merchant: Merchant) -> None:
    read(session, merchant, tsv(row(1), row(2), row(3)))
    kept = {sku: product.id for sku, product in listed(session, merchant).items()}
    assert figures(read(session, merchant, tsv(row(1), row(2, price="1 USD"), row(4)))) == ("done", 3, 0, 1, 1, 1)
    assert listed(session, merchant).keys() == {"B-1", "B-2", "B-4"}
    assert figures(read(session, merchant, tsv(row(1), row(2), row(3)))) == ("done", 3, 0, 0, 2, 1)
    assert {sku: product.id for sku, product in listed(session, merchant).items()} == kept


def test_a_delta_withdraws_nothing(session: Session, merchant: Merchant) -> None:
    read(session, merchant, tsv(row(1), row(2)))
    assert figures(read(session, merchant, tsv(row(3)), mode=UploadMode.DELTA)) == ("done", 1, 0, 1, 0, 0)
    assert listed(session, merchant).keys() == {"B-1", "B-2", "B-3"}


def test_merchants_with_equal_ids_do_not_touch_each_other(session: Session, merchant: Merchant, make: Make) -> None:
    other = make.merchant(allowed_hosts=[HOST])
    read(session, other, tsv(row(1), row(2)))
    read(session, merchant, tsv(row(1, title="Lain")))
    assert [product.title for product in listed(session, other).values()] == ["Kebaya 1", "Kebaya 2"]


def test_a_bad_row_never_stops_a_good_one_and_says_why(session: Session, merchant: Merchant) -> None:
    body = tsv(
        row(1),
        row(2, link="https://evil.test/x"),
        row(3, price="1,500"),
        row(4, title="", price="NaN"),
        row(1, title="Lagi"),
        row(5),
    )
    upload = read(session, merchant, body)
    assert figures(upload) == ("done", 2, 4, 2, 0, 0)
    assert upload.rows_total == 6
    assert errors(session, upload) == [
        (3, "link", "https://evil.test/x", "host_not_allowed"),
        (4, "price", "1,500", "price_ambiguous"),
        (5, "title", "", "title_missing"),
        (5, "price", "NaN", "price_not_a_number"),
        (6, "id", "B-1", "duplicate_id"),
    ]
    assert listed(session, merchant)["B-1"].title == "Kebaya 1"


def test_a_product_whose_row_is_wrong_stays_as_it_was(session: Session, merchant: Merchant) -> None:
    read(session, merchant, tsv(row(1), row(2)))
    assert figures(read(session, merchant, tsv(row(1), row(2, price="?")))) == ("done", 1, 1, 0, 0, 0)
    assert listed(session, merchant)["B-2"].price_minor == 15000000


@pytest.mark.parametrize("body", [b"", b"<rss><channel></channel></rss>", tsv(row(1, price="?")), b"GIF89a\0\0\0\0\0"])
def test_a_file_without_a_good_row_withdraws_nothing(session: Session, merchant: Merchant, body: bytes) -> None:
    read(session, merchant, tsv(row(1)))
    upload = read(session, merchant, body)
    assert upload.stage is UploadStage.FAILED
    assert upload.failure in {"empty_file", "no_rows", "no_good_rows", "not_text"}
    assert upload.finished_at is not None
    assert listed(session, merchant).keys() == {"B-1"}


def test_a_feed_that_breaks_off_changes_nothing(session: Session, merchant: Merchant) -> None:
    read(session, merchant, tsv(row(1)))
    item = f"<item><id>X</id><title>a</title><link>https://{HOST}/</link><price>5</price></item>"
    upload = read(session, merchant, f"<rss><channel>{item}<item>".encode())
    assert (upload.stage, upload.failure) == (UploadStage.FAILED, "broken_xml")
    assert listed(session, merchant).keys() == {"B-1"}
    assert _staged(session) == 0


@pytest.mark.parametrize("call", [1, 2, 4, 5])
def test_a_killed_reader_goes_on_where_it_was(
    session: Session, make: Make, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    monkeypatch.setattr(jobs, "BATCH_ROWS", 10)
    rows = [row(number, price="?" if number % 7 == 0 else "5") for number in range(35)]
    body = tsv(*rows[:30], row(3), *rows[30:])
    whole, killed = (make.merchant(allowed_hosts=[HOST]) for _ in range(2))
    expected = read(session, whole, body)
    upload_id = send(session, killed, body)
    _die_at(monkeypatch, service, "stage" if call < 5 else "finish_reading", call if call < 5 else 1, Killed())
    with pytest.raises(Killed):
        jobs.run(NOW)
    half = fresh(session, upload_id)
    assert (half.stage, half.position) == (UploadStage.READING, min(10 * (call - 1), 36))
    assert jobs.run(NOW) == 0, "its lease still runs"
    work(LATER)
    upload = fresh(session, upload_id)
    assert figures(upload) == figures(expected) == ("done", 30, 6, 30, 0, 0)
    assert errors(session, upload) == errors(session, expected)
    assert (upload.attempts, expected.attempts) == (2, 1)
    assert listed(session, killed).keys() == listed(session, whole).keys()


def test_a_merge_that_was_killed_is_done_once(
    session: Session, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = send(session, merchant, tsv(row(1), row(2)))
    _die_at(monkeypatch, merging, "_withdraw", 1, Killed())
    with pytest.raises(Killed):
        jobs.run(NOW)
    assert fresh(session, upload_id).stage is UploadStage.MERGING
    assert listed(session, merchant) == {}
    work(LATER)
    assert figures(fresh(session, upload_id)) == ("done", 2, 0, 2, 0, 0)


def test_three_failures_end_an_upload_and_let_the_next_one_through(
    session: Session, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick, next_one = send(session, merchant, tsv(row(1))), send(session, merchant, tsv(row(2)))
    real = merging.merge

    def merge(session: Session, claimed: leases.Claim, **options: Any) -> None:
        if claimed.upload_id == sick:
            raise RuntimeError("this one is ill")
        real(session, claimed, **options)

    monkeypatch.setattr(merging, "merge", merge)
    for minute in range(4):
        assert fresh(session, sick).attempts == minute
        assert fresh(session, next_one).stage is UploadStage.RECEIVED, "files of one merchant keep their order"
        work(NOW + timedelta(minutes=minute))
    assert (fresh(session, sick).stage, fresh(session, sick).failure) == (UploadStage.FAILED, "gave_up")
    assert fresh(session, next_one).stage is UploadStage.DONE
    assert listed(session, merchant).keys() == {"B-2"}


def test_a_sick_file_does_not_hold_up_other_merchants(
    session: Session, merchant: Merchant, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(session, merchant, tsv(row(1)))
    healthy = send(session, make.merchant(allowed_hosts=[HOST]), tsv(row(2)))
    _die_at(monkeypatch, service, "stage", 1, RuntimeError("once"))
    work()
    assert fresh(session, healthy).stage is UploadStage.DONE


def test_who_lost_the_lease_writes_nothing(session: Session, merchant: Merchant) -> None:
    upload_id = send(session, merchant, tsv(row(1)))
    lost = leases.claim(session, now=NOW)
    won = leases.claim(session, now=LATER)
    assert lost is not None
    assert won is not None
    batch = service.Batch([], [], failed=1, skipped=0, position=1, bytes_read=1)
    with pytest.raises(leases.LeaseLost):
        service.stage(session, lost, batch, lease_until=LATER)
    leases.refuse_claimed(session, lost, Refused("no_rows"), now=LATER)
    upload = fresh(session, upload_id)
    assert (upload.stage, upload.position, upload.rows_failed) == (UploadStage.READING, 0, 0)


def test_a_large_file_is_worked_in_slices(
    session: Session, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH_ROWS", 10)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)
    upload_id = send(session, merchant, tsv(*(row(number) for number in range(25))))
    assert jobs.run(NOW) == 1
    half = fresh(session, upload_id)
    assert (half.stage, half.position, half.rows_ok) == (UploadStage.READING, 10, 10)
    assert 0 < half.bytes_read <= half.size_bytes
    assert work() == 4
    assert figures(fresh(session, upload_id)) == ("done", 25, 0, 25, 0, 0)
    assert fresh(session, upload_id).attempts == 1


def test_a_file_that_is_gone_is_said_so(session: Session, merchant: Merchant) -> None:
    upload_id = send(session, merchant, tsv(row(1)))
    (current_app.config["ETALASE"].upload_dir / fresh(session, upload_id).path).unlink()
    work()
    assert fresh(session, upload_id).failure == "file_gone"


def test_only_the_newest_file_is_kept(session: Session, merchant: Merchant, make: Make) -> None:
    folder = current_app.config["ETALASE"].upload_dir
    foreign = read(session, make.merchant(allowed_hosts=[HOST]), tsv(row(1))).path
    refused = read(session, merchant, b"").path
    first = read(session, merchant, tsv(row(1))).path
    second = read(session, merchant, tsv(row(2)))
    assert [(folder / name).exists() for name in (refused, first, second.path, foreign)] == [False, False, True, True]
    assert fresh(session, second.id - 1).path == ""


def test_random_histories_end_as_the_files_say(session: Session, merchant: Merchant) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    shelf: dict[str, str] = {}
    for _turn in range(8):
        mode = chance.choice(list(UploadMode))
        file = {f"B-{n}": str(chance.randint(1, 3)) for n in chance.sample(range(12), chance.randint(1, 9))}
        upload = read(session, merchant, tsv(*(row(sku[2:], price=price) for sku, price in file.items())), mode=mode)
        gone = shelf.keys() - file.keys() if mode is UploadMode.FULL else set()
        assert upload.withdrawn == len(gone), f"seed {seed}"
        shelf = {sku: price for sku, price in shelf.items() if sku not in gone} | file
        now = {sku: str(product.price_minor // 100) for sku, product in listed(session, merchant).items()}
        assert now == shelf, f"seed {seed}"


def test_a_plain_table_with_an_open_column_waits_for_a_person(session: Session, merchant: Merchant) -> None:
    body = f"x;nama;y;z\nA-1;Kebaya;https://{HOST}/1;5000\nA-2;Sarung;https://{HOST}/2;6000\n".encode()
    upload = read(session, merchant, body)
    assert (upload.stage, upload.failure) == (UploadStage.FAILED, "mapping_needed")
    assert upload.failure_detail["missing"] == []
    assert upload.failure_detail["proposed"] == {"title": "nama", "url": "y", "price": "z", "sku": "x"}
    chosen = {"sku": "x", "title": "nama", "url": "y", "price": "z"}
    service.read_again(session, upload, chosen, actor=ROBOT, now=NOW)
    session.commit()
    work()
    assert figures(fresh(session, upload.id)) == ("done", 2, 0, 2, 0, 0)
    assert listed(session, merchant)["A-1"].price_minor == 500000
    again = read(session, merchant, body.replace(b"Sarung", b"Sarung baru"))
    assert figures(again) == ("done", 2, 0, 0, 1, 0), "the mapping is remembered"
    assert again.mapping == chosen


def test_a_file_is_not_read_again_after_a_newer_one_or_while_it_is_read(session: Session, merchant: Merchant) -> None:
    old = read(session, merchant, tsv(row(1)))
    upload = fresh(session, send(session, merchant, tsv(row(2))))
    with pytest.raises(service.NewerUpload):
        service.read_again(session, old, {}, actor=ROBOT, now=NOW)
    with pytest.raises(service.StillReading):
        service.read_again(session, upload, {}, actor=ROBOT, now=NOW)
    work()
    assert fresh(session, upload.id).stage is UploadStage.DONE


def test_a_foreign_withdrawn_product_is_left_alone(session: Session, merchant: Merchant, make: Make) -> None:
    other = make.product(make.merchant(), status=ProductStatus.WITHDRAWN)
    read(session, merchant, tsv(row(1)))
    status = session.execute(sa.select(Product.status).where(Product.id == other.id)).scalar_one()
    assert status is ProductStatus.WITHDRAWN


def test_control_characters_never_reach_the_database(session: Session, merchant: Merchant) -> None:
    heads = ("id", "title", "link", "no\x00te", "price", "availability")
    cells = ("B\x00-1", "Keb\x00aya", f"https://{HOST}/1", "\x00", "5\x00", "in stock")
    upload = read(session, merchant, tsv(cells, tuple(cells), *([(*row(9)[:3], "", "5", "")] * 60), heads=heads))
    assert upload.stage is UploadStage.DONE
    assert session.execute(sa.select(sa.func.count()).select_from(UploadRowError)).scalar_one() > 0
    assert session.execute(sa.select(CatalogueUpload.preview)).scalar_one()["headings"][3] == "note"
