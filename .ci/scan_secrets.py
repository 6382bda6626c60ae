"""Find secrets in the repository's files that .secrets.baseline does not know.

    python .ci/scan_secrets.py            exit code 1 and one line a finding, when there is a new one
    python .ci/scan_secrets.py --accept   take everything as it is now into the baseline; look at its diff

The baseline holds hashes, so it gives nothing away. Lines that move are nothing new. A scan of all files
takes half a minute, so a file that had no new secret at the last scan is left out until it changes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from detect_secrets.__version__ import VERSION
from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection

BASELINE = ".secrets.baseline"
PROGRAM = Path(__file__).resolve()
CLEAN = Path(".build/files-without-secrets.txt")
"""The digests of the files at the last scan that found nothing new."""
NEVER = {".git", ".venv", "node_modules", "cdk.out", ".build", ".local", "dist", "__pycache__"}


def main() -> int:
    parser = argparse.ArgumentParser(description="Find secrets that the baseline does not know.")
    parser.add_argument("--accept", action="store_true", help="take what is found into the baseline")
    parser.add_argument("--root", type=Path, default=PROGRAM.parent.parent)
    chosen = parser.parse_args()
    os.chdir(chosen.root)  # findings are named from here
    # Loading it also sets up the detectors and filters it was made with.
    known = baseline.load(baseline.load_from_file(BASELINE), BASELINE)
    digests = dict(digests_of(files()))
    clean = set(CLEAN.read_text().split()) if CLEAN.exists() and not chosen.accept else set()
    found = SecretsCollection()
    for name, digest in digests.items():
        if digest not in clean:
            found.scan_file(name)
    if chosen.accept:
        baseline.save_to_file(found, BASELINE)
        return 0
    code = report(found - known)
    if code == 0:
        CLEAN.parent.mkdir(exist_ok=True)
        CLEAN.write_text("\n".join(digests.values()))
    return code


def digests_of(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Each file with a digest of its name, its text, and what all scans depend on: detectors, baseline and
    this program."""
    basis = hashlib.sha256(VERSION.encode() + PROGRAM.read_bytes() + Path(BASELINE).read_bytes())
    for name in names:
        digest = basis.copy()
        digest.update(f"\n{name}\n".encode() + Path(name).read_bytes())
        yield name, digest.hexdigest()


def files() -> Iterable[str]:
    """What git has or would take; without git, everything but what is built."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    git = subprocess.run(listed, capture_output=True, text=True, check=False)
    if git.returncode == 0:
        names = [name for name in git.stdout.split("\0") if name]
    else:
        names = [str(path) for path in Path().rglob("*") if not NEVER & set(path.parts)]
    return sorted(name for name in names if name != BASELINE and Path(name).is_file())


def report(new: SecretsCollection) -> int:
    """Print the places of new secrets, never their text."""
    count = 0
    for name, secret in new:
        count += 1
        sys.stderr.write(f"{name}:{secret.line_number}: {secret.type}\n")
    if count:
        sys.stderr.write(
            f"{count} possible secrets that {BASELINE} does not know. A real one: revoke it, then remove it. "
            "A false alarm: run python .ci/scan_secrets.py --accept and commit the baseline.\n"
        )
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
