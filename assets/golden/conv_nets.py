"""Writes conv_nets.json and NAME.safetensors of three networks after 20 steps in PyTorch, in float64, for
tests/conv_trajectory.rs.

    python assets/golden/conv_nets.py

needs torch, numpy and safetensors. Initial weights and the order of samples are those of seed 0, as in lenet5_losses.py;
the optimiser is the default one at a constant learning rate. The modules below are plain PyTorch with torchvision's names.
"""

import json
import sys

import numpy
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

sys.dont_write_bytecode = True
from lenet5_losses import HERE, learn, normal, normalised, permutation, sgd, training_set, uniform

# At ten times this rate PyTorch in float32 is itself off by 1e-2 from float64 within 20 steps: batch norm of small batches
# and ReLUs make rounding grow. At this one, figures tell an error from rounding.
STEPS, BATCH, LEARNING_RATE = 20, 64, 0.0005


def conv(inputs, outputs, kernel, stride=1, bias=False):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, channels, blocks):
        super().__init__()
        self.conv1, self.bn1 = conv(1, channels, 3), nn.BatchNorm2d(channels)
        inputs, self.stages = channels, len(blocks)
        for stage, count in enumerate(blocks):
            outputs, layers = channels << stage, []
            for i in range(count):
                layers.append(Block(inputs, outputs, 2 if stage and not i else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


class Vgg(nn.Module):
    def __init__(self, groups, hidden):
        super().__init__()
        layers, inputs = [], 1
        for group in groups:
            for outputs in group:
                layers += [conv(inputs, outputs, 3, bias=True), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(9 * inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


NETS = {
    "resnet-18-narrow": lambda: ResNet(8, [2, 2, 2, 2]),
    "resnet-20": lambda: ResNet(16, [3, 3, 3]),
    "vgg-narrow": lambda: Vgg([[8], [16, 16], [32, 32]], 32),
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


def run(make, dtype):
    images, labels = training_set(HERE.parent / "mnist-mini")
    model = make()
    initialise(model)
    model = model.to(dtype)
    optimiser = sgd(model, LEARNING_RATE)
    order, losses = permutation(0, len(labels)), []
    for step in range(STEPS):
        batch = order[step * BATCH : (step + 1) * BATCH]
        losses.append(learn(model, optimiser, normalised(images[batch], dtype), labels[batch]))
    return losses, dict(parameters(model)), evaluated(model.eval(), dtype)


def evaluated(model, dtype):
    """The loss on the training images whose places in the files are below 1000."""
    images, labels = training_set(HERE.parent / "mnist-mini")
    with torch.no_grad():
        return functional.cross_entropy(model(normalised(images[:1000], dtype)), labels[:1000]).item()


def main():
    golden = {}
    for name, make in NETS.items():
        losses, weights, loss = run(make, torch.float64)
        golden[name] = {"losses": losses, "evaluated": loss}
        save_file({key: value.float().contiguous() for key, value in weights.items()}, HERE / f"{name}.safetensors")
        single, single_weights, single_loss = run(make, torch.float32)
        deviation = max(abs(a / b - 1) for a, b in zip(single, losses))
        norm = lambda values: sum(float((value.double() ** 2).sum()) for value in values) ** 0.5
        off = norm(single_weights[key].double() - weights[key] for key in weights) / norm(weights.values())
        print(f"{name}: {losses[0]:.4f} to {losses[-1]:.4f}, evaluated {loss:.4f}")
        print(f"  PyTorch's own float32: losses off by {deviation:.1e}, weights by {off:.1e}, evaluated by {abs(single_loss / loss - 1):.1e}")
    (HERE / "conv_nets.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
