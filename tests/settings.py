"""The console's settings, with servers brought along where none are given: so that `pytest tests/people` just works."""

import atexit
import os
from contextlib import ExitStack

from workspace_admin.devserver.layout import ROOT, Layout
from workspace_admin.devserver.supervisor import servers

if "DATABASE_URL" not in os.environ:
    running = ExitStack()
    os.environ |= running.enter_context(servers(Layout((ROOT / os.environ.get("DATA_DIR", "var/pytest")).resolve())))
    atexit.register(running.close)

from workspace_admin.settings import *  # noqa: F403 -- they read the environment made above
