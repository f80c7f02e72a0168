"""What this installation uses outside the program, by its settings: files, the virus scanner, the mail."""

from app.core.object_storage import Bucket, ObjectStorage
from app.core.scanning import Clamd, Scanner
from app.core.settings import Settings
from app.core.storage import LocalFolder, Storage
from app.core.transports import SmtpTransport, Transport, folder_transport


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


def mail_transport(config: Settings) -> Transport:
    """Return the way in which mail leaves: GOV.UK Notify, a mail server, or a folder where neither is set."""
    if config.notify_key:
        from app.core.notify import NotifyTransport  # noqa: PLC0415 - its client is loaded where it is used

        return NotifyTransport(config)
    return SmtpTransport(config) if config.smtp_host else folder_transport(config.data_dir / "outbox")
