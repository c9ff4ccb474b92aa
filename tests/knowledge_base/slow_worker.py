"""A worker that hangs on one source, in the place of the real one."""

from __future__ import annotations

import sys
import time

import msgspec

from knowledge_base.checking import Trial, Verdict

HANGS = "hangs"


def main() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        trial = msgspec.json.decode(line, type=Trial)
        if trial.source == HANGS:
            time.sleep(60)
        sys.stdout.write(msgspec.json.encode(Verdict(text=trial.source)).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
