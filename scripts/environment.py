"""Make .venv from uv.lock, exactly. Standard library only: it runs before anything is installed.

uv comes from PATH; where there is none, pip puts one into .venv-uv. Two of these at once wait for
one another; a second one right after finds everything done.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY = ROOT / ".venv" / ".ready"
OWN = ROOT / ".venv-uv"


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - it is what this line is for
        found = ".".join(str(part) for part in sys.version_info[:2])
        sys.exit(f"tideline needs Python 3.11 or later, this is {found}: make PYTHON=python3.12")
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready():
            sync(shutil.which("uv") or own_uv())
            READY.touch()


def ready() -> bool:
    """Was the environment made after the last change of what it is made from?"""
    sources = [ROOT / "uv.lock", ROOT / "pyproject.toml"]
    made = READY.stat().st_mtime if READY.exists() else 0.0
    return made > max(source.stat().st_mtime for source in sources)


def own_uv() -> str:
    uv = OWN / "bin" / "uv"
    if not uv.exists():
        shutil.rmtree(OWN, ignore_errors=True)
        print("installing uv into .venv-uv", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(OWN)], check=False)
        if made.returncode:
            shutil.rmtree(OWN, ignore_errors=True)
            sys.exit(
                "this Python cannot make environments. On Debian or Ubuntu: "
                "apt-get install python3-venv; or install uv (docs.astral.sh/uv)"
            )
        pip = [str(OWN / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "uv>=0.9"], check=True)
    return str(uv)


def sync(uv: str) -> None:
    print("installing the locked packages into .venv", flush=True)
    here = {**os.environ, "UV_PROJECT_ENVIRONMENT": ".venv"}
    here.pop("VIRTUAL_ENV", None)
    command = [uv, "sync", "--frozen", "--quiet", "--all-groups", "--python", sys.executable]
    subprocess.run(command, check=True, cwd=ROOT, env=here)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"failed: {' '.join(map(str, failed.cmd))}")
