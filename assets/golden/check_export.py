"""Loads weights that wgprune wrote into a plain PyTorch LeNet and compares what both say of the test images.

    python assets/golden/check_export.py final.safetensors FOLDER ACCURACY

needs torch, numpy and safetensors. FOLDER holds the four IDX files, gzipped; ACCURACY is what `wgprune eval` printed
for them, 0 to 1. The module has the names of LeNet-5 or of LeNet-300-100, whichever the file has.
"""

import sys
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from lenet5_losses import LeNet5


class LeNet300(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 300), nn.Linear(300, 100), nn.Linear(100, 10)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x.flatten(1))))))


def test_set(folder):
    import gzip

    read = lambda name: gzip.decompress((folder / name).read_bytes())
    images = numpy.frombuffer(read("t10k-images-idx3-ubyte.gz"), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    labels = numpy.frombuffer(read("t10k-labels-idx1-ubyte.gz"), numpy.uint8, offset=8)
    return torch.from_numpy(images.astype(numpy.float32)), torch.from_numpy(labels.astype(numpy.int64))


def main():
    weights = load_file(sys.argv[1])
    model = LeNet5() if "conv1.weight" in weights else LeNet300()
    model.load_state_dict(weights, strict=True)
    images, labels = test_set(Path(sys.argv[2]))
    with torch.no_grad():
        logits = model((images / 255 - 0.1307) / 0.3081)
    accuracy = (logits.argmax(1) == labels).double().mean().item()
    loss = functional.cross_entropy(logits, labels).item()
    prunable = [tensor for name, tensor in weights.items() if name.endswith("weight")]
    kept = sum(int((tensor != 0).sum()) for tensor in prunable)
    total = sum(tensor.numel() for tensor in prunable)
    print(f"PyTorch: accuracy {accuracy:.4f}, loss {loss:.6f}, {kept} of {total} weights are not zero")
    if abs(accuracy - float(sys.argv[3])) > 1e-9:
        sys.exit(f"wgprune said {sys.argv[3]}")


if __name__ == "__main__":
    main()
