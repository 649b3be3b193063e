"""What tests share; each kind of fixture stands in a module of its own."""

import signal

pytest_plugins = [
    "tests.kfp_server.plugin",
    "tests.made",
    "tests.s3_server",
    "tests.fault_proxy.plugin",
]

# What is started in the background ignores Ctrl-C, and so would what tests start and stop by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
