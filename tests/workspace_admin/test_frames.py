"""Deep calls cost no more than shallow ones: see ``preallocate_stack``."""

import resource

import pytest

from workspace_admin.wsgi import preallocate_stack

CALLS = 200
DEPTHS = range(400)


def as_large_as_its_caller(_a, _b, _c, _d, _e, _f):
    return max(0, 0)


def pages_fetched_below(depth: int) -> int:
    """Return how many pages of memory the system hands out for calls of a function from this deep."""
    if depth:
        return pages_fetched_below(depth - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(CALLS):
        as_large_as_its_caller(0, 0, 0, 0, 0, 0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.fixture
def measured():
    def application(_environ, start):
        start("200 OK", [])
        return [str(max(map(pages_fetched_below, DEPTHS))).encode()]

    return application


def most(application) -> int:
    return int(b"".join(application({}, lambda *_: None)))


def test_calls_from_any_depth_fetch_no_memory(measured):
    assert most(measured) >= CALLS
    assert most(preallocate_stack(measured)) < CALLS / 10
