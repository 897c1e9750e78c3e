"""X-ray of your own model: where it drops, and what is wrong.

    from recdrop_lessons import xray
    report = xray(model, example)
    print(report)

`recdrop_lessons.xray` is this package and can be called: a function of the same name would hide the package,
or the package the function, by which of the two is imported first.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from recdrop_lessons.xray.xrayed import XrayReport

__all__ = ["assert_drops", "xray"]


def xray(model: nn.Module, example: object, *, axes: str | None = None, mc: bool = False) -> XrayReport:
    """Report where a model drops, and what is wrong.

    The model runs a few times in training and in evaluation. Afterwards it is as before, and so are all
    generators.

    `example`: a tensor, a tuple of positional inputs, or a dictionary of keyword inputs.
    `axes`: the axes of the example's main tensor, such as "B,T,F", if they cannot be found.
    `mc`: dropout is on in evaluation on purpose.
    Raises `XrayError` if the model does not run on the example.
    """
    from recdrop_lessons.xray import of_keras
    from recdrop_lessons.xray.judging import Evidence
    from recdrop_lessons.xray.passes import run, with_weights
    from recdrop_lessons.xray.xrayed import report_on

    if of_keras.is_keras(model):
        return report_on(of_keras.look(model, example, axes, mc))
    model = getattr(model, "_orig_mod", model)  # what torch.compile has wrapped
    model = with_weights(model, example)
    return report_on(Evidence(model, run(model, example, axes), mc))


def assert_drops(
    model: nn.Module,
    example: object,
    *,
    axes: str | None = None,
    mc: bool = False,
    fail_on: tuple[str, ...] = ("error",),
) -> XrayReport:
    """Raise AssertionError, with the report, if a model drops nothing or has a finding of these severities.

    The other arguments are those of `xray`. Returns the report.
    """
    report = xray(model, example, axes=axes, mc=mc)
    if any(finding.severity in fail_on for finding in report.findings):
        raise AssertionError(f"The model has faults.\n{report}")
    if not report.rows():
        raise AssertionError(f"The model drops nothing.\n{report}")
    return report


class _CallablePackage(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> XrayReport:
        return xray(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
