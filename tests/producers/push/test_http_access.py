"""Who may send by HTTP, and who may not: tokens, pages of others, names that lead here."""

import base64
import socket
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from streamson.producers.push.access import Access
from tests.producers.push.serving import JSON, Serving
from tests.producers.servers import documented

TOKEN = "sesame-ö"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_another_address_than_this_machines_own_needs_a_token(produce):
    code, err = produce("http", "--address", "0.0.0.0:0").finish()
    assert code == 2
    assert "--address: found 0.0.0.0:0, which others reach; that is allowed with a token" in err
    assert "--token-file FILE" in err
    assert "STREAMSON_TOKEN" in err


def test_who_may_send_from_elsewhere_is_told_where_and_how(produce, tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    http = produce("http", "--address", "0.0.0.0:0", "--token-file", "token")
    told = http.process.stderr.readline()
    assert told.startswith(f"http: send numbers to http://{socket.gethostname()}:")
    assert told.endswith("/NAME, with the header Authorization: Bearer TOKEN\n")


def test_who_has_the_token_may_send_from_anywhere_and_nobody_else(produce, tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    serving = Serving(produce, "--token-file", "token")
    shown = TOKEN.encode().decode("latin-1")  # as http.client writes a header's bytes
    for value in (f"Bearer {shown}", f"Token {shown}", f"token  {shown} ", basic("me", TOKEN)):
        headers = {**JSON, "Authorization": value, "Host": "streamson.example:80"}
        assert serving.post("/a", {"x": 1}, headers).status == 204, value
    for value in ("Bearer", "Bearer sesame", f"Digest {shown}", basic(TOKEN, ""), "Basic =", shown):
        status, text, headers = serving.post("/a", {"x": 2}, {"Authorization": value})
        assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="streamson"'), value
        assert text.startswith("this is not the token: send it as a header, Authorization: Bearer")
    assert serving.post(f"/a?token={quote(TOKEN)}", {"x": 2}).status == 401
    status, text, _ = serving.request("GET", "/", headers={})
    assert (status, text[:17]) == (401, "a token is needed")
    assert serving.points(4) == [("a", {"x": 1})] * 4
    _, err = serving.producing.interrupt()
    assert "http: 8 requests without the token left out\n" in err
    assert "sesame" not in err


def test_the_token_may_come_from_the_environment(produce, monkeypatch):
    monkeypatch.setenv("STREAMSON_TOKEN", "sesame")
    serving = Serving(produce)
    assert serving.post("/a", {"x": 1}).status == 401
    assert serving.post("/a", {"x": 1}, {"Authorization": "Bearer sesame"}).status == 204


def test_no_page_of_another_site_may_send_and_no_name_that_leads_here(produce):
    serving = Serving(produce)
    own = f"127.0.0.1:{serving.port}"
    for headers in (
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://[bad"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "example.org"},
        {"Host": f"example.org:{serving.port}"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": "192.168.1.7"},
        {"Host": ""},
        {"Host": "[::1"},
    ):
        # What a page may send to others without asking first.
        status, _, answered = serving.post("/a", {"x": 2}, {"Content-Type": "text/plain"} | headers)
        assert status in (400, 403), headers
        assert "Access-Control-Allow-Origin" not in answered
    for headers in (
        {"Origin": f"http://{own}", "Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost"},
        {"Host": f"LOCALHOST:{serving.port}"},
        {"Host": "[::1]:5590"},
        {"Host": "127.0.0.2"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert serving.post("/a", {"x": 1}, headers).status == 204, headers
    assert serving.points(6) == [("a", {"x": 1})] * 6


@example({"authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()})
@given(
    st.dictionaries(
        st.sampled_from(["host", "origin", "authorization", "sec-fetch-site"]),
        st.text()
        | st.text("0123456789abcdef.:[]%@/\\#?").map(lambda text: f"http://{text}")
        | st.binary().map(lambda data: "Basic " + base64.b64encode(data).decode()),
    )
)
def test_whatever_headers_say_nobody_gets_in_without_the_token(headers):
    assert Access("the token that nobody guesses").refusal(headers) is not None
    assert Access(None).refusal({**headers, "origin": "http://evil.example"}) is not None
    Access(None).refusal(headers)


def test_the_documented_row_is_the_command():
    assert documented("any program that sends JSON") == "streamson produce http"
