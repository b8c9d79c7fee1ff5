"""``streamson devices``: the sound devices of this machine."""

import click


@click.command()
def command() -> int:
    """List the sound devices that --output takes; the default one has a star."""
    from streamson.output.device import output_devices  # loads PortAudio

    devices = output_devices()
    if not devices:
        click.echo('No sound device was found. "streamson doctor" says more.', err=True)
        return 0
    for device in devices:
        star = "*" if device.is_default else " "
        click.echo(
            f"{star} {device.number:3}  {device.name}  ({device.host_api}, {device.channels} "
            f"channels, {device.sample_rate} Hz, {1000 * device.latency_s:.0f} ms)"
        )
    return 0
