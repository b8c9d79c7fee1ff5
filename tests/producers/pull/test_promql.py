"""Queries in PromQL, and answers, without a server."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import MessageError, UsageError
from streamson.producers.pull.promql import Query, Series, error_of, parse_query, series_of

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.just("1.5"),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["data", "result", "resultType", "metric", "value", "values"]), inner
        )
    ),
    max_leaves=30,
)


@pytest.mark.parametrize(
    ("text", "name", "expression"),
    [
        ("up", "", "up"),
        (' load = sum(x{a="b"}) ', "load", 'sum(x{a="b"})'),
        ('up{job="a"}', "", 'up{job="a"}'),
        ("a == b", "", "a == b"),
        ("a==b", "", "a==b"),
        ("x=a == b", "x", "a == b"),
        ("a/b = c", "a/b", "c"),
        ("a != 1", "", "a != 1"),
        ("a >= 1", "", "a >= 1"),
    ],
)
def test_a_query_may_have_a_name(text, name, expression):
    assert parse_query(text) == Query(name, expression)


def test_a_query_needs_an_expression():
    with pytest.raises(UsageError, match="an expression in PromQL is allowed"):
        parse_query("  ")


@pytest.mark.parametrize(
    "server", ["http://a/p", "http://a/p/", "http://a/p/api/v1/query?query=x", "http://a/p?x=1"]
)
def test_the_address_of_a_query(server):
    assert Query("", "a + b{c=~'d&'}").url(server) == (
        "http://a/p/api/v1/query?query=a%20%2B%20b%7Bc%3D~%27d%26%27%7D"
    )


def answer(kind, result):
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}})


def test_vectors_scalars_and_the_last_of_matrices():
    up = {"__name__": "up", "job": "a"}
    assert list(series_of(answer("vector", [{"metric": up, "value": [1.5, "2"]}]))) == [
        Series("up", {"job": "a"}, 2.0, 1.5)
    ]
    assert list(series_of(answer("scalar", [7, "42"]))) == [Series("", {}, 42.0, 7.0)]
    matrix = [{"metric": {}, "values": [[1, "1"], [2, "3"]]}]
    assert list(series_of(answer("matrix", matrix))) == [Series("", {}, 3.0, 2.0)]
    assert list(series_of(answer("string", [7, "words"]))) == []
    assert list(series_of(answer("vector", [{"metric": up, "histogram": [1, {}]}, 3]))) == []


def test_errors_are_told():
    assert error_of('{"status": "error", "errorType": "bad_data", "error": "no"}') == "no"
    assert error_of('{"status": "error"}') == "an error"
    assert error_of("no JSON") == error_of(answer("vector", [])) == ""
    with pytest.raises(MessageError):
        list(series_of('{"status": "success"}'))


@given(ANYTHING)
def test_any_answer_is_survived(found):
    for document in (found, {"data": {"resultType": "vector", "result": [found]}}):
        text = json.dumps(document)
        error_of(text)
        with suppress(MessageError):
            assert all(isinstance(one.value, float) for one in series_of(text))
