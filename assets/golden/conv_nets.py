"""Writes conv_nets.json and NAME.safetensors of three networks after 20 steps in PyTorch, in float64, for
tests/conv_trajectory.rs.

    python assets/golden/conv_nets.py

needs torch, numpy and safetensors. Initial weights and the order of samples are those of seed 0, as in lenet5_losses.py;
the optimiser is the default one at a constant learning rate.
"""

import json
import sys

import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

sys.dont_write_bytecode = True
from lenet5_losses import HERE, learn, normal, permutation, sgd, uniform
from nets import ResNet, Vgg, module, threes
from sets import MNIST, idx

# At ten times this rate PyTorch in float32 is itself off by 1e-2 from float64 within 20 steps: batch norm of small batches
# and ReLUs make rounding grow. At this one, figures tell an error from rounding.
STEPS, BATCH, LEARNING_RATE = 20, 64, 0.0005


def vgg_narrow():
    head = nn.Sequential(nn.Linear(9 * 32, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))
    return Vgg(1, threes((8, 1), (16, 2), (32, 2)), 3, True, head)


NETS = {
    "resnet-18-narrow": lambda: ResNet(1, 8, [2, 2, 2, 2], 10),
    "resnet-20": lambda: module("resnet-20", 1, 10),
    "vgg-narrow": vgg_narrow,
}


def parameters(model):
    """What files hold, in their order: parameters and running statistics."""
    return [(name, value) for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")]


def initialise(model):
    """Convolutions: normal, deviation sqrt(2/fan_out), bias 0. Linear layers: uniform within 1/sqrt(fan_in)."""
    values = parameters(model)
    with torch.no_grad():
        for index, (name, value) in enumerate(values):
            shape, module = tuple(value.shape), model.get_submodule(name.rpartition(".")[0])
            if isinstance(module, nn.Linear):
                new = uniform(index, shape, 1.0 / numpy.sqrt(module.in_features))
            elif isinstance(module, nn.Conv2d) and name.endswith("weight"):
                new = normal(index, shape, numpy.sqrt(2.0 / (shape[0] * shape[2] * shape[3])))
            elif isinstance(module, nn.Conv2d):
                new = numpy.zeros(shape, dtype=numpy.float32)
            else:
                continue
            value.copy_(torch.from_numpy(new))


def norm(values):
    return sum(float((value.double() ** 2).sum()) for value in values) ** 0.5


def run(make, dtype):
    images = idx(HERE.parent / "mnist-mini", "train", MNIST)
    model = make()
    initialise(model)
    model = model.to(dtype)
    optimiser = sgd(model, LEARNING_RATE)
    order, losses = permutation(0, len(images.labels)), []
    for step in range(STEPS):
        batch = order[step * BATCH : (step + 1) * BATCH]
        losses.append(learn(model, optimiser, *images.batch(batch, dtype)))
    return losses, dict(parameters(model)), evaluated(model.eval(), dtype)


def evaluated(model, dtype):
    """The loss on the training images whose places in the files are below 1000."""
    x, labels = idx(HERE.parent / "mnist-mini", "train", MNIST).batch(slice(1000), dtype)
    with torch.no_grad():
        return functional.cross_entropy(model(x), labels).item()


def main():
    golden = {}
    for name, make in NETS.items():
        losses, weights, loss = run(make, torch.float64)
        golden[name] = {"losses": losses, "evaluated": loss}
        save_file({key: value.float().contiguous() for key, value in weights.items()}, HERE / f"{name}.safetensors")
        single, single_weights, single_loss = run(make, torch.float32)
        deviation = max(abs(a / b - 1) for a, b in zip(single, losses))
        off = norm(single_weights[key].double() - weights[key] for key in weights) / norm(weights.values())
        print(f"{name}: {losses[0]:.4f} to {losses[-1]:.4f}, evaluated {loss:.4f}")
        print(f"  PyTorch's own float32: losses off by {deviation:.1e}, weights by {off:.1e}, evaluated by {abs(single_loss / loss - 1):.1e}")
    (HERE / "conv_nets.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
