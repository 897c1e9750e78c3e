"""Right and wrong answers to 9.5."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def lstm_step(x, h, c, W, U, b):
    """The step that the exercise gives."""
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@bank.right
def one_pass_after_the_other(x, W, U, b, V, d, p, passes, generator=None):
    B, T, _ = x.shape
    H = U.shape[1]
    out = []
    for _ in range(passes):
        m = (torch.rand(B, H, generator=generator) > p).to(x.dtype) / (1 - p)
        h = torch.zeros(B, H, dtype=x.dtype)
        c = torch.zeros(B, H, dtype=x.dtype)
        for t in range(T):
            h, c = lstm_step(x[:, t], h * m, c, W, U, b)
        out.append(h @ V.T + d)
    return torch.stack(out)


@bank.right
def passes_in_the_batch(x, W, U, b, V, d, p, passes, generator=None):
    B = x.shape[0]
    many = x.repeat(passes, 1, 1)
    h = c = many.new_zeros(passes * B, U.shape[1])
    keep = torch.full_like(h, 1 - p)
    mask = torch.bernoulli(keep, generator=generator) / keep
    for x_t in many.unbind(1):
        h, c = lstm_step(x_t, mask * h, c, W, U, b)
    return F.linear(h, V, d).reshape(passes, B, -1)


@bank.right
def broadcast(x, W, U, b, V, d, p, passes, generator=None):
    m = torch.rand(passes, x.size(0), U.size(1), generator=generator, dtype=x.dtype).ge(p).to(x.dtype) / (
        1 - p
    )
    h, c = torch.zeros_like(m), torch.zeros_like(m)
    for t in range(x.size(1)):
        h, c = lstm_step(x[:, t], h * m, c, W, U, b)
    return h @ V.t() + d


@bank.right
def einsum(x, W, U, b, V, d, p, passes, generator=None):
    drop = torch.empty(x.shape[0], passes, U.shape[1], dtype=x.dtype).uniform_(generator=generator) < p
    m = torch.where(drop, 0.0, 1 / (1 - p)).to(x.dtype)
    h = c = torch.zeros_like(m)
    for t in range(x.shape[1]):
        h, c = lstm_step(x[:, t, None], h * m, c, W, U, b)
    return torch.einsum("bsh,kh->sbk", h, V) + d


def draw(sizes, p, generator, like):
    return (torch.rand(sizes, generator=generator) >= p).to(like.dtype) / (1 - p)


def run(x, W, U, b, V, d, m):
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    for x_t in x.unbind(1):
        h, c = lstm_step(x_t, h * m, c, W, U, b)
    return h @ V.T + d


@bank.wrong("mask-per-step")
def drawn_in_the_time_loop(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        h = c = x.new_zeros(x.shape[0], U.shape[1])
        for x_t in x.unbind(1):
            m = draw(h.shape, p, generator, x)
            h, c = lstm_step(x_t, h * m, c, W, U, b)
        out.append(h @ V.T + d)
    return torch.stack(out)


@bank.wrong("mask-per-step")
def dropout_function_in_the_loop(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        h = c = x.new_zeros(x.shape[0], U.shape[1])
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, F.dropout(h, p), c, W, U, b)
        out.append(F.linear(h, V, d))
    return torch.stack(out)


@bank.wrong("mask-per-step")
def masks_of_steps_shared_by_passes(x, W, U, b, V, d, p, passes, generator=None):
    masks = draw((x.shape[1], x.shape[0], U.shape[1]), p, generator, x)
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    for t, m in enumerate(masks):
        h, c = lstm_step(x[:, t], h * m, c, W, U, b)
    return (h @ V.T + d).expand(passes, -1, -1).clone()


@bank.wrong("one-mask-for-all-passes")
def drawn_before_the_passes(x, W, U, b, V, d, p, passes, generator=None):
    m = draw((x.shape[0], U.shape[1]), p, generator, x)
    return torch.stack([run(x, W, U, b, V, d, m) for _ in range(passes)])


@bank.wrong("one-mask-for-all-passes")
def one_mask_of_units(x, W, U, b, V, d, p, passes, generator=None):
    m = draw((U.shape[1],), p, generator, x)
    return torch.stack([run(x, W, U, b, V, d, m)] * passes)


@bank.wrong("one-mask-for-all-passes")
def repeated_mask(x, W, U, b, V, d, p, passes, generator=None):
    B = x.shape[0]
    m = draw((B, U.shape[1]), p, generator, x).repeat(passes, 1)
    return run(x.repeat(passes, 1, 1), W, U, b, V, d, m).view(passes, B, -1)


@bank.wrong("one-mask-for-batch")
def one_mask_a_pass(x, W, U, b, V, d, p, passes, generator=None):
    return torch.stack([run(x, W, U, b, V, d, draw((1, U.shape[1]), p, generator, x)) for _ in range(passes)])


@bank.wrong("one-mask-for-batch")
def mask_without_examples(x, W, U, b, V, d, p, passes, generator=None):
    masks = draw((passes, U.shape[1]), p, generator, x)
    return torch.stack([run(x, W, U, b, V, d, m) for m in masks])


@bank.wrong("units-share-draw")
def one_number_for_all_units(x, W, U, b, V, d, p, passes, generator=None):
    return torch.stack([run(x, W, U, b, V, d, draw((x.shape[0], 1), p, generator, x)) for _ in range(passes)])


@bank.wrong("dropout-off")
def in_evaluation_mode(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        h = c = x.new_zeros(x.shape[0], U.shape[1])
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, F.dropout(h, p, training=False), c, W, U, b)
        out.append(h @ V.T + d)
    return torch.stack(out)


@bank.wrong("dropout-off")
def mask_drawn_and_not_used(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        m = draw((x.shape[0], U.shape[1]), p, generator, x)
        h = c = torch.zeros_like(m)
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, h, c, W, U, b)
        out.append(h @ V.T + d)
    return torch.stack(out)


@bank.wrong("keep-probability")
def kept_with_p(x, W, U, b, V, d, p, passes, generator=None):
    m = (torch.rand(passes, x.shape[0], U.shape[1], generator=generator) < p).to(x.dtype) / (1 - p)
    return (
        torch.stack([run(x, W, U, b, V, d, its) for its in m]) if p else run_plain(x, W, U, b, V, d, passes)
    )


def run_plain(x, W, U, b, V, d, passes):
    return torch.stack([run(x, W, U, b, V, d, 1.0)] * passes)


@bank.wrong("no-rescale")
def zeros_and_ones(x, W, U, b, V, d, p, passes, generator=None):
    m = (torch.rand(passes, x.shape[0], U.shape[1], generator=generator) >= p).to(x.dtype)
    return torch.stack([run(x, W, U, b, V, d, its) for its in m])


@bank.wrong("wrong-scale")
def scaled_twice(x, W, U, b, V, d, p, passes, generator=None):
    m = draw((passes, x.shape[0], U.shape[1]), p, generator, x) / (1 - p)
    return torch.stack([run(x, W, U, b, V, d, its) for its in m])


@bank.wrong("mask-on-output")
def last_state_dropped(x, W, U, b, V, d, p, passes, generator=None):
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    for x_t in x.unbind(1):
        h, c = lstm_step(x_t, h, c, W, U, b)
    return torch.stack([(h * draw(h.shape, p, generator, x)) @ V.T + d for _ in range(passes)])


@bank.wrong("mask-on-output")
def logits_dropped(x, W, U, b, V, d, p, passes, generator=None):
    plain = run(x, W, U, b, V, d, 1.0)
    return torch.stack([plain * draw(plain.shape, p, generator, x) for _ in range(passes)])


@bank.wrong("masked-state-carried")
def the_state_itself_is_masked(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        m = draw((x.shape[0], U.shape[1]), p, generator, x)
        h = c = torch.zeros_like(m)
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, h, c, W, U, b)
            h = h * m
        out.append(h @ V.T + d)
    return torch.stack(out)


@bank.wrong("mask-on-input")
def the_input_is_masked(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        m = draw((x.shape[0], 1, x.shape[2]), p, generator, x)
        out.append(run(x * m, W, U, b, V, d, 1.0))
    return torch.stack(out)


@bank.wrong("mask-on-cell")
def the_cell_is_masked(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        m = draw((x.shape[0], U.shape[1]), p, generator, x)
        h = c = torch.zeros_like(m)
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, h, c * m, W, U, b)
        out.append(h @ V.T + d)
    return torch.stack(out)


@bank.wrong("state-not-reset")
def the_next_pass_goes_on(x, W, U, b, V, d, p, passes, generator=None):
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    out = []
    for _ in range(passes):
        m = draw(h.shape, p, generator, x)
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, h * m, c, W, U, b)
        out.append(h @ V.T + d)
    return torch.stack(out)


@bank.wrong("passes-averaged")
def mean_of_the_logits(x, W, U, b, V, d, p, passes, generator=None):
    return one_pass_after_the_other(x, W, U, b, V, d, p, passes, generator).mean(0)


@bank.wrong("passes-averaged")
def mean_of_the_probabilities(x, W, U, b, V, d, p, passes, generator=None):
    return broadcast(x, W, U, b, V, d, p, passes, generator).softmax(-1).mean(0)


@bank.wrong("probabilities-returned")
def softmax_at_once(x, W, U, b, V, d, p, passes, generator=None):
    return broadcast(x, W, U, b, V, d, p, passes, generator).softmax(-1)


@bank.wrong("probabilities-returned")
def log_softmax(x, W, U, b, V, d, p, passes, generator=None):
    return F.log_softmax(broadcast(x, W, U, b, V, d, p, passes, generator), dim=-1)


@bank.wrong("passes-batch-swapped")
def stacked_along_axis_1(x, W, U, b, V, d, p, passes, generator=None):
    return torch.stack(
        [run(x, W, U, b, V, d, draw((x.shape[0], U.shape[1]), p, generator, x)) for _ in range(passes)], dim=1
    )


@bank.wrong("generator-ignored")
def torchs_own_generator(x, W, U, b, V, d, p, passes, generator=None):
    return broadcast(x, W, U, b, V, d, p, passes)


@bank.wrong("same-mask-each-call")
def seeded_inside(x, W, U, b, V, d, p, passes, generator=None):
    own = torch.Generator().manual_seed(0)
    return broadcast(x, W, U, b, V, d, p, passes, own)


@bank.wrong("exact-count")
def as_many_each_time(x, W, U, b, V, d, p, passes, generator=None):
    n = passes * x.shape[0] * U.shape[1]
    flat = torch.ones(n, dtype=x.dtype)
    flat[torch.randperm(n, generator=generator)[: round(p * n)]] = 0
    m = flat.view(passes, x.shape[0], -1) / (1 - p)
    return torch.stack([run(x, W, U, b, V, d, its) for its in m])


@bank.wrong("one-mask-for-all-passes")
def seeded_at_each_pass(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        own = torch.Generator().manual_seed(1)
        out.append(run(x, W, U, b, V, d, draw((x.shape[0], U.shape[1]), p, own, x)))
    return torch.stack(out)


@bank.wrong()
def a_list_of_passes(x, W, U, b, V, d, p, passes, generator=None):
    return [run(x, W, U, b, V, d, draw((x.shape[0], U.shape[1]), p, generator, x)) for _ in range(passes)]


@bank.wrong()
def every_step_read_out(x, W, U, b, V, d, p, passes, generator=None):
    out = []
    for _ in range(passes):
        m = draw((x.shape[0], U.shape[1]), p, generator, x)
        h = c = torch.zeros_like(m)
        steps = []
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, h * m, c, W, U, b)
            steps.append(h @ V.T + d)
        out.append(torch.stack(steps, dim=1))
    return torch.stack(out)


@bank.wrong()
def steps_and_examples_exchanged(x, W, U, b, V, d, p, passes, generator=None):
    return one_pass_after_the_other(x.transpose(0, 1), W, U, b, V, d, p, passes, generator)


@bank.wrong()
def read_out_without_its_bias(x, W, U, b, V, d, p, passes, generator=None):
    return broadcast(x, W, U, b, V, 0 * d, p, passes, generator)


@bank.wrong("passes-averaged")
def one_pass_only(x, W, U, b, V, d, p, passes, generator=None):
    B, H = x.shape[0], U.shape[1]
    keep = torch.rand(B, H, generator=generator, dtype=x.dtype, device=x.device) >= p
    mask = keep.to(x.dtype) / (1 - p)
    h = torch.zeros_like(mask)
    c = torch.zeros_like(mask)
    for t in range(x.shape[1]):
        h, c = lstm_step(x[:, t], h * mask, c, W, U, b)
    return h @ V.T + d


@bank.wrong("passes-averaged")
def loop_over_passes_keeps_last(x, W, U, b, V, d, p, passes, generator=None):
    units = U.size(-1)
    probabilities = torch.full((x.size(0), units), 1 - p, dtype=x.dtype, device=x.device)
    for _ in range(passes):
        mask = torch.bernoulli(probabilities, generator=generator) / (1 - p)
        state = (x.new_zeros(x.size(0), units), x.new_zeros(x.size(0), units))
        for step in x.transpose(0, 1):
            state = lstm_step(step, state[0] * mask, state[1], W, U, b)
        logits = F.linear(state[0], V, d)
    return logits


@bank.wrong("state-and-cell-exchanged")
def passes_unpack_cell_first_all_at_once(x, W, U, b, V, d, p, passes, generator=None):
    B, T, _ = x.shape
    H = U.shape[1]
    mask = (torch.rand(passes, B, H, generator=generator, dtype=x.dtype, device=x.device) >= p).to(
        x.dtype
    ) / (1 - p)
    h = x.new_zeros(passes, B, H)
    c = x.new_zeros(passes, B, H)
    for t in range(T):
        c, h = lstm_step(x[:, t], h * mask, c, W, U, b)
    return h @ V.T + d


@bank.wrong("state-and-cell-exchanged")
def passes_unpack_cell_first_one_by_one(x, W, U, b, V, d, p, passes, generator=None):
    size = (x.size(0), U.size(1))
    results = []
    for _ in range(passes):
        m = (
            torch.empty(size, dtype=x.dtype, device=x.device)
            .bernoulli_(1 - p, generator=generator)
            .div(1 - p)
        )
        state, memory = x.new_zeros(size), x.new_zeros(size)
        for x_t in x.unbind(1):
            memory, state = lstm_step(x_t, m * state, memory, W, U, b)
        results.append(F.linear(state, V, d))
    return torch.stack(results)
