"""The modules that a Lambda function can import: Python, the AWS SDK, its own code, its layers.

The emulator runs functions with this environment's interpreter, which has many more packages. A package that
is missing from a bundle would then fail on AWS only. So functions get the module path of AWS's runtime.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

# The third-party modules in AWS's Python runtimes: boto3 and its dependencies.
RUNTIME_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")

# Runs in a function's interpreter before its code, with the environment's packages already on the path.
_SITE_CUSTOMIZE = '''\
"""Written by localcloud: reduces the module path to that of AWS's Lambda runtime."""

import sys
from pathlib import Path

_here = Path(__file__).resolve().parent
_standard_library = Path(sys.base_prefix).resolve()


def _is_in_runtime(entry: str) -> bool:
    path = Path(entry).resolve()
    packages = {"site-packages", "dist-packages"} & set(path.parts)
    return path == _here or (path.is_relative_to(_standard_library) and not packages)


sys.path[:] = [entry for entry in sys.path if _is_in_runtime(entry)]
# Packages installed in place are found by hooks instead of paths.
sys.meta_path[:] = [
    finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", "")
]
'''


def write_runtime(folder: Path) -> Path:
    """Create `folder` again and return it.

    As PYTHONPATH of a function, it limits the imports to those of AWS's runtime.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in RUNTIME_MODULES:
        source = _source_of(name)
        (folder / source.name).symlink_to(source)
    (folder / "sitecustomize.py").write_text(_SITE_CUSTOMIZE)
    return folder


def _source_of(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin
