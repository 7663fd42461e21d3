"""How often Python looks for garbage: a process that answers requests should not be stopped to look through itself."""

import gc

YOUNG = 5_000  # objects made and not yet gone, before the youngest are looked through


def settle_collection() -> None:
    """Leave out, from now on, what was made while starting: it stays as long as the process.

    Looking through all of it, modules, models and routes, takes a fifth of a second, several times a minute under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
