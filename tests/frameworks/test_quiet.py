"""A framework's words about its own code stay out of a lesson; a learner's own line is still warned of."""

import warnings

import pytest

from recdrop_lessons.support import quiet


@pytest.mark.parametrize(
    ("module", "category", "said"),
    [
        ("torch.jit._script", FutureWarning, 0),
        ("keras", DeprecationWarning, 0),
        ("torch.jit._script", UserWarning, 1),
        ("torchaudio", FutureWarning, 1),
        ("__main__", FutureWarning, 1),
    ],
)
def test_who_is_heard(module: str, category: type[Warning], said: int) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        quiet.turn_on()
        warnings.warn_explicit("This will go.", category, "some.py", 1, module=module)
    assert len(heard) == said
