# SPDX-License-Identifier: MIT
"""Whether two samples come from the same distribution: the test of Mann and Whitney."""

import itertools
import math
import random


def z_value(first, second):
    """Standard deviations by which the first tends to be greater; ties count half.

    Of two samples from the same distribution it is about normal with deviation 1, if
    they have some dozens of values.
    """
    n, m = len(first), len(second)
    pooled = sorted([(value, 1) for value in first] + [(value, 0) for value in second])
    rank_sum, before, ties = 0.0, 0, 0
    for _, equal in itertools.groupby(pooled, lambda pair: pair[0]):
        of_first = [mine for _, mine in equal]
        rank_sum += sum(of_first) * (before + (len(of_first) + 1) / 2)
        before += len(of_first)
        ties += len(of_first) ** 3 - len(of_first)
    variance = n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1)))
    u = rank_sum - n * (n + 1) / 2
    return (u - n * m / 2) / math.sqrt(variance) if variance else 0.0


def halves(sample):
    """Two samples out of one, by chance: what is the same on purpose."""
    mixed = random.sample(sample, len(sample))
    return mixed[::2], mixed[1::2]


def together(values):
    """One z value out of many: small shifts in the same direction add up."""
    return sum(values) / math.sqrt(len(values))


def spread(values):
    """Their root mean square: about 1 of z values where there is nothing to find."""
    return math.sqrt(sum(value * value for value in values) / len(values))
