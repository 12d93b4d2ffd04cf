"""Measure the losses against PyTorch, JAX and a copy of the same bytes.

make bench
python -m benchmarks --workload categorical/4096x1000 --backend NUMBA JAX --rounds 30
python -m benchmarks --memory
python -m benchmarks --cold-start --rounds 5
python -m benchmarks --validation
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import contenders, workloads
from benchmarks.first_call.measure import selected as select_first_calls

DEFAULT_BACKENDS = {"cpu": ["NUMBA", "CVM"], "cuda": ["JAX", "PYTORCH"]}
IDLE_SECONDS = 4.0  # the longest wait before a slot
ROUNDS, COLD_ROUNDS = 15, 3


def main():
    options = parse_options()
    console = Console(width=None if sys.stdout.isatty() else 160)
    if options.list:
        list_workloads(options, console)
        return
    contenders.set_environment(options.threads, options.device)
    if options.validation:
        sys.exit(validation_of(options, console))
    if options.cold_start:
        sys.exit(cold_starts(options, console))
    rows = workloads.select(options.workload, options.dtype, quick=options.quick)
    makers, missing = contenders.makers(options.backend, options.peers, options.threads, options.device)
    for maker in missing:
        console.print(f"{maker.name} is left out: {', '.join(maker.missing())} not installed")
    check_device(options.device, makers)
    options.output.mkdir(parents=True, exist_ok=True)
    if options.memory:
        memory_of(makers, options, console)
    elif not times(rows, makers, options, console):
        sys.exit("Some contenders failed or computed something else, see above.")


def list_workloads(options, console):
    if options.cold_start:
        console.print("\n".join(select_first_calls(options.workload)))
        return
    for row in workloads.select(options.workload, options.dtype):
        console.print(f"{row.label:40} {workloads.TASKS[row.task].text}", highlight=False)


def times(rows, makers, options, console):
    """Measure the workloads, and write JSON after each of them, so that an interrupted run is not lost."""
    from benchmarks import plots, report, session

    results = []
    idle_seconds = idle_seconds_of(options)
    served = [[maker for maker in makers if maker.serves(row)] for row in rows]
    with progress_bar(console) as progress:
        task = progress.add_task("", total=sum(map(len, served)) * options.rounds)
        for row, contestants in zip(rows, served, strict=True):
            result = session.measure(
                row,
                contestants,
                rounds=options.rounds,
                idle_seconds=idle_seconds,
                report=lambda text, row=row: progress.update(task, description=f"{row.label}: {text}"),
                advance=lambda: progress.advance(task),
            )
            results.append(result)
            progress.advance(task, options.rounds * len(result["errors"]))
            content = report.document(options, times=results)
            report.write_json(options.output / "times.json", content)
    report.write_csv(options.output / "times.csv", results)
    plots.draw(content, options.output / "times.png")
    console.print(report.headline_of(content), highlight=False)
    console.print(report.times_table(results))
    console.print(report.summary(results), highlight=False)
    failures = [(result["workload"], *item) for result in results for item in result["errors"].items()]
    for label, name, message in failures:
        console.print(f"[red]{label}: {name}: {message}", highlight=False)
    warn_of_load(results, console)
    console.print(f"written to {options.output}: times.json, times.csv, times.png", highlight=False)
    return not failures


def warn_of_load(results, console):
    rows = [row for result in results for row in result["contenders"]]
    busy, slots = sum(row["busy"] for row in rows), sum(len(row["samples"]) for row in rows)
    if busy:
        console.print(f"{busy} of {slots} samples were taken while the machine was busy with something else")


def memory_of(makers, options, console):
    from benchmarks import memory, report

    names = [maker.name for maker in makers if maker.kind != "floor"]
    with console.status("memory") as status:
        rows = memory.measure(names, options, status.update)
    content = report.document(options, memory=rows)
    report.write_json(options.output / "memory.json", content)
    console.print(report.headline_of(content), highlight=False)
    console.print(report.memory_table(rows))
    print_errors(rows, console)
    console.print(f"written to {options.output}/memory.json", highlight=False)


def cold_starts(options, console):
    """Measure the first call of fresh processes, and write after each workload; the exit code is 1 if one failed."""
    from benchmarks import report
    from benchmarks.first_call import measure, tables

    options.output.mkdir(parents=True, exist_ok=True)
    rows = []
    with console.status("cold start") as status:
        for workload in measure.selected(options.workload):
            rows += measure.measure(workload, options, idle_seconds_of(options), status.update)
            content = report.document(options, cold_start=rows)
            report.write_json(options.output / "cold-start.json", content)
            (options.output / "cold-start.rst").write_text(tables.restructured(rows))
    console.print(report.headline_of(content), highlight=False)
    console.print(tables.phases_table(rows))
    console.print(tables.shares_table(rows))
    print_errors(rows, console)
    if busy := sum(row.get("busy", 0) for row in rows):
        runs = len(rows) * options.rounds
        console.print(f"{busy} of {runs} runs began while the machine was busy with something else")
    console.print(f"written to {options.output}/cold-start.json and cold-start.rst", highlight=False)
    return int(any("error" in row for row in rows))


def print_errors(rows, console):
    for row in rows:
        if "error" in row:
            console.print(f"[red]{row['workload']}: {row['contender']}: {row['error']}", highlight=False)


def idle_seconds_of(options):
    return 0 if options.no_idle_wait or options.quick else IDLE_SECONDS


def validation_of(options, console):
    """Measure validation functions; the exit code is 1 if one computed something else."""
    from benchmarks import report, validation

    options.output.mkdir(parents=True, exist_ok=True)
    with console.status("validation") as status:
        rows, errors = validation.measure(options, status.update)
    content = report.document(options, validation=rows)
    report.write_json(options.output / "validation.json", content)
    console.print(report.headline_of(content), highlight=False)
    console.print(report.validation_table(rows, validation.TARGET))
    for name, message in errors.items():
        console.print(f"{name} is left out: {message}", highlight=False)
    console.print(f"written to {options.output}/validation.json", highlight=False)
    return int(any("not installed" not in message for message in errors.values()))


def progress_bar(console):
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True)


def check_device(device, makers):
    """Say what is missing before anything is compiled."""
    if device == "cpu":
        return
    modules = {module for maker in makers for module in maker.modules}
    if "torch" in modules:
        import torch

        if not torch.cuda.is_available():
            sys.exit(
                "--device cuda: this PyTorch sees no GPU; install a CUDA build, or use --backend JAX --peers jax.jit"
            )
    if "jax" in modules:
        import jax

        try:
            jax.devices("cuda")
        except RuntimeError as error:
            sys.exit(f"--device cuda: JAX sees no GPU ({error}); pip install 'jax[cuda12]'")


# Options


def parse_options():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--workload", nargs="+", default=["*"], metavar="GLOB", help="names of workloads, see --list")
    add("--dtype", choices=("float32", "float64"), help="instead of the dtypes of the workloads")
    add("--backend", nargs="+", choices=contenders.BACKENDS, help="PyTensor backends; plain is PyTensor alone on Numba")
    add("--peers", nargs="*", choices=contenders.PEERS, default=contenders.PEERS, help="whom to compare with")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="where PyTorch and JAX compute")
    add("--rounds", type=positive, metavar="N", help="slots of each contender: 15, of cold starts 3")
    add("--threads", type=positive, default=min(2, os.cpu_count() or 1), metavar="N", help="threads of each contender")
    add("--output", type=Path, default=Path("build/benchmarks"), metavar="FOLDER", help="where to write")
    add("--no-idle-wait", action="store_true", help="do not wait for an idle machine before each slot")
    add("--memory", action="store_true", help="measure peak memory instead of time (Linux)")
    add("--cold-start", action="store_true", help="measure the first call by phases, in fresh processes, instead")
    add("--validation", action="store_true", help="measure validation functions over batches instead")
    add("--quick", action="store_true", help="tiny sizes, which show that it works and not how fast it is")
    add("--list", action="store_true", help="list the workloads")
    options = parser.parse_args()
    options.backend_given = bool(options.backend)
    options.rounds = options.rounds or (COLD_ROUNDS if options.cold_start else ROUNDS)
    options.backend = options.backend or DEFAULT_BACKENDS[options.device]
    check_options(options, parser)
    return options


def check_options(options, parser):
    if not (select_first_calls if options.cold_start else workloads.select)(options.workload):
        parser.error(f"no workload fits {' '.join(options.workload)}: --list shows their names")
    on_host = set(options.backend) & set(contenders.HOST_BACKENDS)
    if options.device == "cuda" and on_host:
        parser.error(f"{' '.join(sorted(on_host))} cannot compute on a GPU: use --backend JAX PYTORCH")
    if options.device == "cuda" and (options.memory or options.cold_start or options.validation):
        parser.error("memory, cold starts and validation are measured on the processor only")
    if (options.memory or options.validation) and not sys.platform.startswith("linux"):
        parser.error("--memory and --validation need the /proc of Linux")


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return number


if __name__ == "__main__":
    main()
