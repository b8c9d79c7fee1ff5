"""The widget: what a page shows and sends back; the page itself is `page/`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anywidget
import msgspec
import traitlets

from streamson.errors import StreamsonError
from streamson.model.command import Answer, Command
from streamson.wire.control.client import decode_command

PAGE: Final = Path(__file__).parent / "page"

SEEN: Final = "seen"
"""What a page says now and then as long as it shows the widget."""


class ListenerWidget(anywidget.AnyWidget):
    """A listener on the page of a notebook.

    Parameters
    ----------
    carry_out
        Does what a command says.
    on_seen
        Is called whenever a page says that it shows the widget, or sends a command.
    told
        What is shown first.
    """

    _esm = PAGE / "widget.js"
    _css = PAGE / "widget.css"
    told = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        *,
        carry_out: Callable[[Command], Answer],
        on_seen: Callable[[], None],
        told: dict[str, Any],
    ) -> None:
        super().__init__(told=told)
        self._carry_out = carry_out
        self._on_seen = on_seen
        self.on_msg(self._receive)

    def _receive(self, _widget: object, message: object, _buffers: object) -> None:
        self._on_seen()
        if message == SEEN:
            return
        try:
            answer = self._carry_out(decode_command(msgspec.json.encode(message)))
            said = {"ok": answer.ok, "text": answer.text}
        except StreamsonError as error:
            said = {"ok": False, "text": str(error)}
        self.send(said)
