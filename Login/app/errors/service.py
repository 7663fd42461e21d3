"""What has nothing to do with who asks: too much at once, what is away, and what is set up for this machine."""

from app.errors.family import ApiError


class TooManyAttempts(ApiError, code="too_many_attempts", status=429):
    """Throttled; nobody is locked out for good."""

    detail = "Too many attempts. Wait a moment and try again."


class TooManyRequests(ApiError, code="too_many_requests", status=429):
    """One client address or service floods one kind of request, whatever it says in them."""

    detail = "Too many requests from your network or service. Wait a moment and try again."


class HeadTooLarge(ApiError, code="head_too_large", status=431):
    """No client of ours sends so much before its body."""

    detail = "The request's address and headers are larger than 16 KiB."


class Busy(ApiError, code="busy", status=503):
    """More password checks are waiting than can be answered in time."""

    detail = "The service is busy. Try again in a moment."


class DatabaseUnavailable(ApiError, code="database_unavailable", status=503):
    """The database does not answer; nothing was changed."""

    detail = "The service cannot reach its database. Nothing was changed; try again in a moment."


class OutcomeUnknown(ApiError, code="outcome_unknown", status=503):
    """The connection was lost during COMMIT: the change may or may not have happened, so nobody repeats it unasked."""

    detail = "The connection to the database was lost at the last moment. Check whether the change happened."


class Draining(ApiError, code="draining", status=503):
    """This process is about to end; whoever balances the load shall look elsewhere."""

    detail = "This server is about to end. Another one answers."


class InternalError(ApiError, code="internal_error", status=500):
    """A fault of ours; the log has the details under the request's id."""

    detail = "Something went wrong on our side. Nothing more is known here; the log has it."


class InsecureConfiguration(ApiError, code="insecure_configuration", status=403):
    """A sample or weak secret serves this machine only."""

    detail = "A secret of this API is a sample or too weak, so it answers its own machine only. Its log says which one."


class MetricsForbidden(ApiError, code="metrics_forbidden", status=403):
    """Counters tell an attacker what works; without a token they are for this machine alone."""

    detail = "Without METRICS_TOKEN the metrics answer callers on the same machine only."
