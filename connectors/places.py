"""Which of the places a vendor knows is the one where somebody works."""

from collections.abc import Callable, Iterable, Mapping

from connectors.errors import Refused
from connectors.records import Place


def only_one(
    system: str,
    place: Place,
    known: Callable[[], Iterable[tuple[str, str, str]]],
    options: Mapping[str, str],
    called: str,
    vendor: str,
) -> str:
    """The vendor's reference of a place: what the setting `location:CODE` says, or the one there.

    known: reads reference, city and state of each, unless a setting makes that needless; a place
    without a state is found by city alone.
    called, vendor: what the vendor calls them, and its own name. Raises Refused.
    """
    setting = f"location:{place.code}"
    if named := options.get(setting):
        return named
    state = place.code.partition("-")[2].partition("-")[0]
    found = [
        reference
        for reference, city, its_state in known()
        if city.casefold() == place.city.casefold() and state in ("", its_state)
    ]
    if len(found) != 1:
        told = f"{len(found)} {called} in {place.city} ({place.code})"
        raise Refused(system, f"{told}: add it to {vendor} or set the option {setting!r}")
    return found[0]
