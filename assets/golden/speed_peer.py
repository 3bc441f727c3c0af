"""Times training steps of a published network in PyTorch on the CPU, beside `wgprune bench model`.

    python assets/golden/speed_peer.py MODEL BATCH SECONDS

needs torch. Channels last, SGD with momentum 0.9 and weight decay 5e-4, data that are random and stay where they are.
Prints one line of JSON with the figures that `wgprune bench model --json` has under the same names.
"""

import json
import sys
import time

import torch
from torch.nn import functional

sys.dont_write_bytecode = True
from nets import module


def main():
    name, batch, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    channels, side = (1, 28) if name.startswith("lenet") else (3, 32)
    model = module(name, channels, 10).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    x = torch.randn(batch, channels, side, side).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (batch,))
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        loss = functional.cross_entropy(model(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
        times.append(time.perf_counter() - before)
    median = sorted(times[1:])[(len(times) - 1) // 2]
    print(json.dumps({"model": name, "batch": batch, "images_per_second": batch / median, "first_step_seconds": times[0]}))


if __name__ == "__main__":
    main()
