"""The rings pass every item once and in order, between threads that don't wait for each other."""

import threading

import numpy as np
from numba import njit

from streamson.synth.kernel.ring import INDICES, READ, WRITTEN, advance, readable, writable
from streamson.synth.rings import RingReader, RingWriter

CAPACITY = 64
ITEMS = 2_000_000


@njit(nogil=True)
def write_all(cells, indices, count):
    for i in range(count):
        while writable(indices, CAPACITY) == 0:
            pass
        cells[indices[WRITTEN] % CAPACITY] = i
        advance(indices, WRITTEN)


@njit(nogil=True)
def read_all(cells, indices, count):
    errors = 0
    for i in range(count):
        while readable(indices) == 0:
            pass
        errors += cells[indices[READ] % CAPACITY] != i
        advance(indices, READ)
    return errors


def test_two_threads_of_machine_code_pass_items_in_order():
    cells, indices = np.zeros(CAPACITY, np.int64), np.zeros(INDICES, np.int64)
    write_all(cells, indices, 0)
    read_all(cells, indices, 0)
    writer = threading.Thread(target=write_all, args=(cells, indices, ITEMS))
    writer.start()
    errors = read_all(cells, indices, ITEMS)
    writer.join()
    assert errors == 0
    assert indices[WRITTEN] == indices[READ] == ITEMS


def test_python_reads_what_python_wrote_across_the_end_of_the_ring():
    cells = np.zeros(8, [("id", np.int64), ("x", np.float64)])
    indices = np.zeros(INDICES, np.int64)
    writer, reader = RingWriter(cells, indices), RingReader((cells,), indices)
    got, sent = [], 0
    for burst in (3, 7, 8, 1, 8, 5):
        for _ in range(burst):
            assert writer.write((sent, sent / 2))
            sent += 1
        while len(items := reader.read()[0]):
            got += items["id"].tolist()
    assert got == list(range(sent))


def test_a_full_ring_takes_nothing_and_loses_nothing():
    cells, indices = np.zeros(4, [("id", np.int64)]), np.zeros(INDICES, np.int64)
    writer, reader = RingWriter(cells, indices), RingReader((cells,), indices)
    assert [writer.write((i,)) for i in range(6)] == [True] * 4 + [False] * 2
    assert reader.read()[0]["id"].tolist() == [0, 1, 2, 3]
    assert writer.free() == 4
