"""Writes criteria.safetensors for tests/criteria.rs: which weights of the networks of conv_nets.py a criterion keeps of the
initial ones, by PyTorch in float64.

    python assets/golden/criteria.py

needs torch, numpy and safetensors. A tensor is named NETWORK.CRITERION: one bit for each weight of convolutions and linear
layers, and for snip_with_biases each bias of theirs, in the order of files, lowest first. A tenth is kept, all layers
ranked together.
"""

import copy
import sys

import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

sys.dont_write_bytecode = True
from conv_nets import BATCH, NETS, initialise
from lenet5_losses import HERE, permutation
from sets import MNIST, idx

KEPT = 0.1
DEPTH, WIDTH = 18, 128
PARTS = 10


def deep():
    """A network whose flow exceeds 2^40, with biases."""
    widths = [28 * 28] + DEPTH * [WIDTH]
    pairs = [part for sizes in zip(widths, widths[1:]) for part in (nn.Linear(*sizes), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *pairs, nn.Linear(WIDTH, 10))


def snip(model, weights, x, labels):
    """|w dL/dw|, batch norms by their running statistics."""
    gradients = torch.autograd.grad(functional.cross_entropy(model.eval()(x), labels), weights)
    return [(weight * gradient).abs() for weight, gradient in zip(weights, gradients)]


def synflow(model, weights, x, labels):
    """|w dR/dw| of the network with absolute parameters and an image of ones, in parts."""
    model.eval()
    with torch.no_grad():
        for value in model.state_dict().values():
            value.abs_() if value.is_floating_point() else value
    ones = torch.ones_like(x[:1])
    total = sum(weight.numel() for weight in weights)
    alive = torch.ones(total, dtype=torch.bool)
    for part in range(1, PARTS + 1):
        gradients = torch.autograd.grad(model(ones).sum(), weights)
        scores = torch.cat([(w * g).abs().flatten() for w, g in zip(weights, gradients)]).detach()
        scores[~alive] = -1
        count = round(total * KEPT ** (part / PARTS))
        alive = torch.zeros(total, dtype=torch.bool)
        alive[highest(scores, count)] = True
        with torch.no_grad():
            for weight, mask in zip(weights, alive.split([weight.numel() for weight in weights])):
                weight *= mask.view_as(weight)
    return [alive.double()]


def grasp(model, weights, x, labels):
    """w (H g) by differentiating twice, batch norms by the batch, nothing dropped, outputs divided by 200; of twice as many
    images as the others, a half of the classes after the other."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    halves = range(0, len(labels), BATCH)
    order = torch.argsort(labels, stable=True)

    def gradients(first, **options):
        half = order[first : first + BATCH]
        loss = functional.cross_entropy(model(x[half]) / 200, labels[half])
        return torch.autograd.grad(loss, weights, **options)

    direction = [sum(parts) for parts in zip(*map(gradients, halves))]
    products = [0] * len(weights)
    for first in halves:
        along = sum((d * g).sum() for d, g in zip(direction, gradients(first, create_graph=True)))
        products = [p + h for p, h in zip(products, torch.autograd.grad(along, weights))]
    return [weight * product for weight, product in zip(weights, products)]


def highest(scores, count):
    """Their positions, earlier ones first where they are equal."""
    return numpy.argsort(-scores.numpy(), kind="stable")[:count].copy()


def kept(scores):
    scores = torch.cat([score.detach().flatten() for score in scores])
    mask = numpy.zeros(len(scores), dtype=numpy.uint8)
    mask[highest(scores, round(KEPT * len(scores)))] = 1
    return torch.from_numpy(numpy.packbits(mask, bitorder="little"))


def main():
    images = idx(HERE.parent / "mnist-mini", "train", MNIST)
    order = permutation(0, len(images.labels))
    batch = images.batch(order[:BATCH], torch.float64)
    two = images.batch(order[: 2 * BATCH], torch.float64)
    masks = {}
    for name, make in {**NETS, "deep": deep}.items():
        model = make()
        initialise(model)
        model = model.double()
        for criterion, data in [(grasp, two), (snip, batch), (synflow, batch)]:
            if name != "deep" or criterion == synflow:
                fresh = copy.deepcopy(model)
                weights = [weight for weight in fresh.parameters() if weight.dim() > 1]
                masks[f"{name}.{criterion.__name__}"] = kept(criterion(fresh, weights, *data))
        layers = [own for own in model.modules() if isinstance(own, (nn.Conv2d, nn.Linear))]
        weights = [value for layer in layers for value in layer.parameters()]
        if name in ("vgg-narrow", "deep"):
            masks[f"{name}.snip_with_biases"] = kept(snip(model, weights, *batch))
    save_file(masks, HERE / "criteria.safetensors")


if __name__ == "__main__":
    main()
