"""Categories against the true templates of the kit's logs, as JSON: run by `benchmarks.categories`, also for guests.

python -m benchmarks.grouping MODULE:FUNCTION PACKAGE
"""

import argparse
import json
import time
from collections.abc import Callable, Hashable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

from benchmarks import kit

Categorizing = Callable[[list[str]], Sequence[Hashable]]


def figures(categories: Categorizing) -> dict[str, dict[str, float]]:
    """By system: lines, true templates, categories, GA, FGA and pair F1, and microseconds of processor time a line."""
    tools = kit.load()
    templates: Any = import_module("templates")
    categories([f"line {n}" for n in range(10)])  # whatever compiles does so now
    found = {}
    for name, frame in templates.systems(tools.data).items():
        lines, truth = frame["Content"].fill_null("").to_list(), frame["EventId"].to_list()
        began = time.process_time()
        groups = list(categories(lines))
        micros = 1e6 * (time.process_time() - began) / len(lines)
        accuracy, f1, pairs = templates.grouping(groups, truth)
        found[name] = {
            "lines": len(lines),
            "templates": len(set(truth)),
            "categories": len(set(groups)),
            "ga": accuracy,
            "fga": f1,
            "pair_f1": pairs,
            "us_a_line": micros,
        }
    return found


def main() -> None:
    """Print the figures of one function, and the version of the package it comes from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("function")
    parser.add_argument("package")
    asked = parser.parse_args()
    module, _, name = asked.function.partition(":")
    made = figures(getattr(import_module(module), name))
    print(json.dumps({"package_version": version(asked.package), "systems": made}))


if __name__ == "__main__":
    main()
