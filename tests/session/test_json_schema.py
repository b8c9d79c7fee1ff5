"""The JSON Schema that editors read: it refuses nothing that is allowed, and most that isn't."""

import tomllib
from importlib import resources

import jsonschema
import pytest
from hypothesis import given

from streamson.errors import SessionError
from streamson.session.load import preset_names
from streamson.session.parse.document import read_session, session_schema
from tests.session.test_session_file import TABLES, st

SCHEMA = session_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_right(name):
    file = resources.files("streamson.session") / "presets" / f"{name}.toml"
    VALIDATOR.validate(tomllib.loads(file.read_text("utf-8")))


@given(st.dictionaries(st.sampled_from(["audio", "part", "alert", "grid"]), TABLES, max_size=3))
def test_what_is_allowed_is_right(document):
    try:
        read_session(document, "my.toml")
    except SessionError:
        return
    VALIDATOR.validate(document)


@pytest.mark.parametrize(
    "text",
    [
        "[audio]\nvolume_dB = 0",
        "[audio]\nvolume_db = 13",
        "[[part]]\ntiming = 'arival'",
        "[[part]]\npitch = 60",
        "[[part]]\npitch = { feild = 'a' }",
        "[[part]]\npitch = { rescale = { mode = 'max' } }",
        "[[part]]\npitch = { transform = ['log', 'exp'] }",
        "[[part]]\ninstrument = { field = 'a', above = [[1, 'harp']] }",
        "[[instrument]]\nenvelope = { attack = 1 }",
        "[[alert]]\nabove = '1'",
        "[[alert]]\nabove = 1\nsound = 'alrm'",
    ],
)
def test_what_an_editor_can_know_is_refused(text):
    assert not VALIDATOR.is_valid(tomllib.loads(text))
