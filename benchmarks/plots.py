"""The plot: ratios with their targets, and time per element over the number of elements."""

import math

from matplotlib import pyplot as plt
from matplotlib.lines import Line2D

plt.switch_backend("Agg")  # draws into files, without a window

COLORS = {"NUMBA": "C0", "CVM": "C1", "JAX": "C2", "PYTORCH": "C4", "plain": "C7"}
PEER_STYLES = {"torch eager": ("C3", ":"), "torch.compile": ("C3", "-"), "jax.jit": ("C8", "-")}
FLOOR_STYLE = ("0.6", "--")
LEAST_RATIO = 0.02
PANEL_COLUMNS = 2


def draw(content, path):
    """Ratios on the left; on the right one panel for each workload of several sizes."""
    results = [result for result in content["times"] if result["contenders"]]
    sweeps = by_name(results)
    rows = sum(len(ours(result)) for result in results if is_headline(result, sweeps))
    panel_rows = math.ceil(len(sweeps) / PANEL_COLUMNS)
    height = max(3.5, 1.6 + 0.22 * rows, 2.6 * panel_rows)
    figure = plt.figure(figsize=(15 if sweeps else 8, height), layout="constrained")
    left, *right = figure.subfigures(1, 2, width_ratios=[1, 1.1]) if sweeps else [figure.subfigures(1, 1)]
    figure.suptitle(f"{content['machine']['cpu']}, {content['date'][:10]}", fontsize=10, color="0.4")
    draw_ratios(left, [result for result in results if is_headline(result, sweeps)])
    if sweeps:
        draw_sweeps(right[0], sweeps)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def by_name(results):
    """Results of the same task and dtype, where there is more than one."""
    groups = {}
    for result in results:
        groups.setdefault((result["name"], result["dtype"]), []).append(result)
    return {name: group for name, group in groups.items() if len(group) > 1}


def is_headline(result, sweeps):
    """Sizes of a sweep count only where they have a target."""
    in_sweep = (result["name"], result["dtype"]) in sweeps
    return bool(ours(result)) and (not in_sweep or any("target" in row for row in ours(result)))


def ours(result):
    return [row for row in result["contenders"] if row["kind"] == "ours" and row["ratio"] is not None]


# Ratios


def draw_ratios(figure, results):
    axes = figure.subplots()
    position, ticks, labels = 0, [], []
    for result in results:
        rows = ours(result)
        for row in rows:
            draw_bar(axes, position, row)
            position += 1
        ticks.append(position - (len(rows) + 1) / 2)
        labels.append(result["workload"])
        position += 0.6
    axes.axvline(1, color="0.3", linewidth=1)
    axes.set(
        title="Time relative to the fastest peer", xscale="log", ylim=(position, -1), xlabel="ratio, less is better"
    )
    axes.set_xlim(left=LEAST_RATIO)
    axes.set_yticks(ticks, labels, fontsize=8)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.3)
    draw_legend(figure, {row["name"] for result in results for row in ours(result)})


def draw_bar(axes, position, row):
    """A bar with the marks of its target; its number stands in a column at the right, clear of the marks."""
    length = max(0, row["ratio"] - LEAST_RATIO)
    axes.barh(position, length, left=LEAST_RATIO, height=0.85, color=COLORS[row["name"]], alpha=0.85)
    at_right = axes.get_yaxis_transform()  # the width of the axes is 1
    axes.text(1.01, position, f"{row['ratio']:.2f}", transform=at_right, va="center", fontsize=8)
    if target := row.get("target"):
        axes.vlines(target["at_most"], position - 0.45, position + 0.45, color="black", linewidth=2.2)
        axes.plot(target["aim"], position, "D", color="white", markeredgecolor="black", markersize=5)


def draw_legend(figure, names):
    handles = [Line2D([], [], color=color, linewidth=6, label=name) for name, color in COLORS.items() if name in names]
    mark = {"color": "black", "linestyle": ""}
    handles.append(Line2D([], [], marker="|", markersize=9, markeredgewidth=2, label="at most", **mark))
    handles.append(Line2D([], [], marker="D", markerfacecolor="white", label="aim", **mark))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)


# Sweeps


def draw_sweeps(figure, sweeps):
    rows = math.ceil(len(sweeps) / PANEL_COLUMNS)
    grid = figure.subplots(rows, PANEL_COLUMNS, squeeze=False).ravel()
    for axes, ((name, dtype), group) in zip(grid, sweeps.items(), strict=False):
        draw_sweep(axes, sorted(group, key=lambda result: result["elements"]))
        axes.set_title(f"{name}, {dtype}", fontsize=9)
    for axes in grid[len(sweeps) :]:
        axes.set_visible(False)
    handles = {}
    for axes in grid[: len(sweeps)]:
        handles.update((label, handle) for handle, label in zip(*axes.get_legend_handles_labels(), strict=True))
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=len(handles), frameon=False, fontsize=8)
    figure.supxlabel("elements", fontsize=9)
    figure.supylabel("ns for an element", fontsize=9)


def draw_sweep(axes, group):
    """One line for each contender."""
    lines = {}
    for result in group:
        for row in result["contenders"]:
            lines.setdefault(row["name"], []).append((result["elements"], 1e6 * row["median"] / result["elements"]))
    for name, points in lines.items():
        color, style = PEER_STYLES.get(name, (COLORS.get(name, FLOOR_STYLE[0]), FLOOR_STYLE[1]))
        style = "-" if name in COLORS else style
        width = 2 if name in COLORS else 1.2
        axes.plot(*zip(*points, strict=True), style, color=color, linewidth=width, marker=".", label=name)
    axes.set(xscale="log", yscale="log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
