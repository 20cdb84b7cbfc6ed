"""Lists whose pages have numbers: once it is known how many there are, they are read together."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
SIDE_BY_SIDE = 16  # at 50 ms a page one comes every 3 ms, sooner than its rows are landed


def pages(read: Callable[[int], T], last: Callable[[int, T], int]) -> Iterator[T]:
    """Yield a list's pages, from 1 on and in their order, read side by side from the second on.

    last: which page is the last one, as the page of this number tells; a list may grow meanwhile.
    """
    page = read(1)
    yield page
    done = 1
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        while (end := last(done, page)) > done:
            coming = (threads.submit(read, number) for number in range(done + 1, end + 1))
            under_way = deque(islice(coming, SIDE_BY_SIDE))
            while under_way:
                page = under_way.popleft().result()
                under_way += islice(coming, 1)
                yield page
            done = end
