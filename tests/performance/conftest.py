"""Callers of the REST API, as the API's own tests have them."""

from tests.api.conftest import key_of as key_of
