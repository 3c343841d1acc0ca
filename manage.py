#!/usr/bin/env python
"""Run Django's and Tocsin's management commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:] == ["up"]:
        # The servers must run, and the environment name them, before the settings are read.
        from config.runtime.launch import launch

        sys.exit(launch())
    if sys.argv[1:] == ["drill"] and "TOCSIN_DRILL_CONTROL" not in os.environ:
        from config.drill.launch import launch as launch_drill

        sys.exit(launch_drill())
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] in (["backup"], ["restore"]):
        # Both are for a Tocsin that is stopped, too: then its own PostgreSQL runs for as long as they do.
        from config.runtime.launch import with_database

        with_database(lambda: execute_from_command_line(sys.argv))
    else:
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
