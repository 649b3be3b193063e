"""What tests share; each kind of fixture stands in a module of its own."""

pytest_plugins = ["tests.made", "tests.s3_server"]
