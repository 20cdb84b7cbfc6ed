"""Vendors that other installed packages bring: each names its declaration as an entry point.

No package can harm what is there. What does not load, is no declaration, is of no kind we know, or
would take the place of another vendor is left out, and the log names it.
"""

import logging
import re
from collections.abc import Collection, Mapping
from importlib.metadata import EntryPoint, entry_points

from connectors.errors import Misconfigured
from connectors.vendor import Vendor

GROUP = "fullcycle.connectors"
NAME = re.compile("[a-z][a-z0-9_]*")  # it is part of addresses, of blocks, of the ledger's keys
NO_VENDORS = {"forms", "ledger"}  # but systems of ours

log = logging.getLogger(__name__)


def brought(
    kinds: Collection[str], known: Collection[str]
) -> tuple[Mapping[str, Vendor], Mapping[str, str]]:
    """The vendors of other packages by name, and by the entry point's what was left out, and why.

    `kinds`: those there are; `known`: the names of all vendors of ours, of any kind.
    """
    vendors: dict[str, Vendor] = {}
    left_out: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        try:
            vendors[point.name] = _loaded(point, kinds, {*known, *vendors, *NO_VENDORS})
        except Misconfigured as failure:
            package = point.dist.name if point.dist else point.module
            left_out[point.name] = f"{failure.what}; mend or uninstall the package {package}"
            log.warning("connector %s is left out: %s", point.name, left_out[point.name])
    return vendors, left_out


def _loaded(point: EntryPoint, kinds: Collection[str], taken: Collection[str]) -> Vendor:
    """A package's declaration; raises Misconfigured."""
    if point.name in taken:
        raise Misconfigured(point.name, "there is another of this name already")
    if not NAME.fullmatch(point.name):
        raise Misconfigured(point.name, "its name is not of lower case, digits and underscores")
    try:
        vendor = point.load()
    except Exception as failure:  # whatever somebody else's code does when it is imported
        told = f"{type(failure).__name__}: {failure}"
        raise Misconfigured(point.name, f"{point.value} cannot be imported ({told})") from failure
    if not isinstance(vendor, Vendor):
        raise Misconfigured(point.name, f"{point.value} is no connectors.vendor.Vendor")
    if vendor.name != point.name:
        raise Misconfigured(point.name, f"{point.value} calls itself {vendor.name!r}")
    if vendor.kind not in kinds:
        known = ", ".join(kinds)
        raise Misconfigured(point.name, f"there is no kind {vendor.kind!r}, only {known}")
    return vendor
