"""What the framework refuses before an endpoint runs, as kinds of our one family: their codes, and how they look."""

from app.errors import ApiError


class MalformedBody(ApiError, code="malformed_body"):
    """The body cannot even be decoded."""

    detail = "There was an error parsing the body"


class NotFound(ApiError, code="not_found", status=404):
    """No endpoint has this path."""

    detail = "Not Found"


class MethodNotAllowed(ApiError, code="method_not_allowed", status=405):
    """The path is right; `Allow` names the methods that are."""

    detail = "Method Not Allowed"


class RequestTimedOut(ApiError, code="request_timeout", status=408):
    """The body did not arrive in time."""

    detail = "Request Timeout"


class ContentTooLarge(ApiError, code="content_too_large", status=413):
    """The body is larger than any of ours."""

    detail = "Request Entity Too Large"


class UnsupportedMediaType(ApiError, code="unsupported_media_type", status=415):
    """The body was not taken for JSON, because its header does not say so."""

    detail = "Send the body as JSON, with the header Content-Type: application/json."


KINDS = (MalformedBody, NotFound, MethodNotAllowed, RequestTimedOut, ContentTooLarge, UnsupportedMediaType)
# What any body can be refused for.
OF_BODIES = (MalformedBody, RequestTimedOut, ContentTooLarge, UnsupportedMediaType)
