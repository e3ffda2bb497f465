"""Measuring in turns: A B A B ..., so that what the machine does beside falls on all alike."""

import statistics


class Spread:
    """The median of some figures, and the quarter and three quarters points."""

    def __init__(self, values):
        values = sorted(values)
        self.median = statistics.median(values)
        self.low = values[len(values) // 4]
        self.high = values[-1 - len(values) // 4]

    def __str__(self):
        digits = 2 if self.median < 100 else 0
        return f"{self.median:.{digits}f} ({self.low:.{digits}f} .. {self.high:.{digits}f})"


def take_turns(rounds, measures):
    """Calls each of {name: function} in each round; returns {name: [results]}."""
    results = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            results[name].append(measure())
    return results


def ratio(ours, others):
    """Of what was measured in the same round each."""
    return Spread([mine / other for mine, other in zip(ours, others)])
