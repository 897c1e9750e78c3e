"""Which explorer shows a wrong idea, and at which settings: the masks, sites and shapes that were built.

An explorer shows what was done, not what is meant, so its link may stand in the first feedback.
"""

from __future__ import annotations

from typing import Any

from recdrop_lessons.checks.parts import Part, PictureData


def explorer(name: str, words: str, /, **settings: Any) -> PictureData:
    """The link of a picture to an explorer: its module's name, what is seen there, its settings."""
    return {"explorer": name, "settings": settings, "words": words}


_ON_CELL = explorer("where", "the mask on the whole cell, as in Moon's method", row="moon")
_ON_HIDDEN = explorer(
    "where", "the mask on h, carried to the next step and sent up", row="own", site="hidden", per_gate=False
)
_X_ALONE = explorer("where", "the input's mask alone, as Keras's `dropout` has it", row="keras_dropout")
_H_ALONE = explorer("where", "the mask on h as the gates read it", row="keras_recurrent")
_NO_MASK = explorer("where", "the same LSTM without any mask", row="none")
_NO_SCALE = explorer("noisy_sum", "what the mean becomes without the scale 1/(1-p)", inverted=False)
_FIRST_GATE = explorer(
    "masks_over_time", "one mask for all four gates", site="recurrent", gates=True, time=True
)
_LAST_STEP = explorer("stack_builder", "a layer that sends its last step alone", stack="error")

#: By a misconception's name; by its lesson and its name where another lesson means something else by it.
SEEN_IN = {
    "mask-on-cell": _ON_CELL,
    "mask-on-candidate": explorer("where", "the mask on the candidate, Semeniuta's", row="semeniuta"),
    "mask-on-output": explorer(
        "where", "a mask on what goes up alone", row="own", site="output", per_gate=False
    ),
    "mask-on-hidden": _ON_HIDDEN,
    "masked-state-carried": _ON_HIDDEN,
    "mask-on-recurrence": _H_ALONE,
    "03/mask-on-recurrence": _ON_HIDDEN,
    "own-next-step-masked": _H_ALONE,
    "mask-on-input": _X_ALONE,
    "units-not-weights": _H_ALONE,
    "state-mask-forgotten": _X_ALONE,
    "input-mask-forgotten": _H_ALONE,
    "masks-forgotten": _NO_MASK,
    "mask-forgotten": _NO_MASK,
    "zoneout-for-dropout": explorer("where", "old values that are kept: zoneout", row="zoneout"),
    "one-mask-for-all-gates": _FIRST_GATE,
    "mask-of-first-example": explorer("masks_over_time", "one mask for all examples", batch=True, time=True),
    "03/one-mask-for-all-steps": explorer("masks_over_time", "one mask for all steps", time=True),
    "02/no-rescale": _NO_SCALE,
    "scale-lost": _NO_SCALE,
    "return-sequences-inverted": _LAST_STEP,
    "return-sequences-ignored": _LAST_STEP,
    "return-sequences-wrong-layer": _LAST_STEP,
    "08/masks-forgotten": explorer(
        "graph", "a graph layer without dropout", p_attention=0.0, p_input=0.0, p_projected=0.0
    ),
    "attention-mask-forgotten": explorer(
        "graph", "features dropped, the coefficients as they were", p_attention=0.0, p_input=0.5
    ),
    "feature-mask-forgotten": explorer(
        "graph", "coefficients dropped, the features as they were", p_attention=0.5, p_input=0.0
    ),
    "projection-mask-forgotten": explorer(
        "graph", "the projected features as they were", p_attention=0.5, p_input=0.5, p_projected=0.0
    ),
    "attention-renormalised": explorer(
        "graph", "the sums of dropped coefficients at each node", p_attention=0.5
    ),
}


def seen_in(part: Part, slug: str | None, picture: PictureData | None) -> PictureData | None:
    """The picture with its link to an explorer: its own, or else the one for that misconception."""
    lesson = f"{int(part.number.split('.')[0]):02}"
    link = SEEN_IN.get(f"{lesson}/{slug}") or SEEN_IN.get(slug or "")
    if not link or (picture and "explorer" in picture):
        return picture
    return (picture or {}) | link
