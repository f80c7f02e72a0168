"""What tests of the core share: a server for object storage."""

from tests.core.local_s3 import bucket, service

__all__ = ["bucket", "service"]
