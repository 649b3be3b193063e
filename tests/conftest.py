"""What tests share; each kind of fixture stands in a module of its own."""

import os
import signal

# Before torch and numpy are imported, and for every process that a test starts: the processes of
# `pytest -n` share the cores, and threads that wait for each other there cost more than they give.
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = [
    "tests.composed",
    "tests.kfp_server.plugin",
    "tests.kubernetes_server.plugin",
    "tests.made",
    "tests.s3_server",
    "tests.fault_proxy.plugin",
]

# What is started in the background ignores Ctrl-C, and so would what tests start and stop by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
