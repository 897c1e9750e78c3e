"""11.3 Dropped weights backwards."""

from __future__ import annotations

from torch import Tensor

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_11_inside_the_fast_layer.lstm_step_backward import Gradients
from recdrop_lessons.checks.lstm import step_cases
from recdrop_lessons.checks.misconceptions import Misconception


def weight_drop_backward(dz: Tensor, h: Tensor, U: Tensor, m_U: Tensor) -> Gradients:
    """The gradients of a product with dropped weights, z = h (U∘m)ᵀ.

    Args:
        dz: the gradient of z, (B, 4H).
        h: the old state, (B, H).
        U: the recurrent weights, (4H, H).
        m_U: their mask, (4H, H), scaled.

    Returns:
        A tuple of two gradients: of h (B, H) and of U (4H, H).
    """
    # z = h (U∘m)ᵀ:  dh = dz (U∘m),  dU = (dzᵀ h)∘m
    return dz @ (U * m_U), (dz.T @ h) * m_U


MISCONCEPTIONS = (
    Misconception(
        "mask-forgotten-in-u",
        "The gradient of U lacks the mask. A dropped weight took no part, so it gets no gradient; a kept one "
        "gets it scaled.",
        "Set one value of the mask to 0. Did this weight take part in z? What must its gradient be?",
        lambda dz, h, U, m_U: (dz @ (U * m_U), dz.T @ h),
    ),
    Misconception(
        "mask-forgotten-in-h",
        "The gradient of h goes back through all of U. It goes back through what multiplied h: the dropped "
        "weights, U∘m.",
        "Through which matrix did h reach z in the forward step?",
        lambda dz, h, U, m_U: (dz @ U, (dz.T @ h) * m_U),
    ),
    Misconception(
        "mask-forgotten",
        "You leave out the mask. z = h (U∘m)ᵀ, and both gradients contain it.",
        "Search your lines for m_U. How many gradients does the product with the dropped weights have?",
        lambda dz, h, U, m_U: (dz @ U, dz.T @ h),
    ),
    Misconception(
        "no-rescale",
        "You use the mask as yes or no. It is scaled, and the backward pass multiplies by the same mask.",
        "Print the mask. Which values does it hold, and what do you do with the larger one?",
        lambda dz, h, U, m_U: weight_drop_backward(dz, h, U, (m_U > 0).to(U.dtype)),
        lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) * (m_U > 0)),
        lambda dz, h, U, m_U: (dz @ (U * (m_U > 0)), (dz.T @ h) * m_U),
    ),
    Misconception(
        "mask-twice",
        "You multiply by the mask twice in one gradient. It stood once in the forward step.",
        "Count how many times the mask stands in the forward step and in your gradient of U.",
        lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) * m_U**2),
        lambda dz, h, U, m_U: (dz @ (U * m_U**2), (dz.T @ h) * m_U),
    ),
    Misconception(
        "weight-for-gradient",
        "You put U itself into its gradient. z is linear in U: dU = (dzᵀ h)∘m.",
        "Double U and keep h and dz. Should dU change?",
        lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) * U * m_U),
    ),
    Misconception(
        "gradient-transposed",
        "The gradient of U is transposed. It has U's own shape, (4H, H).",
        "Print the shape of your dU and compare it with U.",
        lambda dz, h, U, m_U: (dz @ (U * m_U), ((dz.T @ h) * m_U).T),
    ),
    Misconception(
        "mean-over-batch",
        "You divide by the number of examples. Every example uses the same U, so their gradients add up.",
        "Put the same example into the batch twice. Should dU stay, or double?",
        lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) * m_U / len(h)),
    ),
    Misconception(
        "outputs-swapped",
        "You return (dU, dh). The order is (dh, dU).",
        "Compare your return line with the docstring.",
        lambda dz, h, U, m_U: weight_drop_backward(dz, h, U, m_U)[::-1],
    ),
    Misconception(
        "mask-divided-out",
        "You divide by the mask in the gradient. z holds U∘m, so its gradient is multiplied by the same m.",
        "Set one value of the mask to 0 and divide by it. What happens?",
        lambda dz, h, U, m_U: (dz @ (U * m_U), ((dz.T @ h) / m_U).where(m_U > 0, 0.0)),
        lambda dz, h, U, m_U: (dz @ (U * m_U), (dz.T @ h) / m_U),
    ),
    Misconception(
        "mask-averaged",
        "You average the mask over its rows or columns. Each weight has its own value of the mask.",
        "Print the shape of the mask where you use it. Is it still that of U?",
        lambda dz, h, U, m_U: ((dz @ U) * m_U.mean(0), (dz.T @ h) * m_U),
        lambda dz, h, U, m_U: ((dz * m_U.mean(1)) @ U, ((dz * m_U.mean(1)).T @ h) * m_U),
        lambda dz, h, U, m_U: ((dz * m_U.mean(1)) @ U, (dz.T @ h) * m_U),
        lambda dz, h, U, m_U: ((dz * m_U.mean(1)) @ U, (dz * m_U.mean(1)).T @ h),
    ),
)


def weight_cases(draw: Draw) -> list[Case]:
    def arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Value]:
        given = {"dz": draw.normal(B, 4 * H), "h": draw.normal(B, H), "U": draw.normal(4 * H, H)}
        return given | {"m_U": draw.mask(4 * H, H)}

    return [Case(case.label, case.arguments) for case in step_cases(draw, arguments)]


PART = exact_part(
    "11.3",
    weight_drop_backward,
    points=15,
    hints=(
        "Two steps back: from z to the dropped weights and to h, then from the dropped weights to U.",
        "Call the dropped weights V, so that z is h times V transposed. What are the gradients of a plain "
        "product with respect to its two factors?",
        "dh goes back through V and not through U. V is U times the mask, element by element, so what "
        "reaches V reaches U times the mask.",
    ),
    cases=weight_cases,
    outputs=("gradient of h", "gradient of U"),
    misconceptions=MISCONCEPTIONS,
)
