"""The trials of all vendors: one file each, whose TRIAL is found here."""

from importlib import import_module
from pkgutil import iter_modules

from tests.contracts.trial import Trial

_MODULES = [import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__)]
TRIALS: dict[str, Trial] = {module.TRIAL.vendor: module.TRIAL for module in _MODULES}
