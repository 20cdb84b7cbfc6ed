"""The trials of all vendors: one file each, or more for other settings, by the file's name."""

from importlib import import_module
from pkgutil import iter_modules

from tests.contracts.trial import Trial

TRIALS: dict[str, Trial] = {
    each.name: import_module(f"{__name__}.{each.name}").TRIAL for each in iter_modules(__path__)
}
