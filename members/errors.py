"""Everything that can be refused, with the code, status and message of the API's error table."""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refused request, which its caller can act on.

    ``code`` and ``status`` are fixed by the REST contract; ``message`` is shown to people; ``extra`` are the
    machine-readable members of the problem document.
    """

    code: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400
    title: ClassVar[str | Promise] = _("Something went wrong")
    default: ClassVar[str | Promise] = _("Something went wrong. Please try again.")

    def __init__(self, message: str | Promise | None = None, **extra: Any) -> None:
        self.message = message if message is not None else self.default
        self.extra = extra
        super().__init__(str(self.message))


class InvalidRequest(DomainError):
    """A value is wrong; ``field`` names which and ``errors`` lists it in the API's form."""

    title = _("Please check what was entered")
    default = _("Something in this request is not valid.")

    def __init__(self, message: str | Promise | None = None, *, field: str = "", code: str = "invalid") -> None:
        self.field = field
        super().__init__(message)
        if field:
            self.extra = {"errors": [{"field": field, "code": code, "detail": str(self.message)}]}


class NotFound(DomainError):
    """It doesn't exist, or belongs to another workspace: the two look alike."""

    code, status = "not_found", 404
    title = _("Not found")
    default = _("There is nothing here, or nothing that you may see.")


class PermissionDenied(DomainError):
    """The role does not allow it."""

    code, status = "permission_denied", 403
    title = _("Your role does not allow this")
    default = _("Your role does not allow this. Ask an Admin of the workspace.")


class PlanRequired(DomainError):
    """The plan lacks the feature."""

    code, status = "plan_required", 403
    title = _("Your plan does not include this")
    default = _("Your plan does not include this.")


class AlreadyMember(DomainError):
    """The address belongs to a member of the workspace."""

    code, status = "already_member", 409
    title = _("Already a member")
    default = _("This person is already a member of the workspace.")


class AlreadyInvited(DomainError):
    """A live invitation for the address exists."""

    code, status = "already_invited", 409
    title = _("Already invited")
    default = _("This person is already invited. Resend the invitation if the email got lost.")


class Duplicate(DomainError):
    """The same item was given before in this call."""

    code, status = "duplicate", 409
    title = _("Given twice")
    default = _("This was already given earlier in the same request.")


class Undeliverable(DomainError):
    """Mail to the address bounced before."""

    code, status = "undeliverable", 409
    title = _("This address cannot receive mail")
    default = _("An earlier email to this address came back. Check the spelling or use another address.")


class SeatsExhausted(DomainError):
    """No seat of the product is left."""

    code, status = "seats_exhausted", 409
    title = _("No seat left")
    default = _("No seat is left.")


class OverAssigned(DomainError):
    """More seats are in use than were bought."""

    code, status = "over_assigned", 409
    title = _("More seats in use than bought")
    default = _("More seats are in use than were bought. Take seats back or buy more first.")


class InvitationNotPending(DomainError):
    """The invitation was accepted, revoked or declined, or its link is not the latest."""

    code, status = "invitation_not_pending", 409
    title = _("This invitation is no longer open")
    default = _("This invitation is no longer open.")


class MemberInvited(DomainError):
    """The change needs someone who has joined."""

    code, status = "member_invited", 409
    title = _("This person has not joined yet")
    default = _("This person has not joined yet. Revoke the invitation instead.")


class LastAdmin(DomainError):
    """A workspace always keeps at least one active Admin."""

    code, status = "last_admin", 409
    title = _("A workspace needs an Admin")
    default = _("This is the only active Admin of the workspace. Make someone else an Admin first.")


class IdempotencyConflict(DomainError):
    """The Idempotency-Key was used for another request."""

    code, status = "idempotency_conflict", 409
    title = _("This Idempotency-Key was used before")
    default = _("This Idempotency-Key was used for another request. Use a new one for each.")


class IdempotencyInProgress(DomainError):
    """The first request with this Idempotency-Key is still running; ``retry_after`` gives the seconds to wait."""

    code, status = "idempotency_in_progress", 409
    title = _("The first request is still in progress")
    default = _("The first request with this Idempotency-Key is still in progress. Try again in a moment.")


class PreconditionFailed(DomainError):
    """What was to be changed isn't what the caller saw any more."""

    code, status = "precondition_failed", 412
    title = _("Changed meanwhile")
    default = _("This was changed since you read it. Read it again, then repeat what you meant to do.")


class RateLimited(DomainError):
    """Too soon; ``retry_after`` gives the seconds to wait."""

    code, status = "rate_limited", 429
    title = _("Too soon")
    default = _("Please wait a moment and try again.")


class Unavailable(DomainError):
    """The workspace is busy: it couldn't be locked in time."""

    code, status = "unavailable", 503
    title = _("Busy right now")
    default = _("This workspace is busy right now. Nothing was changed; please try again.")
