"""What Keras's layers do with dropout: all its probes in reading order, and the release that is asked."""

from __future__ import annotations

from importlib.metadata import version

from . import (
    keras_cells,
    keras_compiled,
    keras_convolution,
    keras_layers,
    keras_paths,
    keras_predict,
    keras_sharing,
    keras_sites,
    keras_wrapped,
)
from .asking import Probes
from .keras_reading import keras

PROBES = Probes(
    [
        *keras_sites.PROBES,
        *keras_sharing.PROBES,
        *keras_wrapped.PROBES,
        *keras_convolution.PROBES,
        *keras_compiled.PROBES,
        *keras_paths.PROBES,
        *keras_cells.PROBES,
        *keras_layers.PROBES,
        *keras_predict.PROBES,
    ]
)


def about() -> dict[str, str]:
    """Release and backend of the Keras that is asked."""
    backend = keras.backend.backend()
    return {"release": keras.__version__, "backend": backend, "backend_release": _installed(backend)}


def _installed(package: str) -> str:
    try:
        return version(package).partition("+")[0]
    except ImportError:
        return version(f"{package}_cpu")
