"""What every part's tests share."""

pytest_plugins = [
    "testing.mariadb",
    "testing.api",
    "testing.redis",
    "testing.browser",
    "testing.mail",
    "testing.smtp",
    "testing.suite",
    "testing.tls",
]
