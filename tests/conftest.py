"""What tests share; each kind of fixture stands in a module of its own."""

pytest_plugins = [
    "tests.kfp_server.plugin",
    "tests.made",
    "tests.s3_server",
    "tests.fault_proxy.plugin",
]
