"""Object storage: signed as AWS's documentation works it out, and spoken with a server that checks."""

import hashlib
import io
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.core.object_storage import Bucket, ObjectStorage, authorization
from app.core.storage import FileGoneError, Storage, StorageError

pytestmark = [pytest.mark.files, pytest.mark.faults]
CONTENT = os.urandom(300_000)


def test_the_signature_is_that_of_the_worked_example() -> None:
    """Amazon S3 API reference, "Signature calculations for the Authorization header", GET Object."""
    example = Bucket(
        endpoint="https://examplebucket.s3.amazonaws.com",
        name="examplebucket",
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-amz-date": "20130524T000000Z",
    }
    header = authorization(example, "GET", "/test.txt", "", headers, datetime(2013, 5, 24, tzinfo=UTC))
    assert header.endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


def test_what_is_put_comes_out_again(bucket: Bucket) -> None:
    store: Storage = ObjectStorage(bucket)
    kept = store.put(io.BytesIO(CONTENT))
    assert (kept.size, kept.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert b"".join(store.open(kept.name)) == CONTENT
    assert store.exists(kept.name)
    (item,) = [each for each in store.items() if each.name == kept.name]
    assert abs(item.stored_at - datetime.now(UTC)) < timedelta(minutes=5)
    store.remove(kept.name)
    store.remove(kept.name)
    assert not store.exists(kept.name)
    with pytest.raises(FileGoneError):
        store.open(kept.name)
    assert store.discard_unfinished(datetime.now(UTC)) == 0


def test_every_object_is_listed_over_several_pages(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.object_storage._MOST_ENTRIES", 3)
    store = ObjectStorage(bucket, prefix="many/")
    names = {store.put(io.BytesIO(b"x")).name for _ in range(8)}
    assert {item.name for item in store.items()} == names


def test_a_wrong_key_is_refused_by_the_server(bucket: Bucket) -> None:
    """The control of the signature: the server does check it."""
    with pytest.raises(StorageError, match="403"):
        ObjectStorage(replace(bucket, secret_key="not the key")).put(io.BytesIO(CONTENT))


def test_a_service_that_is_away_is_a_storage_error(bucket: Bucket) -> None:
    away = ObjectStorage(replace(bucket, endpoint="http://127.0.0.1:1"))
    for call in (lambda: away.put(io.BytesIO(b"x")), lambda: away.open("0" * 32), lambda: list(away.items())):
        with pytest.raises(StorageError):
            call()


def test_a_bucket_that_is_not_there_is_a_storage_error(bucket: Bucket) -> None:
    with pytest.raises(StorageError):
        ObjectStorage(replace(bucket, name="nowhere")).put(io.BytesIO(b"x"))
