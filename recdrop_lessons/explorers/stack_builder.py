"""Lesson 06: build a stack from blocks, and see the shapes flow along it, or break.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recdrop_lessons.explorers.frame import Choice, Control, Frame, Settings, Slider, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import svg
from recdrop_lessons.plots.style import BLUE, EMBER, GREEN, GREY, INK, PALE, PAPER, SKY

TITLE = "Shapes through a stack"
SLOTS = 4
Shape = tuple[int | None, ...]
RECURRENT = ("LSTM", "GRU", "Bidirectional")
BLOCKS = {
    "none": "nothing",
    "LSTM": "LSTM, last step",
    "LSTM_all": "LSTM, return_sequences=True",
    "GRU": "GRU, last step",
    "GRU_all": "GRU, return_sequences=True",
    "Bidirectional": "Bidirectional(LSTM), last step",
    "Bidirectional_all": "Bidirectional(LSTM), return_sequences=True",
    "Dense": "Dense(10)",
    "TimeDistributed": "TimeDistributed(Dense(10))",
    "RepeatVector": "RepeatVector(T)",
    "Dropout": "Dropout",
}
#: Named stacks: four blocks each.
STACKS: dict[str, tuple[str, str, str, str]] = {
    "error": ("LSTM", "LSTM", "Dense", "none"),
    "cured": ("LSTM_all", "LSTM", "Dense", "none"),
    "each step": ("LSTM_all", "LSTM_all", "TimeDistributed", "none"),
    "autoencoder": ("LSTM", "RepeatVector", "LSTM_all", "TimeDistributed"),
    "both ways": ("Bidirectional_all", "Bidirectional", "Dense", "none"),
}
STACK_NAMES = {
    "own": "my own stack",
    "error": "two LSTMs, as people first write them",
    "cured": "fixed: the first layer sends all steps",
    "each step": "an answer at each step",
    "autoencoder": "encoder and decoder",
    "both ways": "both directions",
}
CONTROLS: tuple[Control, ...] = (
    Choice("stack", "Stack", "error", STACK_NAMES),
    *(Choice(f"block{k + 1}", f"Block {k + 1}", STACKS["error"][k], BLOCKS) for k in range(SLOTS)),
    Slider("units", "Units", value=32, low=8, high=64, step=8),
    Slider("steps", "Steps T", value=5, low=2, high=12, step=1),
    Slider("features", "Features F", value=4, low=1, high=16, step=1),
)
CLASSES = 10  # of the Dense layers


@dataclass(frozen=True)
class Layer:
    """One layer of the flow: its block, what enters, what leaves, and why nothing does."""

    block: str
    enters: Shape
    leaves: Shape | None
    cause: str = ""
    cure: str = ""


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, settle, started(settings))


def started(given: Settings) -> Settings:
    """Complete what was given: a named stack alone brings its blocks, blocks name their stack."""
    named = given.get("stack", "own") in STACKS and not any(name.startswith("block") for name in given)
    blocks = {f"block{k + 1}": block for k, block in enumerate(STACKS[given["stack"]])} if named else {}
    return settle({}, complete(CONTROLS, {**blocks, **given}))


def settle(before: Settings, now: Settings) -> Settings:
    """A named stack brings its blocks; a changed block makes the stack one's own, or another named one."""
    if before.get("stack", now["stack"]) != now["stack"] and now["stack"] != "own":
        return now | {f"block{k + 1}": block for k, block in enumerate(STACKS[now["stack"]])}
    blocks = tuple(now[f"block{k + 1}"] for k in range(SLOTS))
    return now | {"stack": next((name for name, stack in STACKS.items() if stack == blocks), "own")}


def figure(**settings: Any) -> Frame:
    """Draw the blocks with the shapes between them; where one cannot take its input, say why, and the cure.

    Settings: `stack`, a key of `STACKS` or "own"; `block1` … `block4`, keys of `BLOCKS`; `units`, `steps`,
    `features`: the sizes. A block of the picture can be picked: it turns its return_sequences over.
    Raises `SettingsError` for a setting out of range.
    """
    s = started(settings)
    layers = flow([s[f"block{k + 1}"] for k in range(SLOTS)], s["units"], (None, s["steps"], s["features"]))
    broken = next((layer for layer in layers if layer.leaves is None), None)
    if broken is not None:
        at = layers.index(broken) + 1
        status = f"Breaks at block {at}, {BLOCKS[broken.block]}: {broken.cause} Cure: {broken.cure}"
    else:
        out = layers[-1].leaves if layers else (None, s["steps"], s["features"])
        assert out is not None
        status = f"The shapes fit: {written((None, s['steps'], s['features']))} becomes {written(out)}."
    said = "; ".join(f"{BLOCKS[la.block]}: {written(la.enters)} to {written(la.leaves)}" for la in layers)
    return Frame(
        svg.document(_sheet(layers, s), label=status, role="group"),
        alt=f"A stack of {len(layers)} blocks. {said}. {status}",
        status=status,
        numbers={"layers": layers, "broken": None if broken is None else layers.index(broken)},
    )


def flow(blocks: list[str], units: int, shape: Shape) -> list[Layer]:
    """Send a shape (B, T, F) through the blocks; stop at the first that cannot take it."""
    layers: list[Layer] = []
    steps = shape[1]
    for block in blocks:
        if block == "none":
            continue
        layer = _through(block, units, shape, steps, layers)
        layers.append(layer)
        if layer.leaves is None:
            break
        shape = layer.leaves
    return layers


def _through(block: str, units: int, shape: Shape, steps: int | None, before: list[Layer]) -> Layer:
    """One block: the shape that leaves it, or why it cannot take the one that enters."""
    name, every = block.removesuffix("_all"), block.endswith("_all")
    if name in RECURRENT:
        width = 2 * units if name == "Bidirectional" else units
        if len(shape) == 3:
            return Layer(block, shape, (shape[0], shape[1], width) if every else (shape[0], width))
        return Layer(
            block,
            shape,
            None,
            f"it runs over time and needs (B, T, F), but {written(shape)} came.",
            _cure(before),
        )
    if name == "Dense":
        return Layer(block, shape, (*shape[:-1], CLASSES))
    if name == "TimeDistributed":
        if len(shape) == 3:
            return Layer(block, shape, (*shape[:-1], CLASSES))
        return Layer(
            block,
            shape,
            None,
            f"it takes one step after another, but {written(shape)} has none.",
            _cure(before),
        )
    if name == "RepeatVector":
        if len(shape) == 2:
            return Layer(block, shape, (shape[0], steps, shape[1]))
        cure = "Leave it out, or let the layer before send its last step only: return_sequences=False."
        return Layer(
            block,
            shape,
            None,
            f"it repeats one vector per example, but {written(shape)} has time already.",
            cure,
        )
    return Layer(block, shape, shape)  # Dropout


def _cure(before: list[Layer]) -> str:
    """How to give the next block a sequence: at the recurrent block that ended it."""
    ended = next((k for k in reversed(range(len(before))) if len(before[k].enters) == 3), None)
    if ended is None:
        return "Put RepeatVector(T) before it."
    return f"Give block {ended + 1} return_sequences=True, or put RepeatVector(T) in between."


def written(shape: Shape | None) -> str:
    """A shape as one reads it: (B, 5, 32)."""
    return "nothing" if shape is None else f"({', '.join('B' if n is None else str(n) for n in shape)})"


WIDE, MIDDLE = 156, 100


def _sheet(layers: list[Layer], s: Settings) -> svg.Sheet:
    """The blocks from left to right, a drawing of the tensor on each arrow."""
    parts = [
        *_tensor(70, (None, s["steps"], s["features"])),
        svg.text(70, MIDDLE + 84, "input", size=15, fill=GREY),
    ]
    x = 130.0
    for k, layer in enumerate(layers):
        broken = layer.leaves is None
        colour = EMBER if broken else INK
        parts.append(svg.arrow([(x - 14, MIDDLE), (x + 6, MIDDLE)], width=3, stroke=colour))
        parts.append(_block(x + 6, k, layer, s, broken=broken))
        x += WIDE + 16
        if layer.leaves is None:
            cross = ([(x, MIDDLE - 22), (x + 44, MIDDLE + 22)], [(x, MIDDLE + 22), (x + 44, MIDDLE - 22)])
            parts += [svg.line(c, stroke=EMBER, width=8) for c in cross]
            break
        parts.append(svg.line([(x - 10, MIDDLE), (x, MIDDLE)], width=3))
        parts += _tensor(x + 44, layer.leaves)
        x += 104
    return svg.Sheet(1240, 200, tuple(parts))


def _block(x: float, k: int, layer: Layer, s: Settings, *, broken: bool) -> str:
    """One block's box; a recurrent one is a button that turns its return_sequences over."""
    name, every = layer.block.removesuffix("_all"), layer.block.endswith("_all")
    look: dict[str, Any] = (
        {"stroke": EMBER, "stroke_width": 4} if broken else {"stroke": INK, "stroke_width": 2}
    )
    lines = [
        name,
        {
            "RepeatVector": f"({s['steps']})",
            "Dense": f"({CLASSES})",
            "TimeDistributed": f"(Dense({CLASSES}))",
        }.get(name, ""),
    ]
    if name in RECURRENT:
        lines = [name, f"{s['units']} units", "sends all steps" if every else "sends the last"]
    parts = [svg.rect(x, MIDDLE - 62, WIDE - 6, 124, fill=PAPER, rx=8, **look)]
    for j, words in enumerate(line for line in lines if line):
        size = 15
        parts.append(
            svg.text(x + 72, MIDDLE - 22 + 26 * j, words, size=size, font_weight="bold" if j == 0 else None)
        )
    if broken:
        parts.append(svg.text(x + 72, MIDDLE + 84, "breaks here", size=16, fill=EMBER, font_weight="bold"))
    if name not in RECURRENT:
        return svg.group(*parts)
    slot = _slot(k, s)
    turned = name if every else f"{name}_all"
    says = f"Block {slot}, {BLOCKS[layer.block]}: turn return_sequences {'off' if every else 'on'}"
    button: dict[str, Any] = {"role": "button", "tabindex": 0, "aria_pressed": str(every).lower()}
    return svg.group(*parts, data_name=f"block{slot}", data_value=turned, aria_label=says, **button)


def _slot(k: int, s: Settings) -> int:
    """The number of the control behind the k-th block that is not empty."""
    return [j + 1 for j in range(SLOTS) if s[f"block{j + 1}"] != "none"][k]


def _tensor(x: float, shape: Shape) -> list[str]:
    """A tensor of one row of the batch: a column for each step, or one column; its shape below."""
    columns = shape[1] if len(shape) == 3 else 1
    assert columns is not None
    wide, fill = (min(9, 72 / columns), SKY) if len(shape) == 3 else (12, PALE)
    left = x - columns * wide / 2
    boxes = [(left + k * wide, MIDDLE - 36, wide - 1.5, 72) for k in range(columns)]
    words = svg.text(
        x, MIDDLE + 62, written(shape), size=15, fill=BLUE if len(shape) == 3 else GREEN, font_weight="bold"
    )
    return [svg.boxes(boxes, fill=fill, stroke=INK), words]
