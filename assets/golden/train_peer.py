"""Trains in PyTorch by the recipe of a run of wgprune: its rates, its mask updates, its batch size and its changes of
images, but PyTorch's own initial weights, random numbers and kernels.

    python assets/golden/train_peer.py RUN SEED

needs torch, numpy and safetensors. Of augmentation it knows crop and flip, of pruning one ranking of all magnitudes, of
optimisers SGD. What was removed stays 0, and its velocity too. RUN's data are the files of MNIST, gzipped, or the binary
files of CIFAR-10.
"""

import json
import sys
import time
import tomllib
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional

sys.dont_write_bytecode = True
from nets import module
from sets import of_folder, refuse_unknown


def initialise(model):
    """Convolutions: normal, deviation sqrt(2/fan_out), bias 0. Linear layers: as PyTorch has them."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def changed(pixels, data, random):
    """Random crops of these images with a black margin, and half of them mirrored."""
    margin, (count, _, height, width) = data["crop"], pixels.shape
    padded = numpy.pad(pixels, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    corners = random.integers(0, 2 * margin + 1, (count, 2))
    mirrored = random.integers(0, 2, count) * int(data["flip"])
    result = numpy.empty_like(pixels)
    for i, (row, column) in enumerate(corners):
        taken = padded[i, :, row : row + height, column : column + width]
        result[i] = taken[..., ::-1] if mirrored[i] else taken
    return result


def accuracy(model, images):
    model.eval()
    with torch.no_grad():
        starts = range(0, len(images.labels), 500)
        pairs = (images.batch(slice(start, start + 500), torch.float32) for start in starts)
        right = sum(int((model(x).argmax(1) == labels).sum()) for x, labels in pairs)
    model.train()
    return right / len(images.labels)


def prune(weights, masks, keep, optimiser):
    """Keeps the largest of all magnitudes that are left."""
    left = torch.cat([(weight.detach().abs() * mask).flatten() for weight, mask in zip(weights, masks)])
    threshold = left.kthvalue(len(left) - keep + 1).values
    for weight, mask in zip(weights, masks):
        mask *= (weight.detach().abs() * mask >= threshold).float()
    apply(weights, masks, optimiser)


def apply(weights, masks, optimiser):
    with torch.no_grad():
        for weight, mask in zip(weights, masks):
            weight *= mask
            velocity = optimiser.state[weight].get("momentum_buffer")
            if velocity is not None:
                velocity *= mask


def main():
    run, seed = Path(sys.argv[1]), int(sys.argv[2])
    config = tomllib.loads((run / "config.toml").read_text())
    refuse_unknown(config, ["data.crop", "data.flip", "train.label_smoothing", "prune.method"])
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    folder = Path(config["data"]["name"])
    train, test = of_folder(folder)
    torch.manual_seed(seed)
    random = numpy.random.default_rng(seed)
    model = module(config["model"], train.pixels.shape[1], 10)
    initialise(model)
    model = model.to(memory_format=torch.channels_last)
    own, batch = config["optimiser"], config["train"]["batch"]
    optimiser = torch.optim.SGD(
        model.parameters(), lr=1, momentum=own["momentum"], weight_decay=own["weight_decay"], nesterov=own["nesterov"]
    )
    weights = [value for value in model.parameters() if value.dim() > 1]
    masks = [torch.ones_like(weight) for weight in weights]
    per_epoch, start, losses = len(train.labels) // batch, time.time(), []
    for row in rows:
        if row["event"] == "prune":
            prune(weights, masks, sum(row["kept"].values()), optimiser)
        if row["event"] != "step":
            continue
        epoch, position = divmod(row["step"], per_epoch)
        if position == 0:
            order = random.permutation(len(train.labels))
        places = order[position * batch : (position + 1) * batch]
        pixels = changed(train.pixels[places], config["data"], random)
        x, labels = train.normalised(pixels, torch.float32), train.labels[places]
        optimiser.param_groups[0]["lr"] = row["learning_rate"]
        loss = functional.cross_entropy(model(x), labels, label_smoothing=config["train"]["label_smoothing"])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        apply(weights, masks, optimiser)
        losses.append(loss.item())
        if position + 1 == per_epoch:
            mean = sum(losses[-per_epoch:]) / per_epoch
            print(f"epoch {epoch + 1}: loss {mean:.4f}, test {accuracy(model, test):.4f}, {time.time() - start:.0f} s", flush=True)
    ours = [row["loss"] for row in rows if row["event"] == "step"]
    for first in range(0, len(losses), max(1, len(losses) // 10)):
        part = slice(first, first + max(1, len(losses) // 10))
        mean = lambda values: sum(values[part]) / len(values[part])
        print(f"steps from {first}: mean loss {mean(losses):.4f}, wgprune {mean(ours):.4f}")
    kept = sum(int(torch.count_nonzero(weight)) for weight in weights)
    print(f"test accuracy {accuracy(model, test):.4f}, {kept} of {sum(map(torch.numel, weights))} weights are not zero")


if __name__ == "__main__":
    main()
