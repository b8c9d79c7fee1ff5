"""What a session file may say of bands and beacons, and what it is told where it may not."""

import pytest

from streamson.errors import SessionError
from streamson.model.feed import PartLegend
from streamson.score.legend import legend, part_legend
from streamson.session.load import load_session
from streamson.session.schema import Bands, Beacon
from streamson.session.template import SeenStream, session_template


@pytest.fixture
def part(tmp_path):
    def read(text):
        path = tmp_path / "s.toml"
        path.write_text(f"[[part]]\n{text}\n")
        return load_session(path)

    return read


def test_they_are_read(part):
    assert part("").parts[0].bands is None
    (found,) = part("bands = [70, 90]\nbeacon = 50").parts
    assert (found.bands, found.beacon) == (Bands(70.0, 90.0), Beacon(50.0, every=8.0))
    (found,) = part(
        'bands = { field = "percent", limits = [20, 10.5] }\n'
        'beacon = { value = -3, every = "2min", field = "x" }'
    ).parts
    assert found.bands == Bands(20.0, 10.5, "percent")
    assert found.beacon == Beacon(-3.0, 120.0, "x")
    assert part("bands = { field = 2, limits = [1, 2] }").parts[0].bands == Bands(1, 2, 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bands = [70]", r"part 1, bands: found \[70\]; allowed: \[near, beyond\], two different"),
        ("bands = [70, 70]", r"two different finite numbers"),
        ("bands = [70, inf]", r"two different finite numbers"),
        ("bands = 70", r"found 70; allowed: \[near, beyond\], or a table with the keys field"),
        ("bands = { limits = [1, 2] }", r'bands: found no field; allowed: \{ field = "percent", '),
        ('bands = { field = "x" }', "bands: found no limits; allowed"),
        ('bands = { field = "x", limit = [1, 2] }', 'unknown key "limit"; .*limits'),
        ('pitch = { value = "C4" }\nbands = [1, 2]', "found limits with a constant pitch; name"),
        ('beacon = "50"', 'beacon: found "50"; allowed: a number, or a table'),
        ("beacon = nan", "beacon: found nan; allowed: a number"),
        ("beacon = { every = 5 }", "beacon: found no value"),
        ("beacon = { value = inf }", "beacon.value: found inf; allowed: a finite number"),
        ("beacon = { value = 1, every = 0.5 }", "every: found 0.5; allowed: a time such as .*1 to"),
        ('pitch = { value = "C4" }\nbeacon = 1', "found a beacon with a constant pitch"),
    ],
)
def test_what_cannot_be_is_refused_with_what_may(part, text, says):
    with pytest.raises(SessionError, match=says):
        part(text)


def test_a_constant_pitch_may_have_bands_of_a_field(part):
    assert part('pitch = { value = "C4" }\nbands = { field = "x", limits = [1, 2] }').parts


def test_the_legend_tells(part):
    session = part('pitch = { field = "percent" }\nbands = [70, 90]\nbeacon = 50')
    ((_, line),) = legend(session, {"cpu": ("percent",)})
    assert line == (
        "cpu: percent -> pitch G3..C6 (0..100), near from 70, beyond from 90, "
        "beacon at 50 every 8 s, sine"
    )
    told = part_legend(session.parts[0], ["percent"])
    assert (told.bands, told.beacon) == ((70.0, 90.0), 50.0)
    falling = part('bands = { field = "free", limits = [0.2, 0.1] }\nbeacon = { value = 50 }')
    ((_, line),) = legend(falling, {"disk": ("x", "free")})
    assert "free near from 0.2 down, beyond from 0.1 down, beacon at 50" in line


def test_the_legend_is_silent_where_a_stream_has_no_such_field(part):
    session = part(
        'bands = { field = "percent", limits = [70, 90] }\n'
        'beacon = { value = 50, field = "percent" }'
    )
    ((_, line),) = legend(session, {"net": ("sent", "received")})
    assert "near" not in line
    assert "beacon" not in line
    told = part_legend(session.parts[0], ["sent"])
    assert (told.bands, told.beacon) == (None, None)
    assert part_legend(session.parts[0], ["percent"]).bands == (70.0, 90.0)


def test_a_legend_of_before_is_read():
    """Whoever looks on may be newer than the listener, or older."""
    assert PartLegend(instrument="sine", follows=(), text="").bands is None


def test_the_monitor_has_them_for_percentages_alone():
    session = load_session("monitor")
    told = dict(legend(session, {"cpu": ("percent",), "net": ("sent", "received")}))
    assert "percent near from 70, beyond from 90, beacon at 50 every 30 s" in told["cpu"]
    assert "near" not in told["net"]
    assert "beacon" not in told["net"]


def test_a_template_offers_them_for_percentages_alone(tmp_path):
    cpu, net = SeenStream(), SeenStream()
    cpu.see({"percent": 3.0})
    net.see({"sent": 3.0})
    text = session_template({"cpu": cpu, "net": net}, endpoint="here", seconds=1.0)
    assert text.count("# bands = [70, 90]") == text.count("# beacon = 50") == 1
    path = tmp_path / "s.toml"
    path.write_text(text.replace("# bands", "bands").replace("# beacon", "beacon"))
    first, second = load_session(path).parts
    assert (first.bands, first.beacon) == (Bands(70, 90), Beacon(50))
    assert (second.bands, second.beacon) == (None, None)
