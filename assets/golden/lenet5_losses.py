"""Writes lenet5_losses.json: the losses of the first 50 steps of LeNet-5 in PyTorch, in float64, for tests/trajectory.rs.

    python assets/golden/lenet5_losses.py [FOLDER]

needs torch and numpy. FOLDER holds mnist/ with the four IDX files, gzipped; without it only the losses on mnist-mini are
written anew. Initial weights and the order of samples are those of seed 0: this file has Philox, the permutation and
the initial values of src/random.rs and src/net/init.rs once more, written from their definitions. The optimiser is the
default one (SGD, momentum 0.9, weight decay 5e-4), at a constant learning rate of 0.02: at the default of 0.05, PyTorch in
float32 is itself off by 1e-3 to 6e-3 from PyTorch in float64 within 50 steps, so no bound there would tell an error from
rounding.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
from torch.nn import functional

sys.dont_write_bytecode = True
from nets import LeNet5
from sets import MNIST, idx, rounded

HERE = Path(__file__).parent
STEPS, BATCH, SEED, LEARNING_RATE = 50, 128, 0, 0.02
INIT, SHUFFLE = 0, 1


def philox(counter, key):
    """Philox 4x32-10 on arrays of counters."""
    c = [numpy.asarray(word, dtype=numpy.uint64) for word in counter]
    k, low = list(key), numpy.uint64(0xFFFFFFFF)
    for _ in range(10):
        first, second = numpy.uint64(0xD2511F53) * c[0], numpy.uint64(0xCD9E8D57) * c[2]
        high = numpy.uint64(32)
        c = [(second >> high) ^ c[1] ^ numpy.uint64(k[0]), second & low, (first >> high) ^ c[3] ^ numpy.uint64(k[1]), first & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def words(stream, sub, indices):
    zeros = numpy.zeros_like(indices)
    key = (SEED & 0xFFFFFFFF, SEED >> 32)
    return philox((indices, zeros + sub, zeros, zeros + stream), key)


def unit(word):
    return ((word >> numpy.uint64(8)).astype(numpy.float64) + 0.5) / 2.0**24


def permutation(sub, count):
    order = list(range(count))
    low, high, *_ = words(SHUFFLE, sub, numpy.arange(count, dtype=numpy.uint64))
    draws = (high << numpy.uint64(32)) | low
    for i in range(count - 1, 0, -1):
        j = int(draws[i]) % (i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def normal(index, shape, deviation):
    count = int(numpy.prod(shape))
    four = words(INIT, index, numpy.arange((count + 3) // 4, dtype=numpy.uint64))
    columns = []
    for first, second in (four[:2], four[2:]):
        radius, angle = numpy.sqrt(-2.0 * numpy.log(unit(first))), 2.0 * numpy.pi * unit(second)
        columns += [radius * numpy.cos(angle), radius * numpy.sin(angle)]
    return (numpy.stack(columns, axis=1).ravel()[:count] * deviation).astype(numpy.float32).reshape(shape)


def uniform(index, shape, bound):
    count = int(numpy.prod(shape))
    four = words(INIT, index, numpy.arange((count + 3) // 4, dtype=numpy.uint64))
    values = (2.0 * unit(numpy.stack(four, axis=1).ravel()[:count]) - 1.0) * bound
    return values.astype(numpy.float32).reshape(shape)


def initialised():
    """Convolutions: normal, deviation sqrt(2/fan_out), bias 0. Linear layers: uniform within 1/sqrt(fan_in)."""
    model = LeNet5()
    with torch.no_grad():
        for index, (name, parameter) in enumerate(model.named_parameters()):
            layer, kind = name.split(".")
            weight, shape = getattr(model, layer).weight, tuple(parameter.shape)
            if layer.startswith("fc"):
                values = uniform(index, shape, 1.0 / numpy.sqrt(weight.shape[1]))
            elif kind == "bias":
                values = numpy.zeros(shape, dtype=numpy.float32)
            else:
                values = normal(index, shape, numpy.sqrt(2.0 / (weight.shape[0] * weight.shape[2] * weight.shape[3])))
            parameter.copy_(torch.from_numpy(values))
    return model


def sgd(model, learning_rate):
    """The default optimiser."""
    return torch.optim.SGD(model.parameters(), lr=rounded(learning_rate), momentum=rounded(0.9), weight_decay=rounded(5e-4))


def learn(model, optimiser, x, labels):
    """One step; the loss before it."""
    loss = functional.cross_entropy(model(x), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


def losses(folder, dtype):
    images = idx(folder, "train", MNIST)
    model = initialised().to(dtype)
    optimiser = sgd(model, LEARNING_RATE)
    per_epoch = len(images.labels) // BATCH
    result = []
    for step in range(STEPS):
        epoch, position = divmod(step, per_epoch)
        if position == 0:
            order = permutation(epoch, len(images.labels))
        batch = order[position * BATCH : (position + 1) * BATCH]
        result.append(learn(model, optimiser, *images.batch(batch, dtype)))
    return result


def main():
    sets = {"mnist-mini": HERE.parent / "mnist-mini"}
    if len(sys.argv) > 1:
        sets["mnist"] = Path(sys.argv[1]) / "mnist"
    path = HERE / "lenet5_losses.json"
    golden = json.loads(path.read_text()) if path.exists() else {}
    for name, folder in sets.items():
        golden[name] = losses(folder, torch.float64)
        single = losses(folder, torch.float32)
        deviation = max(abs(a / b - 1) for a, b in zip(single, golden[name]))
        print(f"{name}: {golden[name][0]:.6f} to {golden[name][-1]:.6f}; PyTorch's own float32 is off by up to {deviation:.1e}")
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
