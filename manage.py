#!/usr/bin/env python
"""Run Django's and Tocsin's management commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"] and "--help" not in sys.argv:
        # The servers must run, and the environment name them, before the settings are read.
        from config.servers import running_servers

        with running_servers():
            execute()
    else:
        execute()


def execute() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
