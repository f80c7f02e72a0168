"""Damaged backups, and those for another key, are refused (QUALITY 10)."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyrage
import pytest
from sqlalchemy.engine import URL

from app.core.recovery import archive, backup, restore
from app.core.recovery.archive import DamagedError, RecoveryError
from tests.conftest import NOW
from tests.faults.filled import contents, new_database, run
from tests.faults.scale import figures

pytestmark = [pytest.mark.faults, pytest.mark.files]


def spoiled(small: bytes, places: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    """Yield the small backup with one bit turned, then with its end cut off or something behind it."""
    for place in sorted(places):
        bad = bytearray(small)
        bad[place] ^= 1 << place % 8
        yield f"bit at {place}", bytes(bad)
    for keep in (0, 1, 64, 511, 512, 5_000, len(small) - 66, len(small) - 65, len(small) - 1):
        yield f"cut after {keep}", small[:keep]
    yield "something behind it", small + b"\n"
    yield "twice", small + small


def not_noticed(small: bytes, tmp_path: Path, places: Iterable[int]) -> list[str]:
    path = tmp_path / "spoiled.tar"
    missed = []
    for what, content in spoiled(small, places):
        path.write_bytes(content)
        try:
            restore.checked(path)
        except DamagedError:
            continue
        missed.append(what)
    return missed


def test_every_turned_bit_and_every_cut_is_noticed(small: bytes, tmp_path: Path) -> None:
    (tmp_path / "good.tar").write_bytes(small)
    restore.checked(tmp_path / "good.tar")
    # Headers, parts and padding, the list of contents, the seal.
    places = {*range(0, len(small), len(small) // 300), *range(300), *range(len(small) - 400, len(small))}
    missed = not_noticed(small, tmp_path, places)
    figures("10 damaged backups", places=sum(1 for _ in spoiled(small, places)), wrong=len(missed))
    assert missed == []


def test_without_the_seal_some_turned_bits_would_go_unnoticed(
    small: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive._Unsealing, "check_seal", lambda _self: None)
    missed = not_noticed(small, tmp_path, range(len(small) - 600, len(small) - 60, 20))
    figures("10 control: no seal", noticed=len(missed))
    assert missed


def rewritten(
    small: bytes, change: Callable[[str, bytes], bytes | None], *, renamed: tuple[str, str] = ("", "")
) -> bytes:
    """Return the backup with parts changed, renamed or left out (None), under a seal that fits."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(small[:-65])) as tar,
        tarfile.open(mode="w|", fileobj=out, format=tarfile.PAX_FORMAT) as stream,
    ):
        for entry in tar:
            content = tar.extractfile(entry)
            assert content is not None
            data = change(entry.name, content.read())
            if data is not None:
                entry.name, entry.size = entry.name.replace(*renamed), len(data)
                stream.addfile(entry, io.BytesIO(data))
    return out.getvalue() + f"{sha256(out.getvalue()).hexdigest()}\n".encode()


def _other_manifest(**changes: Any) -> Callable[[str, bytes], bytes]:
    def change(name: str, data: bytes) -> bytes:
        if name != archive.MANIFEST:
            return data
        return json.dumps({**json.loads(data), **changes}).encode()

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            lambda name, data: None if "user_account" in name else data,
            "user_account",
            id="a part is missing",
        ),
        pytest.param(
            lambda name, data: gzip.compress(b"") if "user_account" in name else data,
            "user_account",
            id="a part is another",
        ),
        pytest.param(
            lambda name, data: None if name == archive.MANIFEST else data, "list of contents", id="no list"
        ),
        pytest.param(_other_manifest(revision="9999"), "9999", id="a revision of the future"),
        pytest.param(_other_manifest(format=2), "format 2", id="a format of the future"),
        pytest.param(_other_manifest(tables={}), "not listed", id="an empty list"),
    ],
)
def test_a_backup_with_a_fitting_seal_but_other_parts_is_refused(
    small: bytes, tmp_path: Path, empty: URL, change: Callable[[str, bytes], bytes | None], words: str
) -> None:
    path = tmp_path / "other.tar"
    path.write_bytes(rewritten(small, change))
    with pytest.raises(RecoveryError, match=words):
        restore.restore(empty, tmp_path / "data", path)
    assert contents(empty) == {}


def test_a_part_that_would_leave_the_data_directory_is_refused(
    small: bytes, tmp_path: Path, empty: URL
) -> None:
    old, new = "files/evidence/minutes", "files/evidence/../../x"
    path = tmp_path / "odd.tar"
    path.write_bytes(
        rewritten(small, lambda _, data: data.replace(old.encode(), new.encode()), renamed=(old, new))
    )
    with pytest.raises(DamagedError, match="no place for files"):
        restore.restore(empty, tmp_path / "data", path)
    assert not (tmp_path / "x").exists()


def test_an_encrypted_backup_opens_with_its_key_only(
    server: URL, template: str, empty: URL, tmp_path: Path
) -> None:
    key = pyrage.x25519.Identity.generate()
    path, key_file = tmp_path / "locked.tar.age", tmp_path / "key"
    key_file.write_text(f"# created for a test\n{key}\n")
    with new_database(server, template) as address:
        run(address, f"INSERT INTO user_account (email, name, created_at) VALUES ('a@b.cd', 'Ana', '{NOW}')")
        backup.backup(address, tmp_path / "evidence", str(path), now=NOW, recipient=key.to_public())
    assert path.read_bytes().startswith(b"age-encryption.org/v1")
    assert b"manifest.json" not in path.read_bytes()
    with pytest.raises(RecoveryError, match="--identity"):
        restore.restore(empty, tmp_path / "data", path)
    with pytest.raises(RecoveryError, match="another key"):
        restore.checked(path, pyrage.x25519.Identity.generate())
    restore.restore(empty, tmp_path / "data", path, identity=archive.identity_from(key_file))
    assert contents(empty)["user_account"][0] == 1
    for place in (0, 30, 150, 400, path.stat().st_size // 2, path.stat().st_size - 1):
        bad = bytearray(path.read_bytes())
        bad[place] ^= 1
        (tmp_path / "bad.age").write_bytes(bad)
        with pytest.raises(RecoveryError):
            restore.checked(tmp_path / "bad.age", key)
