"""Measures the engine against the straightforward notebook, side by side on this machine.

The straightforward way is one process that trains each run with `model.fit`: float32, all cores, validation after
every pass. The engine trains as many runs at once as there are cores. Both train the same runs on the same images; the
cost of the whole protocol is extrapolated from the time of a step, of a measurement and of a start, since the
straightforward way would take an hour. Both ways are timed in turns; each figure is the median of the rounds, and each
time within a round the least of a few. The processor stands beside the figures: they differ widely between processors.

    python benchmarks/training.py [--json] [--workers N] [--rounds N]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from coursework.experiments import data, protocol, stages
from coursework.experiments.protocol import FULL

ROOT = Path(__file__).resolve().parents[1]
PASSES = 3
"""Passes over the intermediate size that are timed, after one that is not."""

BATCH = 64

VALIDATION = 12_000
"""Examples of the validation set."""

EXTRAPOLATED = ("protocol_seconds", "straightforward_seconds", "speedup")


def run_of(model, passes=PASSES):
    """Specify a run of so many passes at the size of tuning."""
    return protocol.new_run(FULL, model, FULL.tuned, 0, l2=1e-3, steps=passes * FULL.tuned // BATCH)


def processor():
    """Name the processor and how it multiplies, for beside the figures."""
    from coursework.experiments.arithmetic import has_bfloat16

    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    name = next((text.strip() for key, text in found.items() if key.strip() == "model name"), platform.processor())
    return f"{name}, {'bfloat16' if has_bfloat16() else 'float32'}"


def together(folder, processes):
    """Wait until all processes have come this far, so that they compete for the machine while they are timed."""
    Path(folder, str(os.getpid())).touch()
    while len(list(Path(folder).iterdir())) < processes:
        time.sleep(0.01)


def time_engine(root, folder, processes):
    """Time the engine in one of several processes; seconds unless said otherwise."""
    began = time.perf_counter()
    import tensorflow as tf

    from coursework.experiments import models
    from coursework.experiments.arithmetic import has_bfloat16
    from coursework.experiments.engine import Engine, one_thread

    one_thread()
    engine = Engine(data.load("fashion-mnist", root))
    found = {"start": time.perf_counter() - began}
    for model in ("linear", *stages.MODELS):
        compiling = time.perf_counter()
        engine.train(run_of(model, passes=1))
        found[f"{model}_compile"] = time.perf_counter() - compiling
    together(folder, processes)
    for model in ("linear", *stages.MODELS):
        times = {passes: [] for passes in (1, 1 + PASSES)}
        for _ in range(3):
            for passes, seconds in times.items():
                timed = time.perf_counter()
                engine.train(run_of(model, passes))
                seconds.append(time.perf_counter() - timed)
        short, long = (min(seconds) for seconds in times.values())
        found[f"{model}_step"] = (long - short) / (PASSES * FULL.tuned // BATCH)
        measuring = time.perf_counter()
        engine.train(replace(run_of(model), steps=1))
        found[f"{model}_measure"] = time.perf_counter() - measuring
    run = run_of("mlp")
    graph = engine.graph(run)
    overhead = time.perf_counter()
    graph.reset(run)
    models.choose_images(engine.images.y_train, run)
    models.batches(run)
    found["overhead"] = time.perf_counter() - overhead
    found["limit"] = matmul_limit(tf, tf.bfloat16 if has_bfloat16() else tf.float32)
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def matmul_limit(tf, dtype, size=1024, repetitions=8):
    """Measure the best rate of a large matrix product, in operations per second."""
    left, right = (tf.cast(tf.random.normal((size, size)), dtype) for _ in range(2))

    @tf.function
    def product(a, b):
        return tf.matmul(a, b)

    product(left, right)
    best = float("inf")
    for _ in range(repetitions):
        timed = time.perf_counter()
        product(left, right).numpy()
        best = min(best, time.perf_counter() - timed)
    return 2 * size**3 / best


def time_straightforward(root):
    """Time `fit` as a notebook calls it: all cores, float32, validation after every pass."""
    began = time.perf_counter()
    import keras

    from coursework.experiments import models

    images = data.load("fashion-mnist", root)
    found = {"start": time.perf_counter() - began}
    for model in ("linear", *stages.MODELS):
        run = run_of(model)
        rows = models.choose_images(images.y_train, run)
        clock = _pass_clock(keras.callbacks.Callback)
        began = time.perf_counter()
        network = models.BUILD[model](run, images.x_train.shape[1:], 10)
        network.compile(
            keras.optimizers.Adam(run.rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        network.fit(
            images.x_train[rows],
            images.y_train[rows],
            batch_size=run.batch,
            epochs=1 + PASSES,
            validation_data=(images.x_validation, images.y_validation),
            callbacks=[clock],
            verbose=0,
        )
        took = time.perf_counter() - began
        trained, measured = (min(seconds) for seconds in zip(*clock.passes[1:], strict=True))
        found[f"{model}_step"] = trained / (run.n // run.batch)
        found[f"{model}_measure"] = measured
        found[f"{model}_compile"] = max(0.0, took - sum(map(sum, clock.passes[1:])) - trained - measured)
    return found


def _pass_clock(callback):
    """Make a callback that notes for each pass of `fit` the seconds of its training and of its validation."""

    class Clock(callback):
        def __init__(self):
            super().__init__()
            self.passes = []

        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_test_begin(self, logs=None):
            self.trained = time.perf_counter()

        def on_test_end(self, logs=None):
            self.passes.append((self.trained - self.began, time.perf_counter() - self.trained))

    return Clock()


def whole_protocol():
    """List the runs of the full protocol, with λ = 0.001 chosen."""
    return [run for run in stages.expected_runs(FULL, {}) if not run.test]


def multiplications(model):
    """Count a training step's operations: forward, back to the weights and, but for the first layer, to the inputs."""
    if model == "mlp":
        units = FULL.widths[1]
        first, others = 28 * 28 * units, units * units + units * 10
    else:
        first = 26 * 26 * 9 * 16
        others = 6 * 6 * 9 * 16 * 32 + (6 * 6 * 32 + 10) * FULL.cnn_width
    return 2 * BATCH * (2 * first + 3 * others)


def engine_seconds(runs, timed, workers):
    """Extrapolate what the engine takes for some runs, its processes' start and compilations included."""
    kinds = {(run.model, run.width, run.dropout, run.precision) for run in runs}
    compiling = sum(timed[f"{model}_compile"] for model, *_ in kinds)
    return timed["start"] + compiling + sum(_engine_run(run, timed) for run in runs) / workers


def _engine_run(run, timed):
    """Extrapolate one training; each of its measurements takes its own examples and the validation set's."""
    measurements = run.moments * (VALIDATION + run.n) / (VALIDATION + FULL.tuned)
    return run.steps * timed[f"{run.model}_step"] + measurements * timed[f"{run.model}_measure"]


def straightforward_seconds(runs, timed):
    """Extrapolate what `fit` takes for the same runs, one after the other."""
    return timed["start"] + sum(
        timed[f"{run.model}_compile"]
        + run.steps * timed[f"{run.model}_step"]
        + run.steps * run.batch / run.n * timed[f"{run.model}_measure"]
        for run in runs
    )


def measure(workers):
    """Measure both ways, one after the other, each in processes of its own."""
    from joblib.externals.loky import get_reusable_executor

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.pop("OMP_NUM_THREADS", None)
    plain = get_reusable_executor(max_workers=1).submit(time_straightforward, ROOT).result()
    get_reusable_executor().shutdown(wait=True)
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        executor = get_reusable_executor(max_workers=workers)
        each = [executor.submit(time_engine, ROOT, folder, workers) for _ in range(workers)]
        found = [future.result() for future in each]
    executor.shutdown(wait=True)
    ours = {key: statistics.mean(process[key] for process in found) for key in found[0]}
    everything = whole_protocol()
    protocol_seconds, slow = engine_seconds(everything, ours, workers), straightforward_seconds(everything, plain)
    return {
        "protocol_seconds": round(protocol_seconds, 1),
        "straightforward_seconds": round(slow, 1),
        "speedup": round(slow / protocol_seconds, 2),
        "mlp_ratio": round(_rate_ratio("mlp", ours, plain, workers), 2),
        "cnn_ratio": round(_rate_ratio("cnn", ours, plain, workers), 2),
        "matmul_limit_fraction": round(multiplications("mlp") / ours["mlp_step"] / ours["limit"], 3),
        "cnn_limit_fraction": round(multiplications("cnn") / ours["cnn_step"] / ours["limit"], 3),
        "peak_mb": round(max(process["peak_mb"] for process in found)),
        "overhead_per_run": round(ours["overhead"], 3),
        "mlp_step_ms": round(1000 * ours["mlp_step"], 3),
        "cnn_step_ms": round(1000 * ours["cnn_step"], 3),
        "start_seconds": round(ours["start"], 1),
    }


def in_rounds(workers, rounds):
    """Measure both ways in turns; the median of each figure."""
    each = [measure(workers) for _ in range(rounds)]
    found = {key: statistics.median(one[key] for one in each) for key in each[0]}
    return (
        {"processor": processor()} | found | {"workers": workers, "rounds": rounds, "extrapolated": list(EXTRAPOLATED)}
    )


def _rate_ratio(model, ours, plain, workers):
    """Compare examples a second at the intermediate size, each way with the measurements that it makes."""
    run = protocol.new_run(FULL, model, FULL.tuned, 0)
    passes = run.steps * run.batch / run.n
    return (run.steps * plain[f"{model}_step"] + passes * plain[f"{model}_measure"]) / _engine_run(run, ours) * workers


def main():
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", action="store_true", help="print one line of JSON")
    arguments.add_argument("--workers", type=int, default=os.cpu_count(), help="processes of the engine")
    arguments.add_argument("--rounds", type=int, default=3, help="how often both ways are timed (default 3)")
    chosen = arguments.parse_args()
    found = in_rounds(chosen.workers, chosen.rounds)
    if chosen.json:
        print(json.dumps(found))
        return
    for key, value in found.items():
        print(f"{key:24} {value}{'  (extrapolated)' if key in EXTRAPOLATED else ''}")


if __name__ == "__main__":
    main()
