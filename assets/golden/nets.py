"""The published networks of wgprune as plain PyTorch modules, with the names that its weight files have.

`module(name, channels, classes)` makes one for images of so many channels.
"""

import torch
from torch import nn
from torch.nn import functional


def conv(inputs, outputs, kernel, stride=1, bias=False):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias)


class Free(nn.Module):
    """The shortcut without parameters: every other pixel, and zeros as channels that are missing on both sides."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.missing, self.stride = outputs - inputs, stride

    def forward(self, x):
        before = self.missing // 2
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, self.missing - before))


class Block(nn.Module):
    """Convolutions of (outputs, kernel, stride), each with batch norm, and the block's input added at the end."""

    def __init__(self, inputs, convs, free):
        super().__init__()
        first, stride = inputs, 1
        self.depth = len(convs)
        for i, (outputs, kernel, step) in enumerate(convs, 1):
            setattr(self, f"conv{i}", conv(first, outputs, kernel, step))
            setattr(self, f"bn{i}", nn.BatchNorm2d(outputs))
            first, stride = outputs, stride * step
        self.downsample = None
        if stride != 1 or inputs != outputs:
            own = [conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)]
            self.downsample = Free(inputs, outputs, stride) if free else nn.Sequential(*own)

    def forward(self, x):
        y = x
        for i in range(1, self.depth + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            y = torch.relu(y) if i < self.depth else y
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


def basic(width, stride):
    return [(width, 3, stride), (width, 3, 1)]


def bottleneck(width, stride):
    return [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)]


class ResNet(nn.Module):
    def __init__(self, channels, width, blocks, classes, block=basic, free=False, imagenet=False, bias=True):
        super().__init__()
        self.conv1 = conv(channels, width, 7, 2) if imagenet else conv(channels, width, 3)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, 2, 1) if imagenet else nn.Identity()
        inputs, self.stages = width, len(blocks)
        for stage, count in enumerate(blocks):
            layers = []
            for i in range(count):
                convs = block(width << stage, 2 if stage and not i else 1)
                layers.append(Block(inputs, convs, free))
                inputs = convs[-1][0]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(inputs, classes, bias=bias)

    def forward(self, x):
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


class Vgg(nn.Module):
    """Groups of convolutions of (outputs, kernel), a max pool after each of the first `pools`, a mean after the others."""

    def __init__(self, channels, groups, pools, bias, head):
        super().__init__()
        layers, inputs = [], channels
        for i, group in enumerate(groups):
            for outputs, kernel in group:
                layers += [conv(inputs, outputs, kernel, bias=bias), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
            layers += [nn.MaxPool2d(2)] if i < pools else []
        self.features = nn.Sequential(*layers)
        self.rest = nn.AdaptiveAvgPool2d(1) if pools < len(groups) else nn.Identity()
        self.classifier = head

    def forward(self, x):
        return self.classifier(self.rest(self.features(x)).flatten(1))


class LeNet5(nn.Module):
    def __init__(self, channels=1, classes=10):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(channels, 20, 5), nn.Conv2d(20, 50, 5)
        # 28x28 grey, or 32x32 in colour.
        self.fc1, self.fc2 = nn.Linear(800 if channels == 1 else 1250, 500), nn.Linear(500, classes)

    def forward(self, x):
        x = functional.max_pool2d(self.conv1(x), 2)
        x = functional.max_pool2d(self.conv2(x), 2)
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


class LeNet300(nn.Module):
    def __init__(self, channels=1, classes=10):
        super().__init__()
        self.fc1 = nn.Linear(784, 300) if channels == 1 else nn.Linear(1024 * channels, 300)
        self.fc2, self.fc3 = nn.Linear(300, 100), nn.Linear(100, classes)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x.flatten(1))))))


def threes(*widths):
    return [[(width, 3)] * count for width, count in widths]


D = threes((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
C = [group[:2] + [(width, 1) for width, _ in group[2:]] for group in D]
E = threes((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))


def hidden(count, classes, rate=0.0):
    layers = []
    for _ in range(count):
        layers += [nn.Dropout(rate)] if rate else []
        layers += [nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(512, classes))


def vgg_like_pmp(channels, classes):
    head = nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, classes))
    return Vgg(channels, D, 5, True, head)


def cifar_resnet(depth, width, free=False):
    return lambda c, k: ResNet(c, width, [(depth - 2) // 6] * 3, k, free=free)


MODULES = {
    "lenet-300-100": LeNet300,
    "lenet-5": LeNet5,
    "vgg-16": lambda c, k: Vgg(c, D, 4, False, nn.Linear(512, k)),
    "vgg-16-bias": lambda c, k: Vgg(c, D, 4, True, nn.Linear(512, k)),
    "vgg-19": lambda c, k: Vgg(c, E, 4, False, nn.Linear(512, k)),
    "vgg-19-pmp": lambda c, k: Vgg(c, E, 5, True, hidden(2, k, 0.3)),
    "vgg-like": lambda c, k: Vgg(c, D, 5, True, hidden(1, k)),
    "vgg-like-pmp": vgg_like_pmp,
    "vgg-c": lambda c, k: Vgg(c, C, 5, True, hidden(2, k)),
    "vgg-d": lambda c, k: Vgg(c, D, 5, True, hidden(2, k)),
    "resnet-18": lambda c, k: ResNet(c, 64, [2, 2, 2, 2], k),
    "resnet-18-imagenet": lambda c, k: ResNet(c, 64, [2, 2, 2, 2], k, imagenet=True),
    "resnet-50": lambda c, k: ResNet(c, 64, [3, 4, 6, 3], k, block=bottleneck, bias=False),
}
for depth in (20, 32, 56):
    MODULES[f"resnet-{depth}"] = cifar_resnet(depth, 16)
    MODULES[f"resnet-{depth}-wide"] = cifar_resnet(depth, 32)
    MODULES[f"resnet-{depth}-free"] = cifar_resnet(depth, 16, free=True)


def module(name, channels, classes):
    return MODULES[name](channels, classes)
