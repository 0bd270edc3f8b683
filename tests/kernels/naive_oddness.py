"""The slow twin of `kernels.oddness`: one series at a time.

Written from the docstring of the kernel; of the peaks it has the twin that those have.
"""

from dataclasses import dataclass, field

from tests.kernels.naive import Ages, Peaks, single


@dataclass
class Series:
    """How odd one series has been, and what was told of it."""

    peaks: Peaks = field(default_factory=lambda: Peaks(together=64))
    ages: Ages = field(default_factory=Ages)
    met: int = 0
    length: int = 512
    when: int | None = None
    height: float = 0.0

    def weigh(self, oddness: float) -> float:
        """How new it is."""
        if oddness == 0.0:
            return 0.0
        self.met += 1
        if self.met <= 512:
            return 0.0
        lowest = self.peaks.top[7] if len(self.peaks.top) == 8 else 0.0
        k = self.peaks.meet(single(oddness), lowest, 0.04, self.ages, True)
        self.ages.now, self.ages.expected = self.ages.now + 1, self.ages.expected + self.ages.share
        if self.ages.now == self.length:
            self.peaks.turn(self.length)
            self.ages.now, self.ages.before = 0, self.length
            self.length = min(20_000, 2 * self.length)
        return k

    def news(self, bucket: int, evidence: float, shape: float, least: float) -> float:
        """The evidence of a value, or of the shape if that is news."""
        recent = self.when is not None and bucket - self.when <= 256
        height = self.height if recent else 0.0
        fused = shape if shape > evidence and (shape >= height + 0.1 or not recent) else evidence
        if fused >= least and fused >= height:
            self.when, self.height = bucket, fused
        return fused
