"""Command line: `python -m workspace_admin.devserver run`.

Also `... manage deliveries` for a command against the console that runs, and `... exec -- pytest` for a command beside
servers of its own.
"""

import argparse
import sys

from workspace_admin.devserver import console
from workspace_admin.devserver.layout import EmbeddedError, Layout
from workspace_admin.devserver.supervisor import Stopped, supervised


def _exec(command: list[str]) -> int:
    """Run a command beside Postgres and Valkey; as the owner of the database, so that tests can make theirs."""
    with supervised(Layout.from_environment()) as supervisor:
        supervisor.start_servers(throwaway=True)
        supervisor.env["DATABASE_URL"] = supervisor.env.get("OWNER_DATABASE_URL", supervisor.env["DATABASE_URL"])
        return supervisor.run_in_front(command)


def main() -> int:
    """Do what the command line says; answers the exit code: 0 after a signal, 1 after a crash."""
    parser = argparse.ArgumentParser(prog="python -m workspace_admin.devserver")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("run", help="the whole console, until Ctrl-C")
    beside = actions.add_parser("exec", help="a command beside Postgres and Valkey")
    beside.add_argument("command", nargs="+")
    manage = actions.add_parser("manage", help="a management command against the console that runs", add_help=False)
    manage.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    try:
        if arguments.action == "exec":
            return _exec(arguments.command)
        if arguments.action == "manage":
            console.manage(arguments.command)
        console.run()
    except Stopped:
        sys.stdout.write("Stopped.\n")
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
