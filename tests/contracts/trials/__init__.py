"""The trials of all vendors: one file each, or more for other settings, by the file's name.

A package of its own names its trial as an entry point of the group `fullcycle.trials`.
"""

from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from tests.contracts.trial import Trial

TRIALS: dict[str, Trial] = {
    **{
        each.name: import_module(f"{__name__}.{each.name}").TRIAL for each in iter_modules(__path__)
    },
    **{point.name: point.load() for point in entry_points(group="fullcycle.trials")},
}
