"""Numbered pages: in their order, read together, also when the list grows meanwhile."""

from threading import Barrier

from hypothesis import given
from hypothesis import strategies as st

from connectors import numbered


@given(pages=st.integers(1, 60))
def test_every_page_comes_once_and_in_order(pages: int) -> None:
    assert list(numbered.pages(lambda page: page, lambda *_: pages)) == [*range(1, pages + 1)]


def test_a_list_that_grows_while_it_is_read_is_read_to_its_new_end() -> None:
    ends = {1: 3, 2: 3, 3: 4, 4: 4}

    found = numbered.pages(lambda page: page, lambda page, _: ends[page])

    assert list(found) == [1, 2, 3, 4]


def test_a_list_whose_pages_only_tell_whether_there_is_one_more_is_read_to_its_end() -> None:
    found = numbered.pages(lambda page: page, lambda page, _: min(page + 1, 5))

    assert list(found) == [1, 2, 3, 4, 5]


def test_pages_behind_the_first_are_under_way_at_the_same_time() -> None:
    together = Barrier(numbered.SIDE_BY_SIDE, timeout=10)  # passed only by all of them at once

    def read(page: int) -> int:
        if page > 1:
            together.wait()
        return page

    pages = 1 + 2 * numbered.SIDE_BY_SIDE
    assert list(numbered.pages(read, lambda *_: pages)) == [*range(1, pages + 1)]
