"""When a process counts as stuck: a pure rule on what its supervisor saw, and when."""

from dataclasses import dataclass

#: Longer gaps between two looks count as this much: the supervisor itself did not run, nor perhaps did
#: anybody else. So a machine that was suspended gives every process a whole period to speak again.
LONGEST_GAP_S = 2.0


@dataclass(slots=True)
class Silence:
    """How long a process that had begun to speak has said nothing new. Counts looks, not wall clocks."""

    said: object = None
    silent_s: float = 0.0
    looked_s: float | None = None

    def look(self, said: object, now_s: float) -> float:
        """`said` is what it says now, None for nothing; returns the seconds of silence so far."""
        gap_s = 0.0 if self.looked_s is None else min(max(0.0, now_s - self.looked_s), LONGEST_GAP_S)
        self.looked_s = now_s
        if said is not None and said != self.said:
            self.said, self.silent_s = said, 0.0
        elif self.said is not None:
            self.silent_s += gap_s
        return self.silent_s
