"""Images of MNIST's and CIFAR-10's files for the scripts here, and what wgprune normalises them by."""

import gzip
import sys

import numpy
import torch


def rounded(value):
    """As float32 has it, whatever the precision of the run."""
    return float(numpy.float32(value))


class Images:
    """`pixels` are N·C·H·W bytes, `labels` N integers."""

    def __init__(self, pixels, labels, mean, std):
        self.pixels, self.labels = pixels, torch.from_numpy(labels.astype(numpy.int64))
        self.mean, self.std = ([rounded(value) for value in values] for values in (mean, std))

    def normalised(self, pixels, dtype):
        column = lambda values: torch.tensor(values, dtype=dtype).reshape(1, -1, 1, 1)
        return (torch.tensor(pixels).to(dtype) / 255 - column(self.mean)) / column(self.std)

    def batch(self, places, dtype):
        """These images as the network sees them, and their labels."""
        return self.normalised(self.pixels[places], dtype), self.labels[places]


MNIST = [0.1307], [0.3081]


def idx(folder, part, statistics):
    read = lambda kind: gzip.decompress((folder / f"{part}-{kind}-ubyte.gz").read_bytes())
    pixels = numpy.frombuffer(read("images-idx3"), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    return Images(pixels, numpy.frombuffer(read("labels-idx1"), numpy.uint8, offset=8), *statistics)


def cifar(folder, names, statistics):
    records = [numpy.frombuffer((folder / name).read_bytes(), numpy.uint8).reshape(-1, 3073) for name in names]
    records = numpy.concatenate(records)
    return Images(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0], *statistics)


def measured(pixels):
    """Mean and deviation of each channel, to four decimals: by these wgprune normalises a folder that is no known set."""
    shares = pixels.transpose(1, 0, 2, 3).reshape(pixels.shape[1], -1) / 255
    return [list(numpy.round(values, 4)) for values in (shares.mean(1), shares.std(1))]


def of_folder(folder):
    """Training and test images of a folder with the files of MNIST, gzipped, or the binary files of CIFAR-10."""
    if (folder / "data_batch_1.bin").exists():
        read, parts = cifar, ([f"data_batch_{i}.bin" for i in range(1, 6)], ["test_batch.bin"])
    else:
        read, parts = idx, ("train", "t10k")
    nothing = [0.0], [1.0]
    statistics = measured(read(folder, parts[0], nothing).pixels)
    return [read(folder, part, statistics) for part in parts]


# What a run has unless it is told otherwise, in all that the scripts here would have to do as well.
PLAIN = {
    "data": dict(validation=0, crop=0, crop_margin="zero", flip=False, rotation=0, translation=0, brightness=0, contrast=0, saturation=0, hue=0, erase=0),
    "train": dict(label_smoothing=0),
    "optimiser": dict(kind="sgd", clip_norm=0),
    "init": dict(conv="kaiming-normal-fan-out", linear="uniform", bias="auto", batch_norm="ones"),
    "prune": dict(method="dense", scope="global"),
}


def refuse_unknown(config, known):
    """Ends the script if the run does what it cannot repeat: anything but PLAIN and the keys in `known`."""
    for section, keys in PLAIN.items():
        for key, plain in keys.items():
            value = config[section].get(key, plain)
            if value != plain and f"{section}.{key}" not in known:
                sys.exit(f"this script knows no {section}.{key} = {value}")
    if config["learning_rate"]["schedule"] == "one-cycle":
        sys.exit("this script knows no learning_rate.schedule = one-cycle, which moves the momentum, too")
