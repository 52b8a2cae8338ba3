"""What a caller is told when something cannot be done: problem+json (RFC 9457), or a page.

Rooms raise `Problem(kind, detail, field=…, **params)`; the table `KINDS` is the only place
where a kind meets an HTTP status. Its title is the catalogue's `problem.<kind>`.
"""

from collections.abc import Mapping
from typing import Final

from gridwarden.words.speech import known, say

KINDS: Final[dict[str, int]] = {
    "bad_request": 400,
    "invalid_value": 400,
    "missing_value": 400,
    "unknown_parameter": 400,
    "invalid_geometry": 400,
    "unreadable_file": 400,
    "refused": 400,
    "not_signed_in": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "conflict": 409,
    "held": 409,
    "gone": 410,
    "precondition_failed": 412,
    "too_large": 413,
    "uri_too_long": 414,
    "unsupported_media_type": 415,
    "precondition_required": 428,
    "too_many_requests": 429,
    "headers_too_large": 431,
    "internal": 500,
    "unavailable": 503,
    "too_slow": 503,
    "busy": 503,
    "disk_full": 503,
    "incomplete": 503,
}
RETRY_AFTER_S: Final[dict[str, int]] = {
    "too_many_requests": 10,
    "unavailable": 5,
    "too_slow": 30,
    "busy": 1,
    "disk_full": 60,
    "incomplete": 60,
}


class Problem(Exception):  # noqa: N818  (the word of RFC 9457)
    """A refusal with its sentence: `detail` is a catalogue key or a text that is ready to read.

    `field` names the parameter, column or member to change; `params` fill the sentence; `headers`
    go with the answer. A kind that the table lacks raises KeyError here, where it is written, not
    in a caller's answer.
    """

    def __init__(
        self,
        kind: str,
        detail: str = "",
        *,
        field: str | None = None,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        **params: object,
    ) -> None:
        self.kind = kind
        self.status = KINDS[kind]
        self.detail = detail
        self.field = field
        self.params = params
        self.headers = dict(headers or {})
        self.retry_after = RETRY_AFTER_S.get(kind) if retry_after is None else retry_after
        super().__init__(kind, detail, field, params)

    @property
    def type(self) -> str:
        """The stable name of this kind of problem, the same in every release."""
        return f"urn:gridwarden:problem:{self.kind}"

    def title(self, lang: str) -> str:
        """What kind of thing went wrong, in a few words."""
        return say(f"problem.{self.kind}.title", lang)

    def said(self, lang: str) -> str:
        """The sentence that says what to do next."""
        params = {"field": self.field or "", **self.params}
        if self.detail and not known(self.detail):
            return self.detail
        return say(self.detail or f"problem.{self.kind}.say", lang, **params)

    def members(self) -> Mapping[str, object]:
        """What a program is told besides (RFC 9457, 3.2): members of the body, none as a rule."""
        return {}

    def __str__(self) -> str:
        return self.said("en")
