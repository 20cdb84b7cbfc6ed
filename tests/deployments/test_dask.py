"""Where cores are the limit, a run spreads its clients over a Dask cluster."""

from collections import Counter

import pytest

from tests.deployments import workers

pytest.importorskip("prefect_dask", reason="the extra `dask` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_clients_carried_side_by_side_on_a_cluster_have_the_same_ledger() -> None:
    with workers.system() as system:
        in_turn, on_dask = (
            [system.has_client(f"{pool}_{number}", pool, applications=20) for number in range(3)]
            for pool in ("in_turn", "on_dask")
        )
        system.serves("in_turn", "on_dask")
        system.has_worker("in_turn")
        system.has_worker("on_dask", FULLCYCLE_DASK="local")

        system.ends(*[system.starts(pool) for pool in ("in_turn", "on_dask")])

        names = system.task_runs()
        for number in range(3):
            assert on_dask[number].story == in_turn[number].story
            assert on_dask[number].bought == Counter(on_dask[number].applications)
            assert names[f"on_dask_{number}"] == 1 and not names[f"in_turn_{number}"]
