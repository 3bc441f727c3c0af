"""Writes augment.safetensors: what PyTorch makes of small images, step by step, for parameters that are stored with them.

    python assets/golden/augment.py

needs torch, numpy and safetensors; tests/augment.rs reads it. An image is cropped out of its padding, mirrored, turned and
shifted to the nearest pixel, jittered, erased and normalised. All is float64, colours are 0 to 1, and layouts are C·H·W; what
the ops take as f32 is rounded to f32 here too. The formulas of the jitter are those of torchvision's functions on floats.
"""

import sys
from math import cos, radians, sin
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional

sys.dont_write_bytecode = True
from sets import rounded

HERE = Path(__file__).parent
random = torch.Generator().manual_seed(20261121)
GREY = torch.tensor([0.2989, 0.587, 0.114], dtype=torch.float64).reshape(3, 1, 1)


def turned(image, turn, shift):
    """Cosine and sine are 65536ths; shift is rows and columns."""
    _, h, w = image.shape
    (c, s), (down, right) = [part / 65536 for part in turn], shift
    # Coordinates that affine_grid gives and grid_sample takes are 1 at the outer edges.
    theta = torch.tensor(
        [
            [c, -s * h / w, 2 / w * (s * down - c * right)],
            [s * w / h, c, 2 / h * (-c * down - s * right)],
        ],
        dtype=torch.float64,
    )
    grid = functional.affine_grid(theta[None], [1, 1, h, w], align_corners=False)
    # Where a source lies between two pixels either would be right, so images with such a place are no goldens.
    source = ((grid + 1) * torch.tensor([w, h], dtype=torch.float64) - 1) / 2
    assert ((source % 1 - 0.5).abs() > 1e-6).all(), "a tie"
    return functional.grid_sample(image[None], grid, mode="nearest", align_corners=False)[0]


def grey(image):
    return image if len(image) == 1 else (GREY * image).sum(0, keepdim=True)


def blend(image, other, factor):
    return (factor * image + (1 - factor) * other).clamp(0, 1)


def with_hue_moved(image, share):
    if len(image) == 1:
        return image
    red, green, blue = image
    high, low = image.max(0).values, image.min(0).values
    chroma = high - low
    whole = torch.where(chroma == 0, 1.0, chroma)
    sixths = torch.where(high == green, 2 + (blue - red) / whole, 4 + (red - green) / whole)
    sixths = torch.where(high == red, (green - blue) / whole, sixths)
    hue = (sixths / 6 + share) % 1 * 6
    saturation = chroma / torch.where(high == 0, 1.0, high)
    part = hue - hue.floor()
    p, q, t = high * (1 - saturation), high * (1 - saturation * part), high * (1 - saturation * (1 - part))
    cases = [(high, t, p), (q, high, p), (p, high, t), (p, q, high), (t, p, high), (high, p, q)]
    stacked = torch.stack([torch.stack(case) for case in cases])
    index = hue.floor().long() % 6
    return stacked.gather(0, index.expand(1, 3, *index.shape))[0]


CHANGES = [
    lambda image, factor: blend(image, 0, factor),
    lambda image, factor: blend(image, grey(image).mean(), factor),
    lambda image, factor: image if len(image) == 1 else blend(image, grey(image), factor),
    with_hue_moved,
]


def case(shape, margin, reflect, corner, mirrored, degrees, shift, order, factors, erased, to_mean):
    """`erased` is the first row and column and then the ones behind the last."""
    channels, h, w = shape
    image = torch.randint(0, 256, shape, generator=random)
    turn = [round(65536 * value) for value in (cos(radians(degrees)), sin(radians(degrees)))]
    factors = [rounded(factor) for factor in factors]
    mean, std = ([rounded(v) for v in values[:channels]] for values in ((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)))

    padded = functional.pad((image.double() / 255)[None], [margin] * 4, mode="reflect" if reflect else "constant")[0]
    moved = padded[:, corner[0] : corner[0] + h, corner[1] : corner[1] + w]
    moved = turned(moved.flip(2) if mirrored else moved, turn, shift)
    y = moved
    for kind in order:
        y = CHANGES[kind](y, factors[kind])
    mean, std = (torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1) for values in (mean, std))
    top, left, bottom, right = erased
    y = y.clone()
    if not to_mean:
        y[:, top:bottom, left:right] = 0
    y = (y - mean) / std
    if to_mean:
        y[:, top:bottom, left:right] = 0
    numbers = lambda *values: torch.tensor(values, dtype=torch.int32)
    return {
        "image": image.to(torch.uint8),
        "crop": numbers(margin, reflect, *corner, mirrored),
        "affine": numbers(*turn, *shift),
        "order": numbers(*order),
        "factors": torch.tensor(factors, dtype=torch.float32),
        "erased": numbers(*erased, to_mean),
        "mean": mean.flatten().float(),
        "std": std.flatten().float(),
        "y": y.contiguous(),
    }


PLAIN = dict(margin=0, reflect=False, corner=(0, 0), mirrored=False, degrees=0, shift=(0, 0))
CASES = {
    "moved": case((3, 8, 11), 2, True, (1, 4), True, 13.7, (0, 0), [], [1, 1, 1, 0], (0, 0, 0, 0), False),
    "shifted": case((1, 9, 8), 1, False, (2, 0), False, -11.3, (2, -1), [], [1, 1, 1, 0], (0, 0, 0, 0), False),
    "turned": case((3, 7, 10), 0, False, (0, 0), True, 180, (-1, 3), [], [1, 1, 1, 0], (0, 0, 0, 0), False),
    "contrast-first": case((3, 6, 7), **PLAIN, order=[1, 3, 0, 2], factors=[1.2, 0.8, 1.15, 0.1], erased=(1, 2, 4, 6), to_mean=False),
    "contrast-last": case((3, 6, 7), **PLAIN, order=[3, 2, 0, 1], factors=[0.83, 1.2, 0.9, -0.1], erased=(0, 0, 6, 3), to_mean=True),
    "strong": case((3, 6, 7), **PLAIN, order=[0, 2, 1, 3], factors=[1.9, 0.1, 1.7, 0.5], erased=(0, 0, 0, 0), to_mean=False),
    "grey": case((1, 6, 7), **PLAIN, order=[2, 1, 3, 0], factors=[1.1, 1.3, 1.2, 0.3], erased=(2, 1, 5, 4), to_mean=False),
    "all": case((3, 8, 8), 2, False, (3, 0), True, 7.9, (1, 0), [2, 0, 1, 3], [1.13, 0.87, 1.19, -0.04], (3, 1, 6, 7), True),
}

tensors = {f"{name}.{key}": value for name, values in CASES.items() for key, value in values.items()}
save_file(tensors, HERE / "augment.safetensors")
