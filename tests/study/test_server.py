"""The study's server: blind, bounded, and not to be harmed by what it is asked."""

import json
import socket
import threading
import time
from contextlib import suppress
from http.client import HTTPException

import pytest

from streamson.live.web.limits import MAX_REQUEST_BYTES
from streamson.study.limits import MAX_OPEN, MAX_REPLAYS
from tests.study.conftest import Running


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """One that several tests take part in."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "items.txt").write_text('They were "nice", all.\n=1+1\n')
    words = ("--trials", "1", "--loudspeakers", "--questionnaire", "items.txt")
    running = Running(folder, *words)
    yield running
    _, err = running.end()
    assert "Traceback" not in err, err


def rows_of(study, participant):
    return [row for row in study.rows() if row["participant"] == participant]


def raw(port, text):
    """Return the answer to a request, as it is said on the wire."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(text.encode())
        answer = b""
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                answer += part
    return answer.decode(errors="replace")


def take(study, participant, choose=lambda step: step["choices"][0]["value"]):
    """Answer all trials of a participant; return the steps and what came back."""
    found = []
    while (step := study.step(participant))["step"] == "trial":
        assert study.play(participant, step["trial"])[0] == 200
        status, body = study.answer(participant, step["trial"], choose(step))
        assert status == 200, body
        found.append((step, json.loads(body)))
    return found, step


def test_nothing_tells_the_truth_before_it_is_answered(start):
    study = start("--trials", "4", "--seed", "3")
    participant = study.enter()
    found, last = take(study, participant)
    assert last == {"step": "done", "participant": participant}
    rows = study.rows()
    assert len(rows) == len(found) == 6 + 6 + 4
    for (step, feedback), row in zip(found, rows, strict=True):
        # What a page knows is the same whatever is right.
        assert set(step) == {
            *("step", "trial", "phase", "place", "of", "text", "hint", "choices"),
            *("plays", "plays_left"),
        }
        if step["phase"] == "training":
            assert feedback["right"] is (row["truth"] == row["answer"])
            assert row["truth"] in feedback["truth"]
        else:
            assert feedback == {"right": None, "truth": None}
        assert row["participant"] == participant
        assert row["trial"] == str(step["trial"])
        assert row["phase"] == step["phase"]
        assert row["answer"] == step["choices"][0]["value"]
        assert row["right"] == str(int(row["truth"] == row["answer"]))
        assert (row["seconds"], row["replays"], row["seed"]) == ("1.0", "0", "3")
        assert row["choices"] == str(len(step["choices"]))
    # What was played is what the row says.
    for row in rows:
        played = json.loads(row["played"])
        if row["question"] == "count":
            assert len(played) == int(row["truth"])
        elif row["question"] == "direction":
            ((_, values),) = played
            assert (values[-1] > values[0]) is (row["truth"] == "up")
        elif row["question"] == "stream":
            changes = [abs(values[-1] - values[0]) for _, values in played]
            assert changes.index(max(changes)) + 1 == int(row["truth"])
    # The name is of use to nobody any more.
    assert study.ask(f"step?participant={participant}")[0] == 404
    code, err = study.end()
    assert code == 130
    assert "1 participant finished, 0 did not; 16 trials written" in err


def test_a_sound_is_played_so_often_and_its_replays_are_counted(study):
    participant = study.enter()
    trial = study.step(participant)["trial"]
    assert study.answer(participant, trial, "1")[0] == 409  # nothing was heard yet
    sounds = {study.play(participant, trial) for _ in range(1 + MAX_REPLAYS)}
    assert len(sounds) == 1
    assert next(iter(sounds))[1].startswith(b"RIFF")
    assert study.play(participant, trial)[0] == 409
    step = study.step(participant)
    assert (step["plays"], step["plays_left"]) == (1 + MAX_REPLAYS, 0)
    status, body = study.answer(participant, trial, "1", 0.25)
    assert status == 200
    # A page that did not hear of it asks again: that is no second answer.
    assert study.answer(participant, trial, "1", 0.25) == (200, body)
    assert study.answer(participant, trial, "2", 0.25)[0] == 409
    (row,) = rows_of(study, participant)
    assert (row["replays"], row["seconds"]) == (str(MAX_REPLAYS), "0.25")


def test_a_sound_that_did_not_arrive_is_none_that_was_played(study):
    participant = study.enter()
    trial = study.step(participant)["trial"]

    def say(play, number=trial):
        return study.ask("play", {"participant": participant, "trial": number, "play": play})[0]

    for _ in range(2 * MAX_REPLAYS):
        assert study.sound(participant, trial)[0] == 200
    assert study.step(participant)["plays"] == 0
    assert study.answer(participant, trial, "1")[0] == 409
    assert [say(play) for play in (0, 2, -1)] == [409] * 3
    assert say(1, trial + 1) == 409
    assert [say(1), say(1)] == [200, 200]  # the page did not hear of it, and says it again
    assert study.step(participant)["plays"] == 1
    assert {say(play) for play in range(2, 2 + MAX_REPLAYS)} == {200}
    assert say(2 + MAX_REPLAYS) == 409
    assert study.step(participant)["plays_left"] == 0


def test_participants_at_once_do_not_meet(study):
    names = [study.enter() for _ in range(3)]
    threads = [threading.Thread(target=take, args=(study, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [rows_of(study, name) for name in names]
    for rows in found:
        assert [row["trial"] for row in rows] == [str(number) for number in range(1, 8)]
        assert len({row["number"] for row in rows}) == 1
    assert len({rows[0]["number"] for rows in found}) == 3


def test_results_go_on_and_no_order_comes_twice(start):
    def answer_one(study):
        name = study.enter()
        trial = study.step(name)["trial"]
        study.play(name, trial)
        assert study.answer(name, trial, "1")[0] == 200

    study = start("--trials", "1", "--seed", "8", "--loudspeakers")
    answer_one(study)
    study.end()
    before = study.results.read_text()
    again = start("--trials", "1", "--seed", "8", "--loudspeakers")
    answer_one(again)
    again.end()
    assert again.results.read_text().startswith(before)
    rows = again.rows()
    assert [row["number"] for row in rows] == ["1", "2"]
    assert rows[0]["played"] != rows[1]["played"]


def test_who_was_amid_it_when_it_was_killed_goes_on(start, tmp_path):
    (tmp_path / "items.txt").write_text("I liked them.\n")
    words = ("--trials", "2", "--loudspeakers", "--questionnaire", "items.txt")
    study = start(*words, "--seed", "9")
    amid, done, fresh = study.enter(), study.enter(), study.enter()
    _, last = take(study, done)
    assert last["step"] == "rating"
    for _ in range(7):
        trial = study.step(amid)["trial"]
        study.play(amid, trial)
        assert study.answer(amid, trial, study.step(amid)["choices"][-1]["value"])[0] == 200
    step = study.step(amid)
    study.play(amid, step["trial"])
    before = study.results.read_text()
    study.kill()
    assert study.results.read_text() == before

    other = start(*words, "--session", "orchestra")
    assert other.ask(f"step?participant={amid}")[0] == 404  # it would hear something else
    other.end()
    study = start(*words)  # whose seed is another
    assert study.results.read_text() == before
    assert study.step(amid) == step
    assert study.ask(f"step?participant={fresh}")[0] == 404  # of whom nothing is known
    # What was answered is no second answer, and what was heard can be answered.
    (*_, last_row) = rows_of(study, amid)
    assert study.answer(amid, int(last_row["trial"]), last_row["answer"])[0] == 200
    assert study.answer(amid, step["trial"], step["choices"][0]["value"])[0] == 200
    assert [row["trial"] for row in rows_of(study, amid)] == [str(i) for i in range(1, 9)]
    assert {(row["seed"], row["number"]) for row in rows_of(study, amid)} == {("9", "1")}
    assert study.step(done)["step"] == "rating"
    for name in (amid, done):
        assert study.ask("ratings", {"participant": name, "ratings": [4]})[0] == 200
        assert study.step(name)["step"] == "done"
    _, err = study.end()
    assert "2 participants finished, 0 did not; 1 trial written" in err
    study = start(*words)
    assert study.step(done)["step"] == "done"  # it rates nothing twice


def test_a_questionnaire_is_rated_as_a_whole(study):
    participant = study.enter()
    _, step = take(study, participant)
    assert step["step"] == "rating"
    assert step["statements"] == ['They were "nice", all.', "=1+1"]
    for ratings in ([1], [1, 8], [0, 1], [1, 2, 3]):
        assert study.ask("ratings", {"participant": participant, "ratings": ratings})[0] == 422
    assert study.ask("ratings", {"participant": participant, "ratings": [7, 2]})[0] == 200
    assert study.ask("ratings", {"participant": participant, "ratings": [7, 2]})[0] == 409
    assert study.step(participant)["step"] == "done"
    table = study.results.with_name("results_questionnaire.csv").read_text().splitlines()
    assert len(table) == 3
    assert table[1].endswith(f',{participant},default,1,"They were ""nice"", all.",7,7')


BAD_FORMS = [
    b"",
    b"x",
    b"[" * 4_000,
    b"{}",
    b'{"participant": 1}',
    b'{"participant": "nobody", "trial": 1, "answer": "1", "seconds": 1, "more": 1}',
    b'{"participant": "\xff", "trial": 1, "answer": "1", "seconds": 1}',
]


def test_bad_requests_get_an_answer_and_harm_nothing(study):
    participant = study.enter()
    trial = study.step(participant)["trial"]
    study.play(participant, trial)
    for form in BAD_FORMS:
        for path in ("answer", "ratings", "play"):
            assert study.ask(path, form)[0] == 400, (path, form)
    assert study.ask("answer", b" " * (MAX_REQUEST_BYTES + 1))[0] == 413
    assert study.answer("nobody", trial, "1")[0] == 404
    assert study.answer(participant, 10**20, "1")[0] == 409
    assert study.answer(participant, trial + 1, "1")[0] == 409
    for answer in ("4", "", "1; drop", "up"):
        assert study.answer(participant, trial, answer)[0] == 422
    for seconds in (-0.1, 1e9):
        assert study.answer(participant, trial, "1", seconds)[0] == 422
    form = f'{{"participant":"{participant}","trial":{trial},"answer":"1","seconds":NaN}}'
    assert study.ask("answer", form.encode())[0] == 400
    for path in ("sound", "sound?participant=", f"sound?participant={participant}&trial=x", "step"):
        assert study.ask(path)[0] in (400, 404), path
    assert study.ask(f"sound?participant={participant}&trial=-1")[0] == 400
    for path in ("../results.csv", "results.csv", "%2e%2e/results.csv", "page/study.js"):
        assert study.ask(path)[0] == 404, path
    assert study.ask("step", b"{}")[0] == 405
    # Another page may neither read nor write.
    head = f"Host: 127.0.0.1:{study.port}\r\nContent-Length: 2\r\n"
    for line in ("Origin: http://evil.example", "Sec-Fetch-Site: cross-site"):
        answer = raw(study.port, f"POST /participants HTTP/1.1\r\n{head}{line}\r\n\r\n{{}}")
        assert answer.startswith("HTTP/1.1 403"), answer
    answer = raw(study.port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert answer.startswith("HTTP/1.1 421")
    answer = raw(study.port, f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{study.port}\r\n\r\n")
    assert "content-security-policy: default-src 'none'" in answer.lower()
    assert "\nNot\x00" not in raw(study.port, "NONSENSE\r\n\r\n")
    assert rows_of(study, participant) == []
    # And it goes on.
    assert study.answer(participant, trial, "1")[0] == 200
    assert len(rows_of(study, participant)) == 1


def test_there_is_room_for_so_many(start):
    study = start("--trials", "1")
    names = {study.enter() for _ in range(MAX_OPEN)}
    assert len(names) == MAX_OPEN
    status, body = study.ask("participants", {})
    assert status == 503
    assert str(MAX_OPEN) in body.decode()
    assert study.step(next(iter(names)))["step"] == "trial"


def test_others_need_the_link(start):
    study = start("--trials", "1", "--web", "0.0.0.0:0")
    assert "token=" in study.url
    assert study.ask("")[0] == 401
    assert study.ask("participants", {})[0] == 401
    token = study.url.partition("token=")[2]
    assert study.ask(f"participants?token={token}", {})[0] == 200


def test_ctrl_c_ends_within_a_second_amid_sounds(start):
    study = start("--trials", "3", "--loudspeakers")
    name = study.enter()
    trial = study.step(name)["trial"]
    study.play(name, trial)
    study.answer(name, trial, "1")

    def ask():
        with suppress(OSError, HTTPException):  # what is cut off amid an answer
            study.play(name, study.step(name)["trial"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun = time.monotonic()
    code, err = study.end()
    assert time.monotonic() - begun < 2  # one, where two processors have nothing else to do
    assert code == 130
    assert "0 participants finished, 1 did not; 1 trial written" in err
    for thread in threads:
        thread.join()
    assert len(study.rows()) == 1


def test_a_disk_that_is_full_loses_no_answer(start, small_disk):
    results = small_disk / "results.csv"
    study = start("--trials", "40", "--loudspeakers", "-o", str(results))
    study.results = results
    name = study.enter()
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(1 << 12)):
            pass
    status = 200
    while status == 200:  # some fit into what the file has of the disk already
        trial = study.step(name)["trial"]
        study.play(name, trial)
        status, body = study.answer(name, trial, study.step(name)["choices"][0]["value"])
    assert status == 507, body
    assert b"could not be saved" in body
    before = study.rows()
    assert len(before) == trial - 1
    (small_disk / "filler").unlink()
    assert study.step(name)["trial"] == trial
    assert study.answer(name, trial, study.step(name)["choices"][0]["value"])[0] == 200
    assert len(study.rows()) == trial
