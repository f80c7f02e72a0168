"""A local S3-compatible server that checks signatures, for tests of object storage and of backups."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import boto3
import httpx2
import pytest

from app.core.object_storage import Bucket


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """A local S3-compatible server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=quiet, stderr=quiet
    )
    for _ in range(300):
        try:
            httpx2.get(f"{address}/moto-api/", timeout=1)
            break
        except httpx2.HTTPError:
            time.sleep(0.1)
    yield address
    server.kill()
    server.wait(10)


@pytest.fixture(scope="module")
def bucket(service: str) -> Bucket:
    """A bucket, and a user whose key may use it; from then on the server checks every signature."""
    place = {"endpoint_url": service, "region_name": "eu-west-2"}
    root = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    boto3.client("s3", **place, **root).create_bucket(
        Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    users = boto3.client("iam", **place, **root)
    users.create_user(UserName="eleven")
    allowed = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    )
    users.put_user_policy(UserName="eleven", PolicyName="all", PolicyDocument=allowed)
    key = users.create_access_key(UserName="eleven")["AccessKey"]
    httpx2.post(f"{service}/moto-api/reset-auth", content=b"0")
    return Bucket(service, "evidence", "eu-west-2", key["AccessKeyId"], key["SecretAccessKey"])
