"""The product's files that are not Python packages: schema, resolvers, functions, page, and localcloud's app.

The wheel carries them in this folder, at their paths in the repository. `setup.py` copies them there. In a
checkout this folder is empty, and the files are where the repository has them.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

PACKAGES: Final = Path(str(files("statusbeam"))).parent
"""The folder of the installed packages: `status_utils` and `statusbeam` are in it."""

_IN_WHEEL: Final = Path(str(files(__name__)))

ASSETS: Final = _IN_WHEEL if (_IN_WHEEL / "app.py").is_file() else PACKAGES
"""The folder of the files: a file's path below it is its path in the repository."""

SCHEMA: Final = ASSETS / "graphql" / "schema.graphql"
RESOLVERS: Final = ASSETS / "graphql" / "dist"
"""The bundled resolvers: `make resolvers` builds them."""
WHEELS: Final = ASSETS / "lambdas" / "wheels"
"""The dependencies of the functions: `make wheels` downloads them."""
PAGE: Final = ASSETS / "web" / "dashboard" / "dist"
"""The page: `make web` builds it."""
