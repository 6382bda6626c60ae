"""Contexts: named deployments in `~/.config/statusbeam/config.toml`, and their logins in the same folder.

current = "dev"

[contexts.dev]
stack = "Dev-Status"
profile = "work"
region = "eu-west-1"
"""

from __future__ import annotations

import fcntl
import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from .errors import NotFoundError, TargetError


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A deployment, and the user whose jobs are read. `local`: the running localcloud."""

    local: bool = False
    stack: str | None = None
    profile: str | None = None
    region: str | None = None
    user: str | None = None
    tenant: str | None = None

    @classmethod
    def of(cls, name: str, table: Any) -> Self:
        """The context in a table of the file. Raises TargetError."""
        if not isinstance(table, dict):
            raise TargetError(f"the context {name} in the configuration is not a table.")
        kinds = {f.name: bool if f.name == "local" else str for f in fields(cls)}
        for key, value in table.items():
            if key not in kinds or not isinstance(value, kinds[key]):
                raise TargetError(f"the context {name} in the configuration has the invalid setting {key}.")
        return cls(**table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The tokens of a signed-in user."""

    username: str
    id_token: str
    refresh_token: str | None
    """None: the provider gave none, and the login ends with its ID token."""
    with_browser: bool = False
    """Signed in with a browser, and renewed by the provider there; else signed in with a password."""


def config_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the configuration, by the XDG base directory specification."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".config") / "statusbeam"


class Contexts:
    """The file of contexts in a folder. Methods raise TargetError for a file that cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "config.toml"
        self._logins = folder / "logins.json"

    def names(self) -> list[str]:
        """All names, in the order of the file."""
        return list(self._tables())

    def current(self) -> str | None:
        """The name of the context in use."""
        name = self._document().get("current")
        return str(name) if name else None

    def get(self, name: str) -> Context:
        """One context. Raises NotFoundError."""
        tables = self._tables()
        if name not in tables:
            known = f"the contexts are {', '.join(tables)}" if tables else "there is none"
            raise NotFoundError(f"there is no context {name}: {known}.")
        return Context.of(name, tables[name])

    def add(self, name: str, context: Context) -> None:
        """Add or replace a context, and use it if it is the first one. Comments in the file stay.

        The login of a replaced context is removed: its tokens must not go to another deployment.
        """
        import tomlkit  # noqa: PLC0415 - writing is rare

        table = {key: value for key, value in asdict(context).items() if value}
        if self._tables().get(name) != table:
            self.save_login(name, None)
        document = self._editable()
        tables = document.setdefault("contexts", tomlkit.table(is_super_table=True))
        tables[name] = table
        if not document.get("current"):
            document["current"] = name
        self._write(document)

    def use(self, name: str) -> None:
        """Make a context the current one. Raises NotFoundError."""
        self.get(name)
        document = self._editable()
        document["current"] = name
        self._write(document)

    def remove(self, name: str) -> None:
        """Remove a context and its login. Raises NotFoundError."""
        self.get(name)
        document = self._editable()
        del document["contexts"][name]
        if document.get("current") == name:
            del document["current"]
        self._write(document)
        self.save_login(name, None)

    def login(self, name: str) -> Login | None:
        """The login of a context."""
        try:
            return Login(**self._read_logins()[name])
        except (KeyError, TypeError):
            return None

    def save_login(self, name: str, login: Login | None) -> None:
        """Keep a login, readable by the user only; None removes it."""
        with self._locked_logins():
            self._write_login(name, login)

    def renew_login(self, name: str, renew: Callable[[Login], Login]) -> Login:
        """Replace the login of a context by what `renew` makes of it. Raises TargetError if there is none.

        One process renews at a time. A provider may end a login whose refresh token is used twice.
        """
        with self._locked_logins():
            login = self.login(name)
            if login is None:
                raise TargetError(f"the context {name} has no login: run `statusbeam login`.")
            new = renew(login)
            if new != login:
                self._write_login(name, new)
            return new

    @contextmanager
    def _locked_logins(self) -> Iterator[None]:
        self._logins.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._logins.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write_login(self, name: str, login: Login | None) -> None:
        logins = self._read_logins()
        if login is not None:
            logins[name] = asdict(login)
        elif logins.pop(name, None) is None:
            return
        _replace(self._logins, json.dumps(logins))

    def _read_logins(self) -> dict[str, Any]:
        try:
            logins = json.loads(self._logins.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise TargetError(f"can't read {self._logins}: {error}") from error
        return logins if isinstance(logins, dict) else {}

    def _document(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise TargetError(f"can't read {self.path}: {error}") from error

    def _tables(self) -> dict[str, Any]:
        tables = self._document().get("contexts", {})
        if not isinstance(tables, dict):
            raise TargetError(f"`contexts` in {self.path} is not a table.")
        return tables

    def _editable(self) -> Any:
        import tomlkit  # noqa: PLC0415 - writing is rare

        self._tables()  # reports a read error
        return tomlkit.parse(self.path.read_text(encoding="utf-8") if self.path.exists() else "")

    def _write(self, document: Any) -> None:
        _replace(self.path, document.as_string())


def _replace(path: Path, text: str) -> None:
    """Write the file in one step."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
