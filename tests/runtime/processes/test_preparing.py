"""Preparation in a process of its own, and what every program is forked from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import psycopg
import pytest

from config.paths import ROOT
from config.runtime import launch, prepare
from core.embedded.process import StartError

PROGRAM = """
import sys, time, types
from config.runtime import launch
sys.modules["config.runtime.prepare"] = types.SimpleNamespace(
    prepare=lambda: (print("preparing", flush=True), time.sleep(60))
)
launch._prepared()
"""
PRELOADED = """
import contextvars, threading, django, psutil
django.setup()
from config.runtime import preload
me = psutil.Process()
print(len(contextvars.copy_context()), threading.active_count(), len(me.net_connections("all")))
"""


def test_result_of_preparing_comes_back(monkeypatch):
    monkeypatch.setattr(prepare, "prepare", lambda: f"welcome to {os.getpid()}")
    assert launch._prepared() != f"welcome to {os.getpid()}"
    assert launch._prepared().startswith("welcome to ")


def _refused():
    raise StartError("the database cannot be reached")


def _killed():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "words"), [(_refused, "the database cannot be reached"), (_killed, "ended with signal 9")]
)
def test_error_of_preparing_is_one_line(monkeypatch, work, words):
    monkeypatch.setattr(prepare, "prepare", work)
    with pytest.raises(StartError, match=words):
        launch._prepared()


def test_connect_timeout_of_the_database_url_is_used(monkeypatch):
    monkeypatch.setattr(prepare, "libpq_parameters", lambda: {"host": "db", "connect_timeout": "9"})

    def connect(**given):
        assert given == {"host": "db", "connect_timeout": "9"}
        raise psycopg.OperationalError("no such host")

    monkeypatch.setattr(psycopg, "connect", connect)
    with pytest.raises(StartError, match="no such host"):
        prepare._reach_database()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_preparing_ends_with_its_parent(number):
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as parent:  # fmt: skip
        assert parent.stdout.readline() == b"preparing\n"
        children = psutil.Process(parent.pid).children()
        parent.send_signal(number)
        parent.wait(30)
        _, alive = psutil.wait_procs(children, timeout=30)
    assert children
    assert alive == []


def test_preloading_leaves_no_thread_no_connection_and_nothing_that_requests_would_copy():
    argv = [sys.executable, "-c", PRELOADED]
    left = subprocess.run(
        argv, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ).stdout
    variables, threads, connections = map(int, left.split())
    assert variables < 10
    assert (threads, connections) == (1, 0)
