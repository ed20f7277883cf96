"""How each call of the REST API stands in the schema: what describes it, completed by what follows from its path."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import CharField, ChoiceField

from members.rest.describe import KEYS
from workspace_admin.reference import examples, headers, paths, responses, security

type Shape = dict[str, Any]


class Schema(AutoSchema):
    """A call's place in the schema."""

    def get_operation(self, path: str, *rest: Any) -> Shape | None:
        """Return the operation's entry, or None if the call is not documented."""
        operation: Shape | None = super().get_operation(path, *rest)
        if operation is None:
            return None
        call, name = getattr(self.view, self.method.lower()), operation["operationId"]
        operation["tags"] = [paths.tag(path)]
        operation["security"] = security.requirement(self.method, getattr(call, "callers", KEYS))
        sent = headers.heeded(self.method, can_wait=getattr(call, "can_wait", False))
        operation["parameters"] = [*map(paths.told, operation.get("parameters", [])), *sent]
        if "requestBody" in operation:
            operation["requestBody"]["content"]["application/json"]["examples"] = examples.named(
                examples.bodies()[name]
            )
        operation["responses"] = self._responses(path, call, name, operation["responses"])
        return operation

    def _responses(self, path: str, call: Any, name: str, own: dict[str, Shape]) -> dict[str, Shape]:
        on_every_plan = getattr(self.view, "on_every_plan", True)
        refusals = [*responses.common(self.method, path, on_every_plan=on_every_plan), *call.refuses]
        return responses.succeeded(self.method, name, own) | responses.refused(self.method, refusals)

    def get_auth(self) -> list[Shape]:
        """Return nothing: ``security`` adds it."""
        return []

    def _get_serializer_name(self, *args: Any, **kwargs: Any) -> str:
        """Return the public name of a schema: `Member`, `MemberPage`."""
        return str(super()._get_serializer_name(*args, **kwargs)).replace("Shape", "")


class StrictBodies(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # -- drf-spectacular has no types here
    """How the schema says that unknown and blank fields are refused, and that something has to be given."""

    target_class = "members.rest.resource.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Shape:
        """Return the schema."""
        shape: Shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001 -- its documentation's way
        for name, field in self.target.fields.items():
            written = shape["properties"][name]
            if isinstance(field, CharField) and not field.allow_blank:
                written.setdefault("minLength", 1)
            if isinstance(field, ChoiceField) and written.get("default") not in field.choices:
                written.pop("default", None)
            child = getattr(field, "child", None)
            if isinstance(child, CharField) and not child.allow_blank:
                written["items"].setdefault("minLength", 1)
        return {**shape, "additionalProperties": False, **self.target.constraints}
