"""The folder of keys: ``machine.key_secret``, and a file in ``allowed`` for each key let in."""

import os
import re
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

import click
import msgspec

from streamson.errors import InputFileError, OutputFileError, StreamsonError, UsageError, nearest
from streamson.formats.atomic import write_atomically
from streamson.keys.grant import Grant
from streamson.keys.key import KeyPair, parse_key

VARIABLE: Final = "STREAMSON_KEYS"
"""Names another folder, for services and for tests."""

MAX_NAME_CHARS: Final = 64
MAX_ALLOWED: Final = 10_000
"""Keys that are let in; others are left out, and said."""

MAX_GRANT_BYTES: Final = 32 << 10

_NAME: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME_CHARS - 1}}}")
_PAIR: Final = "machine"
_GRANT_MODE: Final = 0o644
"""No secret is in it, and a service reads what root has written."""

_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022


class Allowed(NamedTuple):
    """Who is let in.

    Attributes
    ----------
    grants
        By public key.
    names
        Of the keys, for a person.
    mistakes
        In files that say nothing therefore, a sentence each.
    """

    grants: dict[str, Grant]
    names: dict[str, str]
    mistakes: tuple[str, ...]


class KeyFolder:
    """A machine's keys.

    Parameters
    ----------
    path
        The folder, which need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._secret = path / f"{_PAIR}.key_secret"
        self._allowed = path / "allowed"

    @classmethod
    def of_machine(cls) -> Self:
        """Return the one that all commands use: where ``STREAMSON_KEYS`` says, else the user's."""
        if named := os.environ.get(VARIABLE):
            return cls(Path(named))
        configured = Path(click.get_app_dir("streamson"))
        if not configured.is_absolute():  # of an XDG_CONFIG_HOME that its specification ignores
            configured = Path.home() / ".config" / "streamson"
        return cls(configured / "keys")

    def make_pair(self) -> KeyPair:
        """Make the machine's key pair.

        Raises
        ------
        UsageError
            There is one.
        OutputFileError
            It can't be written.
        InputFileError
            Others can write to the folder.
        """
        from zmq.auth import create_certificates

        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_folder()
            # It is written readable for all (pyzmq 27): so in a folder that is nobody else's, and
            # a link fails where somebody else made one meanwhile.
            with tempfile.TemporaryDirectory(dir=self.path) as aside:
                _, secret = create_certificates(aside, _PAIR)
                os.chmod(secret, 0o600)
                os.link(secret, self._secret)
        except FileExistsError:
            raise UsageError(
                f"this machine has a key: {self._secret}. Delete it first, if it is to have "
                "another, which all others have to learn"
            ) from None
        except OSError as error:
            raise OutputFileError(
                f"can't make a key in {self.path}: {error.strerror}; {VARIABLE} names another "
                "folder"
            ) from None
        return self.pair()

    def pair(self) -> KeyPair:
        """Return the machine's key pair.

        Raises
        ------
        UsageError
            It has none.
        InputFileError
            It can't be read, or others can read or change it.
        """
        from zmq.auth import load_certificate
        from zmq.utils import z85

        try:
            found = self._secret.stat()
        except FileNotFoundError:
            raise UsageError(
                f"this machine has no key ({self._secret}); make it with: streamson keys new"
            ) from None
        except OSError as error:
            raise InputFileError(f"can't read {self._secret}: {error.strerror}") from None
        self._check_folder()
        _check_kind(self._secret, found)
        if sys.platform != "win32":
            if found.st_mode & _OTHERS:
                raise InputFileError(
                    f"{self._secret} has mode {found.st_mode & 0o777:o}: others can read the "
                    f"secret key; 600 is allowed: chmod 600 {self._secret}"
                )
            _check_owner(self._secret, found.st_uid)
        try:
            public, secret = load_certificate(self._secret)
            return KeyPair(z85.decode(public).hex(), z85.decode(secret or b"").hex())
        except OSError as error:
            raise InputFileError(f"can't read {self._secret}: {error.strerror}") from None
        except (ValueError, KeyError, IndexError):
            raise InputFileError(
                f"{self._secret} holds no key pair; delete it, and make one with: streamson keys "
                "new"
            ) from None

    def allow(self, name: str, grant: Grant) -> None:
        """Let a key in, or change what it may.

        Raises
        ------
        UsageError
            The name is none, or has another key, or the key another name, or is this machine's.
        OutputFileError
            It can't be written.
        """
        _check_name(name)
        if grant.key == self._own_key():
            raise UsageError(
                f"that is the key of this machine, whose programs may do all here; {name}'s is "
                f"what 'streamson keys show' prints on {name}"
            )
        allowed = self.allowed()
        by_name = {found: key for key, found in allowed.names.items()}
        if by_name.get(name, grant.key) != grant.key:
            raise UsageError(
                f"{name} has another key, {by_name[name]}; take it away first: "
                f"streamson keys revoke {name}"
            )
        if allowed.names.get(grant.key, name) != name:
            raise UsageError(f"the key is allowed already, as {allowed.names[grant.key]}")
        path = self._allowed / f"{name}.toml"
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_folder()
            self._allowed.mkdir(mode=0o700, exist_ok=True)
            write_atomically(path, _toml(grant).encode(), mode=_GRANT_MODE)
        except OSError as error:
            raise OutputFileError(f"can't write {path}: {error.strerror}") from None

    def revoke(self, name_or_key: str) -> str:
        """Let a key in no more, wherever it is connected; return its name.

        No file lets it in afterwards: where another tool wrote a second one, that goes too.

        Raises
        ------
        UsageError
            There is none.
        OutputFileError
            Its file can't be deleted.
        """
        names = self.allowed().names
        name = names.get(name_or_key.lower(), name_or_key)
        path = self._allowed / f"{name}.toml"
        if not _NAME.fullmatch(name) or not path.is_file():
            raise UsageError(
                f"no key {name_or_key!r} is allowed{nearest(name_or_key, names.values())}; "
                "'streamson keys list' shows those that are"
            )
        for one in (path, *self._others_with_key_of(path)):
            try:
                one.unlink()
            except OSError as error:
                raise OutputFileError(f"can't delete {one}: {error.strerror}") from None
        return name

    def allowed(self) -> Allowed:
        """Return who is let in: as the files say now.

        Raises
        ------
        InputFileError
            The folder can't be read, or others can write to it.
        """
        grants: dict[str, Grant] = {}
        names: dict[str, str] = {}
        mistakes = []
        try:
            paths = sorted(self._allowed.glob("*.toml")) if self._allowed.is_dir() else []
        except OSError as error:
            raise InputFileError(f"can't read {self._allowed}: {error.strerror}") from None
        if paths:
            self._check_folder()
        if len(paths) > MAX_ALLOWED:
            mistakes.append(
                f"{self._allowed}: found {len(paths)} keys; {MAX_ALLOWED} are allowed, the others "
                "are left out"
            )
        for path in paths[:MAX_ALLOWED]:
            try:
                grant = _read(path)
            except InputFileError as error:
                mistakes.append(str(error))
                continue
            if grant.key in grants:
                mistakes.append(f"{path}: {names[grant.key]} has the same key; it is left out")
                continue
            grants[grant.key], names[grant.key] = grant, path.stem
        return Allowed(grants, names, tuple(mistakes))

    def changed_at(self) -> object:
        """Return what differs once a file of `allowed` was written or deleted, or a mode set.

        It asks the system for each file: some 45 ms for 10,000.
        """
        modes = [_stat(folder, "st_mode", "st_uid") for folder in (self.path, self._allowed)]
        try:
            entries = sorted(os.scandir(self._allowed), key=lambda entry: entry.name)
        except OSError:
            return modes
        fields = ("st_mtime_ns", "st_mode", "st_size", "st_ino")
        return modes, [(entry.name, _stat(entry.path, *fields)) for entry in entries]

    def folder_changed_at(self) -> object:
        """Return what differs once a file was made, replaced or deleted in `allowed`: at once.

        So `allow` and `revoke` do. What is written into a file as it is, or its mode, tells
        `changed_at` alone.
        """
        return _stat(self._allowed, "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev")

    def _own_key(self) -> str | None:
        """Return this machine's public key, if it has one that can be read."""
        try:
            return self.pair().public
        except StreamsonError:
            return None

    def _others_with_key_of(self, path: Path) -> list[Path]:
        """Return the other files that would let the key of a file in."""
        keys = {}
        for one in self._allowed.glob("*.toml"):
            with suppress(InputFileError):  # it lets nobody in
                keys[one] = _read(one).key
        return [one for one, key in keys.items() if one != path and key == keys.get(path)]

    def _check_folder(self) -> None:
        """Raise `InputFileError` where others could put a key into the folder."""
        if sys.platform == "win32":
            return
        for folder in (self.path, self._allowed):
            try:
                found = folder.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise InputFileError(f"can't read {folder}: {error.strerror}") from None
            if found.st_mode & _OTHERS_WRITE:
                raise InputFileError(
                    f"{folder} has mode {found.st_mode & 0o777:o}: others could put keys there; "
                    f"700 is allowed: chmod 700 {folder}"
                )
            _check_owner(folder, found.st_uid)


def _stat(path: Path | str, *fields: str) -> tuple[int, ...] | None:
    """Return fields of what the system says of a file; None where it says nothing."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return tuple(getattr(found, field) for field in fields)


def _check_kind(path: Path, found: os.stat_result) -> None:
    """Raise `InputFileError` for a pipe or a device: who reads it might wait for ever."""
    if not stat.S_ISREG(found.st_mode):
        raise InputFileError(f"{path} is no file; delete it")


def _check_owner(path: Path, owner: int) -> None:
    if owner not in (os.geteuid(), 0):
        raise InputFileError(
            f"{path} belongs to user {owner}; it has to be this user's ({os.geteuid()}), or root's"
        )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name; letters, digits, '.', '-' and '_' are allowed, "
            f"{MAX_NAME_CHARS} at most, such as web3"
        )


def _check_writers(path: Path, found: os.stat_result) -> None:
    """Raise `InputFileError` where others can write to a file."""
    if sys.platform == "win32":
        return
    if found.st_mode & _OTHERS_WRITE:
        raise InputFileError(
            f"{path} has mode {found.st_mode & 0o777:o}: others could change whom it lets in; 644 "
            f"is allowed: chmod 644 {path}"
        )
    _check_owner(path, found.st_uid)


def _check_size(content: bytes) -> None:
    if len(content) > MAX_GRANT_BYTES:
        raise UsageError(f"more than {MAX_GRANT_BYTES} bytes")


def _read(path: Path) -> Grant:
    try:
        _check_kind(path, path.stat())  # to open a device may do something already
        with open(path, "rb", opener=_open_at_once) as file:
            _check_kind(path, os.fstat(file.fileno()))  # it may be another one by now
            _check_writers(path, os.fstat(file.fileno()))
            content = file.read(MAX_GRANT_BYTES + 1)
        _check_size(content)
        grant = msgspec.toml.decode(content, type=Grant)
        _check_name(path.stem)
        return msgspec.structs.replace(grant, key=parse_key(grant.key))
    except OSError as error:
        raise InputFileError(f"can't read {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, ValueError, UsageError) as error:
        raise InputFileError(f"{path}: {error}; nobody is let in by it") from None


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for who writes to it, where it is a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _toml(grant: Grant) -> str:
    """Return a grant's file; a JSON text is one of TOML too."""
    patterns = ", ".join(msgspec.json.encode(pattern).decode() for pattern in grant.publish)
    return (
        f'key = "{grant.key}"\n'
        f"publish = [{patterns}]\n"
        f"hear = {str(grant.hear).lower()}\n"
        f"steer = {str(grant.steer).lower()}\n"
    )
