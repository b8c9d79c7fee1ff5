"""Files of keys: whole, for their owner alone, and refused with a reason where they are not."""

import os
import re
import stat
import sys
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from zmq.utils import z85

from streamson.errors import InputFileError, UsageError
from streamson.keys.folder import KeyFolder
from streamson.keys.grant import Grant
from streamson.keys.key import parse_key, z85_of

KEY = "ab" * 32
OTHER = "cd" * 32
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="there are no modes")


@pytest.fixture
def folder(tmp_path):
    return KeyFolder(tmp_path / "keys")


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_the_same_in_all_its_forms(key):
    assert parse_key(key.hex()) == parse_key(key.hex().upper()) == key.hex()
    assert parse_key(z85.encode(key).decode()) == key.hex()
    assert z85.decode(z85_of(key.hex())) == key


@given(st.text(max_size=80))
def test_what_is_no_key_is_refused(text):
    assume(not re.fullmatch(r"[0-9a-fA-F]{64}|[!-~]{40}", text))
    with pytest.raises(UsageError, match="64 hex digits"):
        parse_key(text)


@on_unix
def test_a_pair_is_made_once_and_for_its_owner_alone(folder):
    before = os.umask(0)
    try:
        pair = folder.make_pair()
    finally:
        os.umask(before)
    (path,) = folder.path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert folder.pair() == pair
    assert pair.secret not in repr(pair)
    with pytest.raises(UsageError, match="this machine has a key"):
        folder.make_pair()
    assert folder.pair() == pair


def test_a_machine_without_a_key_is_told_how_to_make_one(folder):
    with pytest.raises(UsageError, match="streamson keys new"):
        folder.pair()


@on_unix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_secret_that_others_can_read_is_not_used(folder, mode):
    folder.make_pair()
    secret = folder.path / "machine.key_secret"
    secret.chmod(mode)
    with pytest.raises(InputFileError, match=rf"mode {mode:o}.*chmod 600"):
        folder.pair()


@on_unix
@pytest.mark.parametrize("which", ["keys", "keys/allowed"])
def test_a_folder_that_others_can_write_to_is_not_used(folder, tmp_path, which):
    folder.make_pair()
    folder.allow("web3", Grant(key=KEY, hear=True))
    (tmp_path / which).chmod(0o777)
    with pytest.raises(InputFileError, match=r"mode 777.*chmod 700"):
        folder.pair()
    with pytest.raises(InputFileError, match=r"mode 777.*chmod 700"):
        folder.allowed()


@on_unix
def test_a_file_that_others_can_write_to_lets_nobody_in_until_they_can_not(folder):
    before = os.umask(0)
    try:
        folder.allow("web3", Grant(key=KEY, hear=True))
    finally:
        os.umask(before)
    path = folder.path / "allowed" / "web3.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    found = folder.changed_at()
    path.chmod(0o666)
    allowed = folder.allowed()
    assert allowed.grants == {}
    assert re.search(r"web3.toml has mode 666.*chmod 644", allowed.mistakes[0])
    assert folder.changed_at() != found  # so that a listener that runs sees it
    path.chmod(0o644)
    assert list(folder.allowed().grants) == [KEY]


@on_unix
@pytest.mark.parametrize("configured", ["", "elsewhere"])
def test_a_setting_that_is_no_path_puts_no_key_into_the_current_folder(
    monkeypatch, tmp_path, configured
):
    monkeypatch.delenv("STREAMSON_KEYS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", configured)
    assert KeyFolder.of_machine().path.is_absolute()
    assert KeyFolder.of_machine().path.is_relative_to(tmp_path)


def test_this_machines_own_key_is_taken_for_a_mistake(folder):
    own = folder.make_pair().public
    with pytest.raises(UsageError, match=r"the key of this machine.*prints on web3"):
        folder.allow("web3", Grant(key=own, hear=True))
    assert folder.allowed().grants == {}


@pytest.mark.parametrize("content", ["", "curve\n", 'curve\n    public-key = "x"\n', "\0" * 99])
def test_a_broken_pair_is_said(folder, content):
    folder.make_pair()
    (folder.path / "machine.key_secret").write_text(content)
    with pytest.raises(InputFileError, match="holds no key pair"):
        folder.pair()


def test_who_is_allowed_is_kept_changed_and_revoked(folder):
    assert folder.allowed() == ({}, {}, ())
    before = folder.changed_at()
    folder.allow("web3", Grant(key=KEY, publish=("web3/*", 'a "b" \\ é'), steer=True))
    assert folder.changed_at() != before
    assert folder.allowed().grants == {
        KEY: Grant(key=KEY, publish=("web3/*", 'a "b" \\ é'), steer=True)
    }
    folder.allow("web3", Grant(key=KEY, hear=True))
    assert folder.allowed().grants == {KEY: Grant(key=KEY, hear=True)}
    before = folder.changed_at()
    assert folder.revoke(KEY.upper()) == "web3"
    assert folder.changed_at() != before
    assert folder.allowed() == ({}, {}, ())
    with pytest.raises(UsageError, match="'web3' is allowed"):
        folder.revoke("web3")


def test_a_name_has_one_key_and_a_key_one_name(folder):
    folder.allow("web3", Grant(key=KEY, hear=True))
    with pytest.raises(UsageError, match="streamson keys revoke web3"):
        folder.allow("web3", Grant(key=OTHER, hear=True))
    with pytest.raises(UsageError, match="already, as web3"):
        folder.allow("web4", Grant(key=KEY, hear=True))


@on_unix
def test_a_pipe_or_a_device_holds_nobody_up(folder):
    folder.allow("web", Grant(key=KEY, publish=("*",)))
    os.mkfifo(folder.path / "allowed" / "pipe.toml")
    (folder.path / "allowed" / "null.toml").symlink_to("/dev/null")
    (folder.path / "allowed" / "folder.toml").mkdir()
    allowed = folder.allowed()
    assert list(allowed.names.values()) == ["web"]
    assert [message.endswith("is no file; delete it") for message in allowed.mistakes] == [True] * 3
    assert folder.revoke("web") == "web"
    os.mkfifo(folder.path / "machine.key_secret", 0o600)
    with pytest.raises(InputFileError, match="is no file"):
        folder.pair()


@on_unix
def test_a_link_that_leads_nowhere_hides_no_change(folder):
    folder.allow("web", Grant(key=KEY, publish=("*",)))
    path = folder.path / "allowed" / "web.toml"
    (folder.path / "allowed" / "gone.toml").symlink_to("nowhere")
    before = folder.changed_at()
    path.write_text(path.read_text().replace('"*"', '"web/*"'))  # as it is, without another file
    assert folder.changed_at() != before


def test_what_is_allowed_or_revoked_changes_the_folder(folder):
    before = [folder.folder_changed_at()]
    folder.allow("web", Grant(key=KEY, publish=("*",)))
    before.append(folder.folder_changed_at())
    time.sleep(0.02)  # a file system's clock ticks every 4 ms or 10
    folder.allow("web", Grant(key=KEY, hear=True))
    before.append(folder.folder_changed_at())
    time.sleep(0.02)
    folder.revoke("web")
    assert len({*before, folder.folder_changed_at()}) == 4


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "-x", "a" * 65, "é", "a\n"])
def test_a_name_is_never_a_path(folder, name):
    with pytest.raises(UsageError, match="is no name"):
        folder.allow(name, Grant(key=KEY, hear=True))
    with pytest.raises(UsageError, match="is allowed"):
        folder.revoke(name)
    assert not folder.path.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("key = 5", "Expected `str`"),
        ('key = "x"', "no key"),
        (f'key = "{KEY}"\nhaer = true', "haer"),
        (f'key = "{KEY}"\npublish = "*"', "Expected `array`"),
        ("[", "nobody is let in"),
        ("\0\1", "nobody is let in"),
        (f'key = "{KEY}"\n#' + "x" * 40_000, "more than 32768 bytes"),
    ],
)
def test_a_mistake_in_a_file_lets_nobody_in_by_it_and_the_others_all_the_same(
    folder, content, words
):
    folder.allow("good", Grant(key=OTHER, hear=True))
    (folder.path / "allowed" / "web3.toml").write_text(content)
    allowed = folder.allowed()
    assert list(allowed.grants) == [OTHER]
    (mistake,) = allowed.mistakes
    assert words in mistake


def test_two_files_with_one_key_are_a_mistake(folder):
    folder.allow("a", Grant(key=KEY, hear=True))
    (folder.path / "allowed" / "b.toml").write_text(f'key = "{KEY}"\nsteer = true')
    allowed = folder.allowed()
    assert allowed.grants == {KEY: Grant(key=KEY, hear=True)}
    assert "a has the same key" in allowed.mistakes[0]
    assert folder.revoke("a") == "a"
    assert folder.allowed() == ({}, {}, ())


@pytest.mark.parametrize(
    ("pattern", "stream", "allowed"),
    [("*", "any/thing", True), ("web3/*", "web3/cpu", True), ("web3/*", "web31/cpu", False)],
)
def test_patterns_are_those_of_a_shell(pattern, stream, allowed):
    assert Grant(key=KEY, publish=("x", pattern)).may_publish(stream) is allowed
