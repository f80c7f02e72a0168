"""The store for files and the virus scanner of this installation, by its settings."""

from app.core.object_storage import Bucket, ObjectStorage
from app.core.scanning import Clamd, Scanner
from app.core.settings import Settings
from app.core.storage import LocalFolder, Storage


def file_store(config: Settings) -> Storage:
    """Return where evidence files are kept: object storage if it is set, a folder otherwise."""
    if not config.s3_endpoint:
        return LocalFolder(config.evidence_folder)
    return ObjectStorage(
        Bucket(
            endpoint=config.s3_endpoint,
            name=config.s3_bucket,
            region=config.s3_region,
            access_key=config.s3_access_key,
            secret_key=config.s3_secret_key,
        )
    )


def virus_scanner(config: Settings) -> Scanner | None:
    """Return the scanner, or None where none is set: files are then available without a scan."""
    return Clamd(config.scanner, config.scanner_seconds) if config.scanner else None
