"""Quantiles of what was counted in buckets."""

import math
from collections.abc import Mapping


def bucket_quantile(buckets: Mapping[float, float], quantile: float) -> float | None:
    """Return a quantile of a histogram, as PromQL's ``histogram_quantile`` does.

    Parameters
    ----------
    buckets
        Upper bound to how many are at most that: cumulative, the last bound infinite. NaN is left
        out.
    quantile
        Above 0, up to 1.

    Returns
    -------
    float or None
        Interpolated between the bounds of the bucket that it falls into: the lowest bucket begins
        with 0 where its bound is above, and what is beyond the last finite bound is that bound.
        None where nothing was counted, or there is no infinite bound.

    Examples
    --------
    >>> bucket_quantile({1.0: 10.0, 2.0: 20.0, math.inf: 20.0}, 0.75)
    1.5
    """
    bounds = sorted(bound for bound, count in buckets.items() if not math.isnan(bound + count))
    if len(bounds) < 2 or bounds[-1] != math.inf:
        return None
    total = max(buckets[bound] for bound in bounds)
    if total <= 0:
        return None
    rank = quantile * total
    start, below = min(0.0, bounds[0]), 0.0
    for bound in bounds[:-1]:
        count = max(buckets[bound], below)  # each may have been counted at a moment of its own
        if count >= rank:
            return start + (bound - start) * (rank - below) / (count - below)
        start, below = bound, count
    return bounds[-2]
