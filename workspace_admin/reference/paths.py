"""The parts of the REST API, and what stands in its paths."""

from typing import Any

from workspace_admin.reference import sample_data

type Shape = dict[str, Any]

TAGS = {
    "workspaces": "Workspaces: names, plans and what they include.",
    "members": "Members: the people of a workspace, invited, active or deactivated.",
    "invitations": "Invitations: offers to join, and the emails that carry them.",
    "jobs": "Jobs: bulk calls that run in the background, started with `Prefer: respond-async`.",
    "subscription": "Subscription: the plan, and the seats that were bought.",
    "entitlements": "Entitlements: whether somebody may open a product, for the product itself to ask.",
    "audit-events": "Audit log: who did what to whom.",
    "api-keys": "API keys, for people who signed in: a key makes no keys.",
}
_PATH = {
    "workspace": ("The workspace's slug or id.", "acme"),
    "member": ("The member's id.", sample_data.BOB),
    "invitation": ("The invitation's id.", sample_data.OFFER),
    "product": ("The product's slug.", sample_data.CHAT),
    "job": ("The job's id.", sample_data.JOB),
    "key": ("The key's id.", sample_data.KEY),
}


def tag(path: str) -> str:
    """Return the section a path belongs to."""
    parts = path.partition("{workspace}/")[2].split("/")
    return {"": "workspaces", "seats": "subscription"}.get(parts[0], parts[0])


def told(parameter: Shape) -> Shape:
    """Return a parameter, with its description if it is in the path."""
    if parameter["in"] != "path":
        return parameter
    about, example = _PATH[parameter["name"]]
    return {**parameter, "description": about, "example": example}
