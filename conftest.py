"""What every part's tests share."""

import signal

pytest_plugins = [
    "testing.mariadb",
    "testing.api",
    "testing.redis",
    "testing.services",
    "testing.browser",
    "testing.index",
    "testing.mail",
    "testing.passkeys",
    "testing.smtp",
    "testing.suite",
    "testing.tls",
    "testing.balancer",
    "testing.proxies",
    "testing.wheels",
    "testing.chance",
    "testing.galera",
    "testing.line",
    "testing.order",
    "testing.webhooks",
]

# Started in the background, a run is told to ignore Ctrl-C, and so would be every program that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
