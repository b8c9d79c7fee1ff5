"""Channels as fields: their names, which are wanted, and as many streams as they take."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.limits import MAX_FIELD_CHARS, MAX_FIELDS, MAX_STREAM_CHARS
from streamson.producers.devices.lsl_channels import (
    batches_of,
    channel_names,
    choose_channels,
    group_channels,
)


def test_names_are_labels_or_numbers():
    assert channel_names(["Fp1", " Cz ", "\x1bx", "Fp1"], 6) == [
        *("Fp1", "Cz", "ch3", "Fp1-4", "ch5", "ch6")
    ]
    assert channel_names(["ch2", ""], 2) == ["ch2", "ch2-2"]
    assert channel_names(["a-2", "a", "a"], 3) == ["a-2", "a", "a-3"]
    assert channel_names(["a", "a-3", "a"], 3) == ["a", "a-3", "a-3'"]


@given(st.lists(st.text(max_size=250) | st.sampled_from("ab"), max_size=20), st.integers(1, 30))
def test_names_are_all_different_and_can_be_fields(labels, count):
    names = channel_names(labels, count)
    assert len(set(names)) == len(names) == count
    assert all(name.isprintable() and 0 < len(name) <= MAX_FIELD_CHARS for name in names)


def test_channels_are_chosen_by_label_or_number():
    names = ["Fp1", "Fp2", "Cz", "O1"]
    assert choose_channels(names, []) == {"Fp1": 0, "Fp2": 1, "Cz": 2, "O1": 3}
    assert choose_channels(names, ["4", "Fp*"]) == {"Fp1": 0, "Fp2": 1, "O1": 3}
    assert choose_channels(names, ["fz"]) == {}


def test_more_channels_than_a_point_has_are_several_streams():
    names = channel_names([], 2 * MAX_FIELDS + 1)
    groups = group_channels("x" * MAX_STREAM_CHARS, choose_channels(names, []))
    assert [len(group.columns) for group in groups] == [MAX_FIELDS, MAX_FIELDS, 1]
    assert [group.stream.rpartition("/")[2] for group in groups] == ["1-64", "65-128", "129-129"]
    assert all(len(group.stream) <= MAX_STREAM_CHARS for group in groups)
    assert group_channels("eeg", choose_channels(names[:64], []))[0].stream == "eeg"
    assert group_channels("eeg", {}) == []


def test_samples_are_columns_of_their_own_and_what_is_no_number_is_missing():
    samples = np.array([[1, 2, 3], [4, np.inf, np.nan]], np.float32)
    times = np.array([10.0, 11.0])
    (batch,) = batches_of(group_channels("eeg", {"a": 0, "c": 2, "b": 1}), samples, times)
    samples[:] = 0  # the next ones come into the same memory
    assert list(batch.columns) == ["a", "c", "b"]
    assert batch.columns["a"].tolist() == [1, 4]
    assert math.isnan(batch.columns["c"][1])
    assert math.isnan(batch.columns["b"][1])
    assert batch.columns["b"].dtype == np.float64
    assert batch.times.tolist() == [10, 11]
