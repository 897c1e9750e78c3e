"""recdrop_lessons: what dropout in recurrent and graph networks really does, in code that can be read.

One algebra, site × sharing × noise × fill, says every method of the course; see `drops` and `variants`.
"""

from recdrop_lessons.support.lazy import attach as _attach

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _attach(__name__, __file__)


def load_ipython_extension(shell: object) -> None:
    """`%load_ext recdrop_lessons`: a lesson runs where Keras or PyTorch Geometric is not installed."""
    from recdrop_lessons.frameworks import absent
    from recdrop_lessons.support import quiet

    absent.turn_on(shell)
    quiet.turn_on()
