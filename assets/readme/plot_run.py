"""Draws test accuracy and sparsity of a run as SVG: python3 plot_run.py RUN/results.csv "TITLE" > run.svg"""

import csv
import sys

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 60, 40, 45
ACCURACY, SPARSITY, AXIS = "#1f6f8b", "#c8553d", "#555555"


def main(path, title):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(row["epoch"]) for row in rows]
    accuracy = [100 * float(row["test_accuracy"]) for row in rows]
    sparsity = [100 * float(row["sparsity"]) for row in rows]
    low = 5 * int(min(accuracy) // 5)

    def x(epoch):
        return LEFT + (WIDTH - LEFT - RIGHT) * (epoch - epochs[0]) / max(epochs[-1] - epochs[0], 1)

    def y(value, bottom):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - bottom) / (100 - bottom)

    def text(at_x, at_y, words, anchor="middle", colour=AXIS):
        return f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'

    def line(values, bottom, colour):
        points = " ".join(f"{x(e):.1f},{y(v, bottom):.1f}" for e, v in zip(epochs, values))
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(WIDTH / 2, 20, title),
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        level = y(100 * share, 0)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:.1f}" y2="{level:.1f}" stroke="#e4e4e4"/>')
        parts.append(text(LEFT - 8, level + 4, f"{low + (100 - low) * share:.4g} %", "end", ACCURACY))
        parts.append(text(WIDTH - RIGHT + 8, level + 4, f"{100 * share:.0f} %", "start", SPARSITY))
    for epoch in sorted({epochs[round(i * (len(epochs) - 1) / 5)] for i in range(6)}):
        parts.append(text(x(epoch), HEIGHT - BOTTOM + 18, str(epoch)))
    parts += [
        text(WIDTH / 2, HEIGHT - 8, "epoch"),
        line(sparsity, 0, SPARSITY),
        line(accuracy, low, ACCURACY),
        text(LEFT, 34, "test accuracy", "start", ACCURACY),
        text(WIDTH - RIGHT, 34, "sparsity", "end", SPARSITY),
        "</svg>",
    ]
    print("\n".join(parts))


main(*sys.argv[1:])
