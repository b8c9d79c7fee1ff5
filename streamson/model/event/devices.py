"""The sound device, as it goes and comes back."""

from streamson.model.event.base import Event


class DeviceLost(Event, frozen=True, kw_only=True, tag="device_lost"):
    """The sound device went away.

    Attributes
    ----------
    device
        Its name.
    retry_s
        How often it is looked for.
    """

    device: str
    retry_s: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return (
            f'sound device "{self.device}" is gone; going on without sound, looking for it every '
            f"{self.retry_s:.0f} s"
        )


class DeviceBack(Event, frozen=True, kw_only=True, tag="device_back"):
    """The sound device is back.

    Attributes
    ----------
    device
        Its name.
    rates
        That it is resampled; empty where it is not.
    """

    device: str
    rates: str = ""

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f'sound device "{self.device}" is back{self.rates}'
