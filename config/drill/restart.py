"""Command of the drill's actions: requests a restart or rollback of the service from its supervisor.

`python restart.py PORT NAME [rollback]`; exits with 0 once the service listens again. Standard library only.
"""

from __future__ import annotations

import socket
import sys

WITHIN_S = 30


def main(port: int, name: str, verb: str = "restart") -> int:
    """Send the request, print the reply."""
    with socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S) as connection:
        connection.sendall(f"{verb} {name}\n".encode())
        reply = connection.makefile().readline().strip()
    sys.stdout.write(f"{reply}\n")
    return 0 if reply == f"{name} restarted" else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:4]))
