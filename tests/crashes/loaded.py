"""What every act needs, loaded once: acts are forked from a process that has imported this."""

import django

django.setup()

from tests.crashes import points  # noqa: E402 -- models load after the set-up
from workspace_admin import urls as urls  # noqa: E402 -- as above; the first link of a mail would load them
from workspace_admin.celery import app as app  # noqa: E402 -- as above

points.arm()
