"""Files in S3-compatible object storage: five calls, signed with AWS Signature Version 4, over httpx2.

A small client of our own: the usual one brings fifty times its code. The signature is held against the
worked example of AWS's documentation, and the calls against a server that checks signatures itself.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import unescape

import httpx2

from app.core.clock import Clock, system_clock
from app.core.storage import FileGoneError, Item, Kept, Opened, StorageError, checked, new_name, pieces

_EMPTY: Final = hashlib.sha256(b"").hexdigest()
_SECONDS: Final = 30.0
_ENTRY: Final = re.compile(r"<Contents>(.*?)</Contents>", re.DOTALL)
_MOST_ENTRIES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and the key to it; `endpoint` is the service's address, such as https://s3.example.org."""

    endpoint: str
    name: str
    region: str
    access_key: str
    secret_key: str


def authorization(
    bucket: Bucket, method: str, path: str, query: str, headers: Mapping[str, str], at: datetime
) -> str:
    """Return the Authorization header of a request (AWS Signature Version 4).

    `path` and `query` are already encoded, the query's names in order; `headers` are all that is signed,
    in lower case, `x-amz-content-sha256` among them.
    """
    day, moment = at.strftime("%Y%m%d"), at.strftime("%Y%m%dT%H%M%SZ")
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    request = "\n".join((method, path, query, lines, names, headers["x-amz-content-sha256"]))
    scope = f"{day}/{bucket.region}/s3/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signed = "\n".join(("AWS4-HMAC-SHA256", moment, scope, digest))
    key = f"AWS4{bucket.secret_key}".encode()
    for part in (day, bucket.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, signed.encode(), "sha256").hex()
    credential = f"{bucket.access_key}/{scope}"
    return f"AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={names},Signature={signature}"


class ObjectStorage:
    """Files as objects of one bucket, below a prefix; addressed by path, as every service understands."""

    def __init__(self, bucket: Bucket, *, prefix: str = "evidence/", clock: Clock = system_clock) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self.clock = clock
        self.client = httpx2.Client(timeout=_SECONDS)
        place = urlsplit(bucket.endpoint)
        self._origin = f"{place.scheme}://{place.netloc}"
        self._host = place.netloc
        self._base = f"{place.path.rstrip('/')}/{quote(bucket.name, safe='')}"

    def put(self, content: BinaryIO) -> Kept:
        """Store a file in one request: object storage shows an object when all of it is there."""
        return self.put_as(new_name(), content)

    def put_as(self, name: str, content: BinaryIO) -> Kept:
        """Store a file under the name that it had: a restore does."""
        digest, size = hashlib.sha256(), 0
        content.seek(0)
        for chunk in pieces(content):
            digest.update(chunk)
            size += len(chunk)
        content.seek(0)
        kept = Kept(name, size, digest.hexdigest())
        request = self._request("PUT", self._path(kept.name), sha256=kept.sha256)
        request = self.client.build_request(
            "PUT",
            request.url,
            headers={**request.headers, "content-length": str(size)},
            content=pieces(content),
        )
        self._send(request).close()
        return kept

    def open(self, name: str) -> Opened:
        """Return an object's content in pieces."""
        reply = self._send(self._request("GET", self._path(name)))
        return Opened(_content(reply), reply.close)

    def remove(self, name: str) -> None:
        """Delete an object."""
        self._send(self._request("DELETE", self._path(name)), missing_is_fine=True).close()

    def exists(self, name: str) -> bool:
        """Say whether an object is there."""
        reply = self._send(self._request("HEAD", self._path(name)), missing_is_fine=True)
        reply.close()
        return reply.status_code != 404

    def items(self) -> Iterator[Item]:
        """Yield every object, a thousand for each request."""
        after = ""
        while True:
            pairs = {"list-type": "2", "max-keys": str(_MOST_ENTRIES), "prefix": self.prefix}
            pairs |= {"start-after": after} if after else {}
            reply = self._send(self._request("GET", self._base, _query(pairs)))
            page = reply.read().decode()
            reply.close()
            entries = _ENTRY.findall(page)
            for entry in entries:
                after = unescape(_element(entry, "Key"))
                moment = datetime.fromisoformat(_element(entry, "LastModified"))
                yield Item(after.removeprefix(self.prefix), moment.astimezone(UTC))
            if not entries or _element(page, "IsTruncated") != "true":
                return

    def discard_unfinished(self, before: datetime) -> int:
        """Do nothing: an object that was not sent whole was never stored."""
        del before
        return 0

    def _path(self, name: str) -> str:
        return f"{self._base}/{quote(self.prefix + checked(name), safe='/')}"

    def _request(self, method: str, path: str, query: str = "", *, sha256: str = _EMPTY) -> httpx2.Request:
        at = self.clock()
        headers = {
            "host": self._host,
            "x-amz-content-sha256": sha256,
            "x-amz-date": at.strftime("%Y%m%dT%H%M%SZ"),
        }
        headers["authorization"] = authorization(self.bucket, method, path, query, headers, at)
        address = f"{self._origin}{path}{'?' if query else ''}{query}"
        return self.client.build_request(method, address, headers=headers)

    def _send(self, request: httpx2.Request, *, missing_is_fine: bool = False) -> httpx2.Response:
        try:
            reply = self.client.send(request, stream=True)
        except httpx2.HTTPError as problem:
            raise StorageError(f"object storage does not answer: {type(problem).__name__}") from problem
        if reply.is_success or (reply.status_code == 404 and missing_is_fine):
            return reply
        reply.close()
        if reply.status_code == 404 and request.method == "GET":
            raise FileGoneError("the object is not in the bucket")
        raise StorageError(f"object storage answered {reply.status_code}")


def _query(pairs: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(pairs[name], safe='')}" for name in sorted(pairs))


def _element(xml: str, name: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", xml, re.DOTALL)
    return found[1] if found else ""


def _content(reply: httpx2.Response) -> Iterator[bytes]:
    try:
        yield from reply.iter_bytes()
    except httpx2.HTTPError as problem:
        raise StorageError("object storage broke off") from problem
