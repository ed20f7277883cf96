"""Nothing of the contract is missing, and nothing has another name."""

import pytest
from django.test import Client

from tests.workspace_admin.reference.contract import CALLS

pytestmark = pytest.mark.usefixtures("every_workspace")


@pytest.fixture(scope="module")
def schema():
    return Client().get("/api/v1/schema").json()


def test_every_path_of_the_contract_is_there_and_no_other(schema):
    built = {path.removeprefix("/api/v1"): {*map(str.upper, methods)} for path, methods in schema["paths"].items()}
    assert built == CALLS
