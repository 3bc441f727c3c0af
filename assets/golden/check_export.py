"""Loads weights that wgprune wrote into a plain PyTorch module and compares what both say of the test images.

    wgprune eval final.safetensors --model NAME --data FOLDER --logits logits.safetensors
    python assets/golden/check_export.py NAME final.safetensors FOLDER logits.safetensors

needs torch, numpy and safetensors. FOLDER holds the files of MNIST, gzipped, or the binary files of CIFAR-10.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.dont_write_bytecode = True
from nets import module
from sets import of_folder

# A difference of logits beyond this is no rounding; of those above 1 the same share of the largest.
MOST = 1e-4


def main():
    name, weights, folder, logits = sys.argv[1:]
    weights, ours = load_file(weights), load_file(logits)["logits"]
    _, images = of_folder(Path(folder))
    model = module(name, images.pixels.shape[1], ours.shape[1])
    # Weight files hold no count of batches, which nothing uses where the momentum is given.
    counters = {key: value for key, value in model.state_dict().items() if key.endswith("num_batches_tracked")}
    model.load_state_dict({**weights, **counters}, strict=True)
    model.eval()
    with torch.no_grad():
        theirs = torch.cat([model(images.batch(slice(i, i + 500), torch.float32)[0]) for i in range(0, len(ours), 500)])
    off = (ours - theirs).abs().max().item()
    accuracy = (theirs.argmax(1) == images.labels).double().mean().item()
    prunable = [tensor for key, tensor in weights.items() if key.endswith("weight") and tensor.dim() > 1]
    kept, total = (sum(count(tensor) for tensor in prunable) for count in (torch.count_nonzero, torch.numel))
    largest = theirs.abs().max().item()
    print(f"{name}: {len(ours)} images, logits up to {largest:.3f}, off by up to {off:.1e}; accuracy {accuracy:.4f} in PyTorch, {kept} of {total} weights are not zero")
    if not off <= MOST * max(1, largest):
        sys.exit(f"{name}: logits are off by {off}")


if __name__ == "__main__":
    main()
