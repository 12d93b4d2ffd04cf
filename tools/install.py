"""Install the package with extras into the environment of this interpreter, optional backends where they can be had.

    python tools/install.py EXTRA... [--optional EXTRA...]

An optional extra that cannot be installed is named and left out; everything else must succeed.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

# On Linux the torch of PyPI brings gigabytes of CUDA, which no test needs: only a CPU build is installed unasked.
CPU_TORCH = "torch==2.13.0+cpu"
HINTS = {"pytorch": "No CPU build of PyTorch was found. Install one into this environment by hand to test it, too."}


def pip(*arguments: str) -> bool:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extras", nargs="*")
    parser.add_argument("--optional", nargs="*", default=[], metavar="EXTRA")
    arguments = parser.parse_args()
    print(f"installing pytensor-objectives with {', '.join(arguments.extras)}", flush=True)
    if not pip("--editable", f".[{','.join(arguments.extras)}]"):
        sys.exit("The package could not be installed: see pip's message above.")
    for extra in arguments.optional:
        print(f"installing the backend {extra}", flush=True)
        requirements = [CPU_TORCH] if extra == "pytorch" and sys.platform == "linux" else ["--editable", f".[{extra}]"]
        if not pip(*requirements):
            print(f"{extra} cannot be installed here: its tests will be skipped. {HINTS.get(extra, '')}", flush=True)


if __name__ == "__main__":
    main()
