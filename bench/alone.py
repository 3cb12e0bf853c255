"""Runs one benchmark in a process of its own and prints its rows as JSON on the last line: `python -m bench.alone intake`."""

import asyncio
import importlib
import sys

import orjson
import uvloop


def main() -> None:
    """Run the module named by the only argument."""
    module = importlib.import_module(f"bench.{sys.argv[1]}")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(module.run())
    sys.stdout.write(orjson.dumps(rows).decode() + "\n")


if __name__ == "__main__":
    main()
