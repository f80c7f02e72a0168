"""What can go wrong in a person's request, and how the reply says so."""


class NotFoundError(Exception):
    """The thing is not there, or not for this person: both read the same from outside."""


class SignInNeededError(Exception):
    """Nobody is signed in; the reply leads to the sign-in page and back."""


class SecondFactorNeededError(Exception):
    """A person of the partnership opened their link; the second factor is still to come."""


class TooLargeError(Exception):
    """A form or a file is larger than its page takes: at most `most` bytes.

    `unread` says that nothing of it has been read yet.
    """

    def __init__(self, most: int, *, unread: bool = False) -> None:
        super().__init__(f"more than {most} bytes")
        self.most = most
        self.unread = unread


class RefusedError(Exception):
    """A change that the rules of the field do not allow, with a sentence for the person.

    `problems` maps the id of a form field to what is wrong there and how to mend it.
    """

    def __init__(self, message: str, problems: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems or {}
