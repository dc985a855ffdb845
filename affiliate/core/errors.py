"""The tree of refusals. A verb raises one of these; the edge turns it into a page or into problem+json.

    AppError (status, code, message)
     ├─ NotSignedIn    401  nobody is asking
     ├─ Forbidden      403  the rule forbids it to this person, who may know that the thing is there
     ├─ NotFound       404  not there, or not yours: the answer is the same
     ├─ Conflict       409  a lost race, a used key, a digest that no longer fits
     ├─ TooLarge       413
     ├─ Invalid        422  malformed input, with the field's name
     └─ Unavailable    503  try again; nothing was kept

`message` is a lazy translated sentence for a person: what happened, what was kept, what to do. `code` is stable and
for programs. Rooms subclass these beside the verb that raises them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from affiliate.core.i18n import _l


class AppError(Exception):
    """A refusal with a name."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    message: ClassVar[Any] = _l("That could not be done.")

    def __init__(
        self, message: Any = None, *, code: str | None = None, fields: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(str(code or self.code))
        self.text = message or self.message
        self.stable_code = code or self.code
        self.fields = dict(fields or {})

    def problem(self) -> dict[str, Any]:
        """The body of an application/problem+json answer (RFC 9457)."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.stable_code.replace("_", " "),
            "status": self.status,
            "code": self.stable_code,
            "detail": str(self.text),
        }
        if self.fields:
            body["errors"] = {name: str(text) for name, text in self.fields.items()}
        return body


class NotSignedIn(AppError):
    status = 401
    code = "not_signed_in"
    message = _l("Please sign in first.")


class Forbidden(AppError):
    status = 403
    code = "forbidden"
    message = _l("You may see this, but not do it.")


class NotFound(AppError):
    status = 404
    code = "not_found"
    message = _l("There is nothing here for you. Check the address, or sign in with another account.")


class Conflict(AppError):
    status = 409
    code = "conflict"
    message = _l("Somebody else was faster. Nothing was changed; please look again.")


class TooLarge(AppError):
    status = 413
    code = "too_large"
    message = _l("That is larger than we can take. Nothing was kept.")


class Invalid(AppError):
    status = 422
    code = "invalid"
    message = _l("Some of that cannot be used. Nothing was saved; please correct the marked fields.")

    @classmethod
    def field(cls, name: str, text: Any, *, code: str | None = None) -> Invalid:
        """One wrong field."""
        return cls(code=code, fields={name: text})


class Unavailable(AppError):
    status = 503
    code = "unavailable"
    message = _l("We cannot do this just now. Nothing was kept; please try again in a minute.")
