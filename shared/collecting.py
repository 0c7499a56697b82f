"""How often Python looks for cycles among a process's objects."""

import gc

_OBJECTS_BEFORE_COLLECTING = 50_000


async def collect_less() -> None:
    """What lives as long as the process is not looked at again, and a batch is not interrupted for its own objects.

    For services that work in batches: one makes tens of thousands of objects and no cycles, and at the usual threshold
    Python looks for cycles among them a hundred times. Called once, when everything is built.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING, 20, 50)
