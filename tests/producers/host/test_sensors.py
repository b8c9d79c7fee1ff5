"""Sensors and the battery, read as the kernel's documentation of hwmon and power_supply has it."""

import shutil
from types import SimpleNamespace

import pytest

from streamson.producers.host.measured import UnavailableError
from streamson.producers.host.sensors import Battery, Sensors
from tests.producers.host.conftest import await_value, write_tree

LAPTOP = {
    "hwmon/hwmon0/name": "coretemp",
    "hwmon/hwmon0/temp1_input": 48_000,
    "hwmon/hwmon0/temp1_label": "Package id 0",
    "hwmon/hwmon0/temp2_input": 46_500,
    "hwmon/hwmon0/temp2_label": "Core 0",
    "hwmon/hwmon1/name": "nvme",
    "hwmon/hwmon1/temp1_input": 38_850,
    "hwmon/hwmon2/name": "nvme",
    "hwmon/hwmon2/temp1_input": 41_850,
    "hwmon/hwmon3/name": "thinkpad",
    "hwmon/hwmon3/fan1_input": 2_712,
    "power_supply/AC/type": "Mains",
    "power_supply/AC/online": 0,
    "power_supply/BAT0/type": "Battery",
    "power_supply/BAT0/status": "Discharging",
    "power_supply/BAT0/capacity": 87,
    "power_supply/BAT0/energy_now": 39_150_000,
    "power_supply/BAT0/energy_full": 45_000_000,
    "power_supply/BAT0/power_now": 7_800_000,
}
EVERYTHING = {
    "me/temperature/coretemp/Package id 0": {"celsius": 48},
    "me/temperature/coretemp/Core 0": {"celsius": 46.5},
    "me/temperature/nvme": {"celsius": 38.85},
    "me/temperature/nvme 2": {"celsius": 41.85},
    "me/fan/thinkpad": {"rpm": 2_712},
    "me/battery": {"percent": 87, "plugged": 0},
}
WORDS = "--interval 0.1 --only temperatures,fans,battery"


def test_sensors_are_published_by_chip_and_label(produce_on, tmp_path):
    laptop = write_tree(tmp_path / "class", LAPTOP)
    system = produce_on({"/sys/class": laptop}, WORDS)
    points = system.await_points(2 * len(EVERYTHING))
    assert {point.stream: dict(point.fields) for point in points} == EVERYTHING
    (laptop / "hwmon/hwmon0/temp1_input").write_text("91000\n")
    await_value(system, "me/temperature/coretemp/Package id 0", "celsius", 91)
    (laptop / "power_supply/AC/online").write_text("1\n")
    await_value(system, "me/battery", "plugged", 1)
    (laptop / "power_supply/BAT0/capacity").write_text("88\n")
    (laptop / "power_supply/BAT0/energy_now").write_text("39600000\n")
    await_value(system, "me/battery", "percent", 88)
    assert system.interrupt()[0] == 130


def test_a_sensor_that_breaks_or_goes_is_left_out_and_the_others_go_on(produce_on, tmp_path):
    laptop = write_tree(tmp_path / "class", LAPTOP)
    system = produce_on({"/sys/class": laptop}, WORDS)
    system.await_points(len(EVERYTHING))
    (laptop / "hwmon/hwmon0/temp2_input").write_text("\x00garbage\n")
    shutil.rmtree(laptop / "hwmon/hwmon1")
    shutil.rmtree(laptop / "power_supply/BAT0")
    (laptop / "hwmon/hwmon3/fan1_input").write_text("2800\n")
    await_value(system, "me/fan/thinkpad", "rpm", 2_800)
    system.points.clear()
    points = system.await_points(9)
    assert {point.stream for point in points[3:]} == {
        "me/temperature/coretemp/Package id 0",
        "me/temperature/nvme",  # the only one that is left
        "me/fan/thinkpad",
    }
    shutil.rmtree(laptop / "hwmon")
    shutil.rmtree(laptop / "power_supply")
    write_tree(laptop, LAPTOP)
    await_value(system, "me/battery", "percent", 87)
    await_value(system, "me/temperature/coretemp/Core 0", "celsius", 46.5)
    assert system.interrupt()[0] == 130


@pytest.mark.parametrize(
    ("only", "reason"),
    [
        (
            "temperature/c*",
            "temperature/c*: none found on this machine; a virtual machine has none",
        ),
        ("battery", "battery: this machine has none"),
    ],
)
def test_what_a_machine_does_not_have_is_said(produce_on, tmp_path, only, reason):
    (tmp_path / "class").mkdir()
    code, err = produce_on({"/sys/class": tmp_path / "class"}, f"--only cpu,{only}").finish()
    assert code == 2
    assert f"--only: {reason}" in err
    assert "streamson produce system --only all --dry-run" in err


def test_all_is_what_there_is(produce_on, tmp_path):
    (tmp_path / "class").mkdir()
    system = produce_on({"/sys/class": tmp_path / "class"}, "--only all --interval 0.1")
    await_value(system, "me/cpu", "percent", lambda percent: percent >= 0)
    code, err = system.interrupt()
    assert code == 130
    assert "system: not measured: " in err
    assert "battery (this machine has none)" in err
    assert "fans (none found on this machine; " in err
    assert "processes (say which: --process NAME)" in err


def test_where_psutil_can_not_read_sensors_it_is_said():
    macos = SimpleNamespace()
    with pytest.raises(UnavailableError, match="psutil can't read them on this system"):
        Sensors(macos, "sensors_temperatures", "temperature", "celsius")
    with pytest.raises(UnavailableError, match="psutil can't read it on this system"):
        Battery(macos)
