"""What the import contracts cannot say: `django.http` is part of Django, and they see whole packages only."""

import ast

import grimp
import pytest

from workspace_admin.devserver.layout import ROOT

APPS = ("members", "billing_seats", "invitations")
WEB = ("django.http", "django.shortcuts", "django_htmx", "rest_framework")


def _below_the_web() -> list[str]:
    """Return every module named services, and every module of the apps that one of them imports, however indirectly."""
    graph = grimp.build_graph("workspace_admin", *reversed(APPS))
    ours = {module for module in graph.modules if module.split(".")[0] in APPS}
    services = {module for module in ours if module.endswith(".services")}
    assert len(services) >= len(APPS)
    return sorted(services.union(*(graph.find_upstream_modules(module) for module in services)) & ours)


def _imports(module: str) -> set[str]:
    path = ROOT.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(source.read_text())
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("module", _below_the_web())
def test_services_and_what_they_import_know_nothing_of_requests(module):
    assert not {name for name in _imports(module) if name.startswith(WEB)}
