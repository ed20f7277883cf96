"""Every refusal of the REST API: what it means, what it carries besides its words, and how one looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from billing_seats.plans import Feature, Plan
from members import errors
from members.errors import DomainError
from workspace_admin import exception_mapping
from workspace_admin.error_responses import document

type Shape = dict[str, Any]

_SLUG: Shape = {"type": "string", "description": "Of which product: its slug."}
_FEATURES = [feature.value for feature in Feature]


@dataclass(frozen=True)
class Kind:
    """A refusal: ``example`` is one, ``members`` are the shapes of what it carries, ``always`` or not."""

    example: DomainError
    when: str
    members: Mapping[str, Shape] = field(default_factory=dict)
    always: bool = True
    headers: tuple[str, ...] = ()

    @property
    def error(self) -> type[DomainError]:
        """Its class."""
        return type(self.example)

    @property
    def name(self) -> str:
        """What the schema calls it."""
        return self.error.__name__

    @property
    def shape(self) -> Shape:
        """Its problem document, exactly."""
        known = {
            "type": {"const": "about:blank"},
            "title": {"type": "string", "description": "The code in words."},
            "status": {"const": self.error.status},
            "detail": {"type": "string", "description": "What happened, in English; it may change."},
            "code": {"const": self.error.code, "description": "Stable: go by this."},
            "errors": _ERRORS if self.error is errors.InvalidRequest else _ERRORS | {"maxItems": 0},
        }
        needed = [*known, *(self.members if self.always else ())]
        return {
            "type": "object",
            "description": self.when,
            "properties": known | dict(self.members),
            "required": needed,
        }

    @property
    def shown(self) -> Shape:
        """The example's problem document."""
        return document(self.example)


_ERRORS: Shape = {
    "type": "array",
    "description": "Which fields are wrong; empty if no single field is.",
    "items": {"$ref": "#/components/schemas/FieldError"},
}
FIELD_ERROR: Shape = {
    "type": "object",
    "description": "What is wrong with one field.",
    "properties": {
        "field": {"type": "string", "description": "Its name; of an item `seats.0`, of an inner one `set.role`."},
        "code": {"type": "string", "description": "Such as `required`, `unknown`, `invalid`."},
        "detail": {"type": "string"},
    },
    "required": ["field", "code", "detail"],
}
KINDS = [
    Kind(
        exception_mapping.Unauthenticated(),
        "No credentials came along, or none that work (any more).",
        headers=("WWW-Authenticate",),
    ),
    Kind(
        exception_mapping.CsrfFailed(),
        "A session’s call came without its X-CSRFToken. Calls with a key never get this.",
    ),
    Kind(
        errors.PermissionDenied("This needs the role Admin. Ask an Admin of the workspace."),
        "The role, or the scope or kind of the key, does not allow it; `detail` names what is needed.",
    ),
    Kind(
        errors.PlanRequired(
            "This is available on the Team and Enterprise plans. Change the plan to use it.",
            feature="api",
            plans=["team", "enterprise"],
        ),
        "The workspace’s plan lacks the feature.",
        {
            "feature": {"type": "string", "enum": _FEATURES, "description": "What is lacking."},
            "plans": {
                "type": "array",
                "items": {"type": "string", "enum": Plan.values},
                "description": "Which plans have it.",
            },
        },
    ),
    Kind(errors.NotFound(), "It does not exist, or it is another workspace’s: both look alike."),
    Kind(
        errors.InvalidRequest("This field is not known.", field="colour", code="invalid"),
        "A field, the query or a header is wrong or unknown, or the JSON is broken; `errors` says which.",
    ),
    Kind(errors.AlreadyMember(), "The address belongs to a member, maybe a deactivated one or one past their end."),
    Kind(
        errors.AlreadyInvited(invitation="019b4c1e-7c00-7a10-8000-0000000000e1"),
        "A live invitation for the address exists.",
        {
            "invitation": {
                "type": ["string", "null"],
                "format": "uuid",
                "description": "The one that stands in the way.",
            }
        },
    ),
    Kind(errors.Undeliverable(), "Mail to the address bounced, or was marked as spam, and no Admin has released it."),
    Kind(
        errors.SeatsExhausted("No le Chat Team seat is available.", product="le-chat-team", available=0),
        "No seat of the product is left.",
        {"product": _SLUG, "available": {"type": "integer", "description": "How many are left."}},
        always=False,
    ),
    Kind(errors.InvitationNotPending(), "The invitation was accepted, revoked or declined; to edit it, also: expired."),
    Kind(errors.MemberInvited(), "An invitee takes a role only: revoke the invitation instead."),
    Kind(errors.LastAdmin(), "A workspace always keeps at least one active Admin."),
    Kind(
        errors.OverAssigned(
            "Mistral Code is over its limit by 2 seats. Free up or buy 2 before assigning more.",
            product="mistral-code",
            over_assigned=2,
        ),
        "More seats are in use than were bought: none can be assigned until usage is within the limit.",
        {"product": _SLUG, "over_assigned": {"type": "integer", "description": "How many more."}},
    ),
    Kind(errors.IdempotencyConflict(), "The Idempotency-Key was used for another request."),
    Kind(
        errors.IdempotencyInProgress(retry_after=1),
        "The first request with this Idempotency-Key is still running: wait, then repeat the request.",
        headers=("Retry-After",),
    ),
    Kind(
        errors.RateLimited("This key made more calls than it may in a minute.", retry_after=41),
        "Too many calls of this key, or too much mail to this address, by this caller or from this workspace.",
        headers=("Retry-After",),
    ),
    Kind(
        exception_mapping.MethodNotAllowed(),
        "The path does not know the method that was used; `Allow` names those that it knows.",
        headers=("Allow",),
    ),
    Kind(exception_mapping.BodyTooLarge(), "The body is longer than 1,000,000 bytes."),
    Kind(exception_mapping.UnsupportedMediaType(), "The body is not application/json."),
    Kind(errors.PreconditionFailed(), "None of the ETags in If-Match is that of what is shown now."),
    Kind(
        errors.Unavailable(),
        "The workspace or the database is busy. Nothing was changed: try again.",
        headers=("Retry-After",),
    ),
]
"""In the order of the error table."""


def any_problem() -> Shape:
    """Return the schema that all errors share."""
    codes, statuses = ([getattr(kind.error, name) for kind in KINDS] for name in ("code", "status"))
    shape = KINDS[0].shape
    shape["properties"] |= {
        "status": {"type": "integer", "enum": sorted(set(statuses))},
        "code": {"type": "string", "enum": codes, "description": "Stable: go by this."},
        "errors": _ERRORS,
    }
    return shape | {"description": "Every error (RFC 9457). `code` is stable; `detail` is English."}
