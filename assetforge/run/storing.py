"""How many answers are stored and decoded at once; unaware of calls and of what an answer is."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from assetforge.model import Size
from assetforge.run.limits import Arrivals, Lane
from assetforge.run.purchase import Decoding

# Answers that are read at once, and their links fetched; two of them are decoded, of large ones (33 MB) one.
STORED_AT_ONCE = 4
DECODED_AT_ONCE = 2
# Answers on the disk that may wait while others come in: one burst of a usual size.
STORED_LATER = 48
LARGE_PIXELS = 4_000_000


class Storing:
    """A lane for answers that are on the disk, and the threads in which their pictures are decoded."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.lane = Lane(STORED_AT_ONCE)
        self._decoding = Decoding(pool, asyncio.Semaphore(DECODED_AT_ONCE))
        # In a thread of their own: each thread keeps the memory of the largest picture that it held.
        self._large = ThreadPoolExecutor(1)
        self._decoding_large = Decoding(self._large, asyncio.Semaphore(1))

    def decoding(self, size: Size) -> Decoding:
        """Where pictures of a size are decoded."""
        return self._decoding_large if size.width * size.height > LARGE_PIXELS else self._decoding

    async def give_way(self, arrivals: Arrivals) -> None:
        """Lets answers come in first, unless too many wait already."""
        if self.lane.waiting < STORED_LATER:
            await arrivals.give_way()

    def close(self) -> None:
        """Lets go of threads, when nothing runs any more."""
        self._large.shutdown(wait=False)
