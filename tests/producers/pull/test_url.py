"""The url producer against nginx."""

import gzip
import json
import time
from itertools import pairwise
from pathlib import Path

import pytest

from streamson.producers.pull.url import command
from tests.conftest import memory_of
from tests.producers.pull.serving import (
    assert_heard_again,
    await_point,
    await_requests,
    await_told,
    certificate,
    nginx,
    refused,
)
from tests.producers.servers import words_of

QUICK = ("--interval", "0.1")


def values(producing, field="value"):
    return [point.fields[field] for point in producing.points]


def test_json_is_published_as_the_documents_show_it(web, produce):
    web.write("status.json", '{"load": 1.5, "room": {"t": "21.5 °C", "name": "hall"}}')
    words = words_of("JSON at an address", port=f"127.0.0.1:8080 -> 127.0.0.1:{web.port}")
    before = time.time()
    producing = produce(*words)
    (point,) = producing.await_points(1)
    assert point.stream == f"127.0.0.1:{web.port}/status.json"
    assert point.fields == {"load": 1.5, "room.t": 21.5}
    assert before < point.time < time.time()
    interrupted = time.monotonic()
    code, err = producing.interrupt()
    assert time.monotonic() - interrupted < 1
    assert code == 130
    assert "url: 1 point sent, 0 dropped" in err


def test_what_has_not_changed_is_asked_for_but_not_sent_again(web, produce):
    web.write("a.json", '{"x": 1}')
    producing = produce("url", web.url("a.json"), *QUICK)
    await_requests(web, producing, 6)
    assert values(producing, "x") == [1]
    web.write("a.json", '{"x": 2.5}')
    assert await_point(producing, lambda _: True, "what is new").fields == {"x": 2.5}
    await_requests(web, producing, len(web.requests()) + 3)
    assert values(producing, "x") == [1, 2.5]
    code, err = producing.interrupt()
    assert code == 130
    assert err.count("nothing has changed there") == 1
    statuses = [request[3] for request in web.requests()]
    assert statuses.count("200") == 2
    assert set(statuses) == {"200", "304"}


def test_repeat_publishes_the_last_numbers_again(web, produce):
    web.write("a.json", '{"x": 1}')
    producing = produce("url", web.url("a.json"), *QUICK, "--repeat")
    assert [point.fields for point in producing.await_points(4)] == [{"x": 1}] * 4
    statuses = [request[3] for request in web.requests()]
    assert statuses.count("200") == 1


def test_points_with_a_time_come_once_each_and_the_newest_first_of_all(web, produce):
    def show(rows):
        told = [{"time": 1.7e9 + row, "mag": row / 2, "place": f"p{row}"} for row in rows]
        web.write("a.json", json.dumps({"title": "quakes", "rows": told}))

    show([3, 2, 1])  # as many feeds do it: the newest above
    producing = produce("url", web.url("a.json"), *QUICK, "--stream", "quakes")
    producing.await_points(1)
    await_requests(web, producing, 4)
    show([6, 5, 4, 3, 2])
    producing.await_points(4)
    await_requests(web, producing, len(web.requests()) + 3)
    assert [(point.time - 1.7e9, point.fields) for point in producing.points] == [
        (row, {"mag": row / 2}) for row in (3, 4, 5, 6)
    ]


def test_things_in_a_list_are_named_by_a_template_which_is_suggested(web, produce):
    web.write("a.json", '[{"room": "hall", "t": 20, "h": 40}, {"room": "attic", "t": 25, "h": 50}]')
    producing = produce("url", web.url("a.json"))
    producing.await_points(2)
    _, err = producing.interrupt()
    assert "2 things have the same name" in err
    assert "{room}" in err
    named = produce("url", web.url("a.json"), "--stream", "{path}/{room}", "--fields", "t*")
    points = {point.stream: point.fields for point in named.await_points(2)}
    assert points == {"a.json/hall": {"t": 20}, "a.json/attic": {"t": 25}}


def test_lines_are_read_the_last_one_of_a_table(web, produce):
    texts = {
        "number.txt": ("21.5\n", {"value": 21.5}),
        "pairs.txt": ("users=3\nload: 1.5\n", {"users": 3, "load": 1.5}),
        "table.csv": ("t,h\n20,40\n21,41\n22,42\n", {"t": 22, "h": 42}),
        "lines": ('{"x": 1}\n{"x": 2}\n', {"x": 2}),
    }
    for name, (text, _) in texts.items():
        web.write(name, text)
    producing = produce("url", *(web.url(name) for name in texts), "--stream", "{path}")
    found = {point.stream: point.fields for point in producing.await_points(len(texts))}
    assert found == {name: fields for name, (_, fields) in texts.items()}


def test_several_addresses_are_several_streams(web, produce):
    for name in ("a", "b"):
        web.write(f"{name}.json", f'{{"{name}": 1}}')
    producing = produce("url", web.url("a.json"), web.url("b.json"), "--stream", "{path}")
    points = {point.stream: point.fields for point in producing.await_points(2)}
    assert points == {"a.json": {"a": 1}, "b.json": {"b": 1}}


def test_garbage_is_counted_and_survived(web, produce):
    web.write("a.json", b"\x1b]evil\x07\xff\xfe\x00 no")
    producing = produce("url", web.url("a.json"), *QUICK, "--fields", "x")
    await_requests(web, producing, 2)
    for content in ('{"x": ', '{"y": 1}', '{"x": 1.0}'):
        web.write("a.json", content)
        await_requests(web, producing, len(web.requests()) + 3)
    producing.await_points(1)
    assert values(producing, "x") == [1]
    _, err = producing.interrupt()
    assert "2 documents without numbers left out" in err
    assert "1 document without wanted fields left out" in err
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.json", None, "404 Not Found"),
        ("a.html", "<html>12 users</html>", "it is a page for people"),
        ("a.json", b"[" + b" " * 17_000_000 + b"1]", "longer than 16 MB"),
    ],
)
def test_what_is_not_there_or_no_data_is_said_once_and_then_heard(
    web, produce, name, content, reason
):
    if content is not None:
        web.write(name, content)
    producing = produce("url", web.url(name), *QUICK)
    await_requests(web, producing, 3)
    assert not producing.points
    (web.www / name).unlink(missing_ok=True)
    if not name.endswith(".html"):
        web.write(name, '{"x": 1}')
        await_point(producing, lambda point: point.fields == {"x": 1}, "a point")
    _, err = producing.interrupt()
    assert err.count(reason) == 1


def test_what_is_packed_is_bounded_as_it_unpacks(tmp_path, produce):
    packed = "location /bomb { gzip off; add_header Content-Encoding gzip; }"
    with nginx(tmp_path / "nginx", locations=packed) as web:
        web.write("bomb", gzip.compress(bytes(500_000_000), 6))
        producing = produce("url", web.url("bomb"), *QUICK)
        await_told(producing, "its answer is longer than 16 MB")
        assert memory_of(producing.process.pid) < 150_000_000


def test_headers_of_ones_own_take_the_place_of_others(web, produce):
    web.write("a.json", '{"x": 1}')
    words = ("--header", "accept: application/json", "--header", "x-name: you")
    produce("url", web.url("a.json"), *words).await_points(1)
    assert web.requests()[0][5:7] == ['"you"', '"application/json"']


def test_a_server_that_was_killed_is_heard_again(web, produce):
    web.write("a.json", '{"x": 1}')
    producing = produce("url", web.url("a.json"), *QUICK, "--repeat")
    producing.await_points(2)
    web.kill()
    said = await_told(producing, "trying until it is there")
    point = assert_heard_again(producing, web.start)
    assert point.fields == {"x": 1}
    _, err = producing.interrupt()
    assert (said + err).count("trying until it is there") == 1
    assert err.count("there again") == 1


def test_a_producer_waits_for_a_server_that_is_not_there_yet(web, produce):
    web.write("a.json", '{"x": 1}')
    web.kill()
    producing = produce("url", web.url("a.json"), *QUICK)
    await_told(producing, "nobody listens there; trying until it is there")
    assert assert_heard_again(producing, web.start).fields == {"x": 1}


def test_a_server_that_does_not_encrypt_is_told(web, produce):
    producing = produce("url", web.url("a.json").replace("http:", "https:"))
    await_told(producing, "it does not encrypt; if that is meant, say http:// or ws://")


def test_a_server_is_not_asked_sooner_than_it_says(tmp_path, produce):
    busy = "location / { add_header Retry-After 1 always; return 503; }"
    with nginx(tmp_path / "nginx", locations=busy) as web:
        producing = produce("url", web.url("a.json"), *QUICK)
        await_requests(web, producing, 3)
        moments = [float(request[0]) for request in web.requests()]
    assert all(later - sooner > 0.95 for sooner, later in pairwise(moments))


def test_secrets_go_to_the_address_alone_also_where_it_redirects(tmp_path, produce):
    closed = 'if ($http_authorization != "Bearer s3cret") { return 401; }'
    with nginx(tmp_path / "other") as other:
        other.write("b.json", '{"x": 2}')
        locations = f"location /a.json {{ {closed} }} "
        locations += f"location /away {{ {closed} return 302 {other.url('b.json')}; }}"
        with nginx(tmp_path / "nginx", locations=locations) as web:
            web.write("a.json", '{"x": 1}')
            (tmp_path / "token").write_text("s3cret\n")
            (tmp_path / "headers").write_text("X-Name: me\n")
            words = ("--token-file", "token", "--header", "@headers")
            producing = produce("url", web.url("a.json"), web.url("away"), *words)
            points = producing.await_points(2)
            assert {point.fields["x"] for point in points} == {1, 2}
            assert {tuple(request[4:7]) for request in web.requests()} == {
                ('"Bearer', 's3cret"', '"me"')
            }
            assert [request[4:6] for request in other.requests()] == [['"-"', '"-"']]
            _, err = producing.interrupt()
            assert "s3cret" not in err
            closed_out = produce("url", web.url("a.json"))
            await_told(closed_out, "401 Unauthorized (see --token-file")


def test_the_user_of_an_address_has_a_password_from_the_environment(web, produce, monkeypatch):
    monkeypatch.setenv("STREAMSON_PASSWORD", "pw")
    web.write("a.json", '{"x": 1}')
    producing = produce("url", web.url("a.json").replace("//", "//me@"))
    assert producing.await_points(1)[0].stream == f"127.0.0.1:{web.port}/a.json"
    assert web.requests()[0][4:6] == ['"Basic', 'bWU6cHc="']


def test_redirects_without_an_end_are_told(tmp_path, produce):
    with nginx(tmp_path / "nginx", locations="location / { return 302 /a; }") as web:
        producing = produce("url", web.url("a"))
        await_told(producing, "redirected more than 5 times")
        assert len(web.requests()) >= 6


def test_an_authority_of_ones_own_is_trusted_by_its_file_only(tmp_path, produce):
    made, key = certificate(tmp_path)
    locations = f"ssl_certificate {made}; ssl_certificate_key {key};"
    with nginx(tmp_path / "nginx", locations=locations, tls="ssl") as web:
        web.write("a.json", '{"x": 1}')
        trusting = produce("url", web.url("a.json"), "--ca-file", str(made))
        assert trusting.await_points(1)[0].fields == {"x": 1}
        doubting = produce("url", web.url("a.json"))
        said = await_told(doubting, "its certificate is not trusted")
        assert "--ca-file" in said
        assert not any(point.source != trusting.points[0].source for point in doubting.points)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Missing argument"),
        (("127.0.0.1:8080/a",), "did you mean http://127.0.0.1:8080/a?"),
        (("ftp://a/b",), "begins with http:// or https://"),
        (("http://me:pw@a/b",), "--password-file"),
        (("http://a:99999/",), "begins with http:// or https://"),
        (("http://a\\b/",), "begins with http:// or https://"),
        (("http://a/", "--header", "Accept"), "'NAME: VALUE' is allowed"),
        (("http://a/", "--header", "Authorization: Bearer x"), "--header @FILE"),
        (("http://a/", "--header", "@missing"), "can't be read: No such file"),
        (("http://a/", "--token-file", "missing"), "can't be read: No such file"),
        (("https://a/", "--ca-file", "missing"), "No such file"),
        (("https://a/", "--ca-file", "empty"), "found no certificate"),
        (("https://a/", "--key-file", "empty"), "needs the certificate as well"),
        (("http://a/", "--ca-file", "empty"), "is for encrypted connections"),
        (("http://a/", "--interval", "0"), "0 is not in the range"),
        (("http://a/", "--stream", "{"), "with labels in braces"),
        (("http://a/",) * 101, "up to 100 are allowed"),
    ],
)
def test_bad_options_are_explained(tmp_path, monkeypatch, words, expected):
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    assert expected in refused(command, words)


def test_a_bad_option_ends_it_with_one_message(produce):
    code, err = produce("url", "http://me:pw@127.0.0.1/").finish()
    assert code == 2
    assert err.startswith("streamson: the address: found a password in it")
    assert len(err.splitlines()) == 1
    assert "pw" not in err.replace("password", "")
