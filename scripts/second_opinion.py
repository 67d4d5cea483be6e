"""Make .venv-ccxt, an environment of its own in which ccxt gives tests a second opinion.

ccxt pins dozens of packages exactly, so it may not stand beside ours; no run of tideline needs it.
The packages are those of tests/second_opinion/requirements.txt, by hash. Two of these at once wait
for one another; a second one right after finds everything done.
"""

import fcntl
import shutil
import subprocess
import sys

from environment import ROOT, own_uv

WANTED = ROOT / "tests" / "second_opinion" / "requirements.txt"
OPINION = ROOT / ".venv-ccxt"
READY = OPINION / ".ready"


def main() -> None:
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if READY.exists() and READY.stat().st_mtime > WANTED.stat().st_mtime:
            return
        shutil.rmtree(OPINION, ignore_errors=True)
        uv = shutil.which("uv") or own_uv()
        print("installing ccxt into .venv-ccxt", flush=True)
        subprocess.run(
            [uv, "venv", "--quiet", "--python", sys.executable, str(OPINION)], check=True
        )
        python = str(OPINION / "bin" / "python")
        install = [uv, "pip", "install", "--quiet", "--require-hashes", "--python", python]
        subprocess.run([*install, "--requirements", str(WANTED)], check=True)
        READY.touch()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"failed: {' '.join(map(str, failed.cmd))}")
