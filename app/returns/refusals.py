"""Why a file is refused, in words that people can act on."""

from typing import Final


class RefusedFileError(Exception):
    """A file that is not taken; the message says what is wrong and how to mend it."""


EXECUTABLE: Final = "This file is a program, or holds one. Upload a document instead."
WEB_PAGE: Final = "This file holds a web page or a drawing with code. Save it as PDF and upload that."
MACROS: Final = "This file holds macros (small programs). Save it without macros, or as PDF."
PROTECTED: Final = (
    "This file is protected by a password, so nobody could read it. Save it without a password and "
    "upload it again."
)
DAMAGED: Final = "This file is damaged or not complete. Open it, save it again and upload the new one."
TOO_MUCH: Final = "This file unpacks to far more than a document holds. Save it again, or as PDF."
TWO_IN_ONE: Final = (
    "This file holds a second file that is hidden in it. Open it in the program that made it, save it "
    "again and upload the new one."
)
EMBEDDED: Final = (
    "This document has other files or links to programs built into it. Take them out, or save it as PDF."
)
LARGE_PICTURE: Final = "This picture has too many dots to be opened safely. Save it smaller."
