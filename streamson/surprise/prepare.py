"""Loads the machine code of surprises before the first point comes, which would wait for it."""

from streamson.surprise.bank import SurpriseBank


def load_kernels() -> None:
    """Call each kernel once."""
    bank = SurpriseBank(1)
    slot = bank.add(1.0)
    bank.update(slot, 1.0, 0.0)
    bank.update_batch(slot, [1.0], [1.0])
    bank.update_many([slot], [1.0], [2.0])
    bank.remove(slot)
