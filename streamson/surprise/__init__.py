"""How unusual a value is among those of its own series, with a rate of false alerts that is asked.

A `SurpriseBank` (`bank.py`) follows many series, each in a slot::

    bank = SurpriseBank()
    slot = bank.add(interval_s=604_800)            # one false alert a week
    change = bank.update(slot, value, time)        # Change.RAISED, Change.OVER or Change.NONE
    bank.surprise(slot)                            # 0: usual; 3: once in a thousand points
    bank.kind(slot), bank.usual(slot)              # Kind("level", 1), (low, high): for the sentence
    bank.surprises                                 # of all slots at once, for a ranking

`update_batch` is the same as `update` point by point, and `update_many` takes in a point of each of
many series with one call. `kernel.py` is the machine code and tells how it works; docs/surprise.md
what it promises.
"""
