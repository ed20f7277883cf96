"""The console that the browser's tests have."""

from tests.browser.conftest import console as console
