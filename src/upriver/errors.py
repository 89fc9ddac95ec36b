"""Everything that can go wrong, in words that a user can act on.

Every error says what happened, to what, and what to do next.  The web layer turns `status`
into an HTTP status and the rest into `application/problem+json`; the command line prints the
same text and exits with `exit_code`.  Nothing else formats an error.
"""


class Problem(Exception):
    """A failure the caller can act on.

    Args:
        what: One sentence that names the thing: "Model 'churn' has no version 12."
        hint: What to try next, as an imperative; empty if there is nothing to try.

    Attributes:
        retry_after: Seconds after which a program should try again, where waiting helps.

    Examples:
        >>> str(NotFound("There is no service 'prod'.", "Known: demo."))
        "There is no service 'prod'. Known: demo."
    """

    status = 500
    exit_code = 1
    retry_after = 5

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".rstrip()


class Invalid(Problem):
    """The request contradicts itself or the rules of the domain."""

    status = 422
    exit_code = 2


class NotFound(Problem):
    """The named thing does not exist, or the caller may not know that it does."""

    status = 404


class Conflict(Problem):
    """Somebody else changed it first, or it exists already."""

    status = 409


class Denied(Problem):
    """The caller may not do this."""

    status = 403


class Unreachable(Problem):
    """A system that we depend on did not answer, or answered with something else."""

    status = 503


class Busy(Problem):
    """More arrives at this moment than can be taken in; nothing of the request was kept."""

    status = 503
    retry_after = 1


class TooLarge(Problem):
    """More was sent than will be read."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"More than {limit // 1_000_000} MB was sent.", "Send less at a time.")
