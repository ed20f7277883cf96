"""What the import contracts cannot say: `django.http` is part of Django, and they see whole packages only."""

import ast

import pytest

from workspace_admin.devserver.layout import ROOT

BELOW_THE_WEB = [
    path
    for app in ("members", "billing_seats", "invitations")
    for name in (
        "services",
        "access",
        "outbox",
        "inviting",
        "joining",
        "offers",
        "deliveries",
        "plans",
        "tokens",
        "counts",
        "lifecycle",
        "purchases",
        "recounting",
        "history",
        "ledger",
        "notices",
        "entitlement",
    )
    if (path := ROOT / app / f"{name}.py").exists()
]


@pytest.mark.parametrize("path", BELOW_THE_WEB, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_services_know_nothing_of_requests(path):
    tree = ast.parse(path.read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {module for module in modules if module and module.startswith(("django.http", "rest_framework"))}
