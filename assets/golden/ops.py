"""Writes the goldens of the ops: what PyTorch computes in float64 from inputs that float32 holds exactly.

    python assets/golden/ops.py

needs torch, numpy and safetensors, and writes <op>.safetensors beside itself; tests/golden.rs reads them. Layouts are
PyTorch's (N·C·H·W and O·I·R·S). Every number that the ops take as f32, such as a momentum, is rounded to f32 here too.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional

sys.dont_write_bytecode = True
from sets import rounded

HERE = Path(__file__).parent
random = torch.Generator().manual_seed(20261121)


def drawn(*shape):
    return torch.randn(*shape, generator=random, dtype=torch.float32).double()


def save(op, cases):
    """Inputs are stored as float32, outputs as float64, each under case.name."""
    tensors = {}
    for case, (inputs, outputs) in cases.items():
        for name, value in inputs.items():
            small = value if value.dtype == torch.int32 else value.detach().float()
            assert torch.equal(small.double(), value.detach().double()), name
            tensors[f"{case}.{name}"] = small.contiguous()
        for name, value in outputs.items():
            tensors[f"{case}.{name}"] = value.detach().contiguous()
    save_file(tensors, HERE / f"{op}.safetensors")


def differentiated(function, inputs, dy):
    """Output and gradients of a differentiable function, and the gradient of the output that they belong to."""
    leaves = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    y = function(**leaves)
    y.backward(dy)
    outputs = {"y": y} | {f"d{name}": leaf.grad for name, leaf in leaves.items()}
    return inputs | {"dy": dy}, outputs


def conv2d():
    cases = {}
    for name, kernel, stride, pad in [("plain", 3, 1, 0), ("padded", 3, 1, 1), ("strided", 3, 2, 1), ("wide", 5, 2, 2)]:
        inputs = {"x": drawn(2, 2, 5, 6), "w": drawn(3, 2, kernel, kernel), "bias": drawn(3)}
        rows, columns = [(extent + 2 * pad - kernel) // stride + 1 for extent in (5, 6)]
        run = lambda x, w, bias: functional.conv2d(x, w, bias, stride, pad)
        inputs, outputs = differentiated(run, inputs, drawn(2, 3, rows, columns))
        geometry = torch.tensor([kernel, stride, pad], dtype=torch.int32)
        cases[name] = (inputs | {"geometry": geometry}, outputs)
    save("conv2d", cases)


def linear():
    inputs = {"x": drawn(4, 6), "w": drawn(5, 6), "bias": drawn(5)}
    save("linear", {"plain": differentiated(lambda x, w, bias: functional.linear(x, w, bias), inputs, drawn(4, 5))})


def max_pool():
    cases = {}
    for name, kernel, stride, pad in [("plain", 2, 2, 0), ("overlapping", 3, 2, 0), ("padded", 3, 2, 1), ("dense", 3, 1, 1)]:
        # Few different values, so that windows have ties; most below zero, so that padding would win if it were 0.
        x = torch.randint(-4, 1, (2, 3, 6, 7), generator=random).double()
        rows, columns = [(extent + 2 * pad - kernel) // stride + 1 for extent in (6, 7)]
        run = lambda x: functional.max_pool2d(x, kernel, stride, pad)
        inputs, outputs = differentiated(run, {"x": x}, drawn(2, 3, rows, columns))
        _, winner = functional.max_pool2d(x, kernel, stride, pad, return_indices=True)
        geometry = torch.tensor([kernel, stride, pad], dtype=torch.int32)
        cases[name] = (inputs | {"geometry": geometry}, outputs | {"winner": winner.int()})
    save("max_pool", cases)


def avg_pool():
    cases = {}
    for name, window, stride in [("plain", (2, 2), 2), ("overlapping", (3, 3), 2), ("global", (6, 7), 1)]:
        rows, columns = [(extent - side) // stride + 1 for extent, side in zip((6, 7), window)]
        run = lambda x: functional.avg_pool2d(x, window, stride)
        inputs, outputs = differentiated(run, {"x": drawn(2, 3, 6, 7)}, drawn(2, 3, rows, columns))
        cases[name] = (inputs | {"geometry": torch.tensor([*window, stride], dtype=torch.int32)}, outputs)
    save("avg_pool", cases)


def batch_norm():
    """Whole numbers in 16 rows: so float32 holds mean and variance exactly, and no rounding of theirs is compared."""
    cases, epsilon, momentum = {}, rounded(1e-5), rounded(0.1)
    for name, trains, fused in [("training", True, False), ("fused", True, True), ("evaluation", False, False)]:
        x = torch.randint(-4, 5, (2, 3, 2, 4), generator=random).double()
        inputs = {"x": x, "scale": drawn(3), "shift": drawn(3)} | ({"added": drawn(2, 3, 2, 4)} if fused else {})
        running = {"running_mean": drawn(3), "running_variance": drawn(3).abs()}
        after = {key: value.clone() for key, value in running.items()}

        def run(x, scale, shift, added=None):
            y = functional.batch_norm(x, *after.values(), scale, shift, trains, momentum, epsilon)
            return y if added is None else torch.relu(y + added)

        inputs, outputs = differentiated(run, inputs, drawn(2, 3, 2, 4))
        outputs |= {f"{key}_after": value for key, value in after.items()}
        outputs |= {"mean": x.mean((0, 2, 3)), "variance": x.var((0, 2, 3), correction=0)}
        cases[name] = (inputs | running, outputs)
    save("batch_norm", cases)


def cross_entropy():
    cases = {}
    for name, smoothing in [("hard", 0.0), ("smooth", 0.1)]:
        z = (4 * drawn(6, 10)).float().double().requires_grad_()
        labels = torch.randint(0, 10, (6,), generator=random)
        losses = functional.cross_entropy(z, labels, label_smoothing=rounded(smoothing), reduction="none")
        losses.mean().backward()
        hit = (z.argmax(dim=1) == labels).int()
        inputs = {"z": z, "labels": labels.int(), "smoothing": torch.tensor([rounded(smoothing)])}
        cases[name] = (inputs, {"loss": losses, "dz": z.grad, "hit": hit})
    save("cross_entropy", cases)


def update():
    """Three steps from the same parameters with three gradients; state is what the optimiser keeps."""
    rate, decay = rounded(0.1), rounded(0.01)
    momentum, betas, epsilon = rounded(0.9), (rounded(0.9), rounded(0.999)), rounded(1e-8)
    sgd = lambda **more: lambda w: torch.optim.SGD([w], lr=rate, weight_decay=decay, **more)
    optimisers = {
        "plain": (sgd(), ["momentum_buffer"]),
        "momentum": (sgd(momentum=momentum), ["momentum_buffer"]),
        "nesterov": (sgd(momentum=momentum, nesterov=True), ["momentum_buffer"]),
        "adam": (lambda w: torch.optim.Adam([w], lr=rate, betas=betas, eps=epsilon, weight_decay=decay), ["exp_avg", "exp_avg_sq"]),
    }
    # The same with another momentum in each step, as torch.optim.lr_scheduler.OneCycleLR sets it.
    optimisers |= {f"{name}-cycled": optimisers[name] for name in ("nesterov", "adam")}
    cycle = [rounded(momentum) for momentum in (0.95, 0.85, 0.9)]
    cases = {}
    for name, (make, state) in optimisers.items():
        start, gradients = drawn(32), drawn(3, 32)
        w = start.clone().requires_grad_()
        optimiser = make(w)
        outputs = {}
        for step, gradient in enumerate(gradients):
            w.grad = gradient.clone()
            if name.endswith("-cycled"):
                (group,) = optimiser.param_groups
                group["momentum"], group["betas"] = cycle[step], (cycle[step], betas[1])
            optimiser.step()
            outputs[f"w{step}"] = w.detach().clone()
            for slot, key in enumerate(state):
                kept = optimiser.state[w].get(key)
                if kept is not None:
                    outputs[f"state{slot}.{step}"] = kept.clone()
        cases[name] = ({"w": start, "dw": gradients}, outputs)
    save("update", cases)


def clip():
    """Gradients of two parameters, whose norm is one; a small limit, and one that is above the norm."""
    cases = {}
    for name, norm in [("large", 0.5), ("small", 100.0)]:
        inputs = {"a": drawn(32), "b": drawn(64)}
        parameters = [torch.nn.Parameter(torch.zeros_like(value)) for value in inputs.values()]
        for parameter, gradient in zip(parameters, inputs.values()):
            parameter.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_(parameters, norm)
        outputs = {f"d{key}": parameter.grad for key, parameter in zip(inputs, parameters)}
        cases[name] = (inputs | {"norm": torch.tensor([norm])}, outputs)
    save("clip", cases)


# One that changes its draws changes those of all behind it.
for write in (conv2d, linear, max_pool, cross_entropy, update, clip, avg_pool, batch_norm):
    write()
