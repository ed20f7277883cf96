"""The default without servers: Postgres, Valkey, web, worker and beat under one supervisor, all below one folder."""

import warnings

# The Postgres wheel looks for a runtime folder at import, and warns where there is none; we never use it.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR", category=UserWarning)
