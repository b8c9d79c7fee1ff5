"""A listener's place in a notebook: shown as long as it runs, and then as it was at its end."""

import secrets
import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from streamson._faults import Faults
from streamson._optional import import_optional
from streamson.errors import MissingDependencyError, UsageError
from streamson.listener.notebook.meter import Meter
from streamson.listener.notebook.table import as_bundle
from streamson.listener.notebook.told import told
from streamson.listener.report import Reporter
from streamson.listener.steering import Steering
from streamson.model.command import Answer, Command
from streamson.output.tap import TapFanOut

TURN_S: Final = 0.25
"""How often a page is told what changed."""

SHARE: Final = 0.05
"""Telling takes at most this share of the time: of ten thousand streams it is done less often."""

PATIENCE_S: Final = 600.0
"""Once no page said for so long that it shows the widget, it is told every `QUIET_S` only. A page
says so every 20 s, and is not heard while a cell runs: ten minutes are for long ones."""

QUIET_S: Final = 30.0
"""A notebook's server keeps what is told while no page is open, some 10 kB each time."""

_PURPOSE: Final = "a listener that shows itself live in a notebook"


class Display:
    """Shows a listener in any number of outputs of a notebook.

    Parameters
    ----------
    reporter, tap, steering
        Of the listener.
    life
        Returns what `told` takes.
    faults
        Survives what goes wrong with the notebook.

    Raises
    ------
    MissingDependencyError
        anywidget is not installed.
    """

    def __init__(
        self,
        *,
        reporter: Reporter,
        tap: TapFanOut,
        steering: Steering,
        life: Callable[[], str],
        faults: Faults,
    ) -> None:
        import_optional("anywidget", "notebook", _PURPOSE)
        from streamson.listener.notebook.widget import ListenerWidget

        self._reporter = reporter
        self._steering = steering
        self._life = life
        self._faults = faults
        self._id = f"streamson-{secrets.token_hex(8)}"
        self._seen_at = monotonic()
        self._is_stopping = False
        self._wake = threading.Event()
        self._meter = Meter(tap)
        self.widget = ListenerWidget(
            carry_out=self._carry_out, on_seen=self._on_seen, told=self._told()
        )
        self._thread = threading.Thread(target=self._run, name="notebook", daemon=True)
        self._thread.start()

    def show(self) -> None:
        """Show it in the output of the cell that runs."""
        from IPython.display import display

        made = self.widget._repr_mimebundle_()
        assert made is not None  # as of widgets without a view
        bundle, metadata = made
        shown = {**bundle, **as_bundle(self.widget.told)}
        display(shown, raw=True, metadata=metadata, display_id=self._id)

    def close(self) -> None:
        """Show in all outputs how it ended, and let go of the widget. Can be called again."""
        if self._is_stopping:
            return
        self._is_stopping = True
        self._wake.set()
        self._thread.join()
        self._meter.close()
        with self._faults.surviving("a notebook"):
            from IPython.display import update_display

            # A page takes a widget away that is closed: a table stays, also in the saved notebook.
            update_display(as_bundle(self._told()), raw=True, display_id=self._id)
            self.widget.close()

    def _run(self) -> None:
        pause_s = 0.0
        while not self._is_stopping:
            if self._wake.wait(pause_s):
                self._wake.clear()
            begin = monotonic()
            with self._faults.surviving("a notebook"):
                self._steering.forget_gone()
                self.widget.told = self._told()
            end = monotonic()
            pause_s = QUIET_S if self._is_quiet else max(TURN_S, (end - begin) / SHARE)

    def _told(self) -> dict[str, Any]:
        return told(self._reporter, self._life(), self._meter.read())

    @property
    def _is_quiet(self) -> bool:
        return monotonic() - self._seen_at > PATIENCE_S

    def _on_seen(self) -> None:
        if self._is_quiet:
            self._wake.set()
        self._seen_at = monotonic()

    def _carry_out(self, command: Command) -> Answer:
        if self._is_stopping:
            raise UsageError("the listener has stopped")
        if not command.changes:
            raise UsageError("a notebook is told all by itself")
        answer = self._steering.carry_out(command)
        self._wake.set()  # so that it is shown at once
        return answer


def is_notebook() -> bool:
    """Return whether this runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def why_not_live() -> str:
    """Return what is missing for a live view, and what installs it; empty where nothing is."""
    try:
        import_optional("anywidget", "notebook", _PURPOSE)
    except MissingDependencyError as error:
        return str(error)
    return ""
