"""Who may connect: the keys that ZeroMQ's CURVE proves, and what each is allowed (RFC 26 and 27).

pyzmq's authenticator answers ZeroMQ, in a thread of its own; asked it is at each connection. What
is allowed is read again when the files change, so that a key that was revoked counts no more.
"""

import logging
import threading
import time
from functools import lru_cache
from typing import Final

import zmq
from zmq.auth.thread import ThreadAuthenticator

from streamson._faults import Faults
from streamson._printable import printable
from streamson._rate_limited_log import INTERVAL_S, RateLimitedLog
from streamson.errors import StreamsonError
from streamson.keys.folder import Allowed, KeyFolder
from streamson.keys.grant import OPTIONS, ROLES, Grant, Role
from streamson.keys.key import z85_of

LOOK_S: Final = 0.25
"""Time between two looks at the files: so long a revoked key may still be heard."""

LOOK_SHARE: Final = 0.02
"""Of a core is what it may take to look at each file. What was made, replaced or deleted is seen at
the next look all the same, by the folder."""

MAX_KNOWN_STREAMS: Final = 65_536
"""Pairs of a key and a stream of which it is remembered whether it may publish it."""

MAX_FORMER: Final = 1_000
"""Keys that were revoked and whose names are remembered."""

MAX_TOLD: Final = 50
"""Keys that were refused within a minute and have a line of their own in the log."""

_NOBODY: Final = Allowed({}, {}, ())

_log = logging.getLogger(__name__)


class Gatekeeper:
    """Lets those in whose keys are allowed, to sockets of a context of its own.

    Parameters
    ----------
    folder
        Of the keys.

    Attributes
    ----------
    public_key
        This machine's.
    context
        ZeroMQ asks one gatekeeper in each: so the sockets have to be of this one.
    refused
        Connections that were not let in.
    revocations
        Grows when somebody may do less than before.
    changes
        Grows when the files say something else.

    Raises
    ------
    UsageError
        This machine has no key.
    InputFileError
        The keys can't be read, or others can change them.
    """

    def __init__(self, folder: KeyFolder) -> None:
        self.refused = 0
        self.revocations = self.changes = 0
        self._folder = folder
        self._pair = folder.pair()
        self.public_key = self._pair.public
        self._limited = RateLimitedLog(_log)
        self._allowed = _NOBODY
        self._read_at: object = _NOBODY  # never what the folder says
        self._folder_at: object = _NOBODY
        self._due = self._files_due = 0.0
        self._reading = threading.Lock()
        self._known_streams = lru_cache(MAX_KNOWN_STREAMS)(self._publishes)
        self._told: dict[str, float] = {}
        self._told_at: dict[str, float] = {}
        self._granted_at: dict[str, float] = {}
        self._former: dict[str, str] = {}
        self.look()
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._authenticator = _Authenticator(self)
        self._authenticator.start()

    def secure(self, socket: zmq.Socket[bytes], role: Role) -> None:
        """Let only those connect to a socket who have a role; before it is bound."""
        # Where nobody answers ZeroMQ, it would let everybody in who knows the public key.
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, z85_of(self._pair.secret))
        socket.setsockopt(zmq.CURVE_PUBLICKEY, z85_of(self._pair.public))
        socket.setsockopt_string(zmq.ZAP_DOMAIN, role)

    def look(self) -> None:
        """Read the files again where they changed, at most every `LOOK_S`."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + LOOK_S
            self._read()

    def _read(self) -> None:
        with self._reading:  # else what one thread read first might be what counts last
            self._read_anew()

    def _read_anew(self) -> None:
        begin_s = time.monotonic()
        folder_at = self._folder.folder_changed_at()
        if folder_at == self._folder_at and begin_s < self._files_due:
            return
        self._folder_at, read_at = folder_at, self._folder.changed_at()
        now = time.monotonic()
        self._files_due = now + max(LOOK_S, (now - begin_s) / LOOK_SHARE)
        if read_at == self._read_at:
            return
        before, names = self._allowed.grants, self._allowed.names
        try:
            self._allowed = self._folder.allowed()
        except StreamsonError as error:
            self._allowed = _NOBODY
            self._limited.warning("folder", "nobody is let in: %s", error)
        self._read_at = read_at
        for mistake in self._allowed.mistakes:
            self._limited.warning("mistake", "%s", printable(mistake))
        after = self._allowed.grants
        for key in before.keys() - after.keys():
            self._former.pop(key, None)  # so that it comes last
            self._former[key] = names[key]
            if len(self._former) > MAX_FORMER:
                del self._former[next(iter(self._former))]
        self.changes += 1
        self._granted_at = {
            key: self._granted_at[key] if grant == before.get(key) else now
            for key, grant in after.items()
        }
        self._told_at = {key: when for key, when in self._told_at.items() if key in after}
        self.revocations += any(
            grant.may(role) and not (key in after and after[key].may(role))
            for key, grant in before.items()
            for role in ROLES
        )

    def may(self, key: str, role: Role) -> bool:
        """Return whether a key has a role now; this machine's own has all."""
        if key == self._pair.public:
            return True
        grant = self._allowed.grants.get(key)
        return grant is not None and grant.may(role)

    def may_publish(self, key: str, stream: bytes) -> bool:
        """Return whether a key may publish points of a stream, whose name is given in UTF-8."""
        return self._known_streams(self.changes, key, stream)

    def name_of(self, key: str) -> str:
        """Return what a key is called here, or was until it was revoked; else the key."""
        return self._allowed.names.get(key) or self._former.get(key, key)

    def grant_of(self, key: str) -> Grant | None:
        """Return what a key is allowed now, if it is; this machine's own has no grant."""
        return self._allowed.grants.get(key)

    def had_another(self, key: str) -> bool:
        """Return whether a key was allowed something else when it came, or was told last."""
        return self._granted_at.get(key, 0.0) > self._told_at.get(key, 0.0)

    def has_told(self, key: str) -> None:
        """Take in that who has a key knows what it may since now."""
        self._told_at[key] = time.monotonic()

    def lets_in(self, key: str, role: Role, address: str) -> bool:
        """Return whether who just connected may stay, and say it where not."""
        if not self.may(key, role):
            self._read()  # it may be allowed since a moment ago
        if self.may(key, role):
            self.has_told(key)
            return True
        self.refused += 1
        name, grant = self._allowed.names.get(key), self.grant_of(key)
        if name is None or grant is None:
            who, what = f"the key {key} is not allowed here", f"allow NAME {key}"
        else:
            who = f"the key of {name} may not {role} here"
            what = f"allow {name} {key} {grant.options()}"  # else it would lose what it may
        line = "refused a connection from %s: %s; to let it in: streamson keys %s %s"
        arguments = (printable(address), who, what, OPTIONS[role])
        if self._is_due(key):
            _log.warning(line, *arguments)
        elif key not in self._told:
            self._limited.warning("refused", line, *arguments)
        return False

    def close(self) -> None:
        """End the thread and the context; after the sockets were closed."""
        self._authenticator.stop()
        self.context.term()
        self._limited.flush()

    def _is_due(self, key: str) -> bool:
        """Return whether a key has a line of its own: of each once a minute, and not of many."""
        now = time.monotonic()
        self._told = {one: due for one, due in self._told.items() if due > now}
        if key in self._told or len(self._told) >= MAX_TOLD:
            return False
        self._told[key] = now + INTERVAL_S
        return True

    def _publishes(self, _changes: int, key: str, stream: bytes) -> bool:
        """Return as `may_publish`: what is remembered counts until the files say something else."""
        if key == self._pair.public:
            return True
        grant = self._allowed.grants.get(key)
        return grant is not None and grant.may_publish(stream.decode(errors="replace"))


class _Authenticator(ThreadAuthenticator):
    """pyzmq's, which also knows from where somebody connects."""

    def __init__(self, gatekeeper: Gatekeeper) -> None:
        # Its own log tells less than the gatekeeper's.
        super().__init__(gatekeeper.context, log=logging.getLogger("zmq.auth"))
        self._gatekeeper = gatekeeper
        self._address = ""
        self._faults = Faults()

    def start(self) -> None:
        """Begin to answer."""
        for role in ROLES:
            self.configure_curve_callback(role, self)
        super().start()

    def curve_user_id(self, client_public_key: bytes) -> str:
        """Return what each message's ``User-Id`` is to be."""
        return client_public_key.hex()

    async def handle_zap_message(self, msg: list[bytes]) -> None:
        """Answer ZeroMQ, of which one asks at a time."""
        self._address = msg[3].decode(errors="replace") if len(msg) > 3 else ""
        await super().handle_zap_message(msg)

    def callback(self, domain: Role, key: bytes) -> bool:
        """Return whether a key, in Z85, is let in."""
        from zmq.utils import z85

        try:
            return self._gatekeeper.lets_in(z85.decode(key).hex(), domain, self._address)
        except Exception as error:  # that ended the thread, and nobody would be let in any more
            self._faults.survive(error, "a connection")
            return False
