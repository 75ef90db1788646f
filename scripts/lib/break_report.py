"""What the tests said about each break: the table by room, the survivors, and the verdict."""

import dataclasses
import enum

KILLED_SHARE_MIN = 0.95


class Outcome(enum.Enum):
    KILLED = "killed"
    TIMED_OUT = "killed by time-out"
    SURVIVED = "survived"


@dataclasses.dataclass(frozen=True)
class Result:
    item: object  # The Break.
    outcome: Outcome
    seconds: float = 0.0


def killed_share(results):
    if not results:
        return 0.0
    return sum(result.outcome != Outcome.SURVIVED for result in results) / len(results)


def table(results):
    """Returns a Markdown table with a row for each room, and the sum."""
    rooms = {}
    for result in results:
        rooms.setdefault(result.item.room.replace("_", "/"), []).append(result)
    lines = ["| room | breaks | killed | by time-out | survived |", "| --- | --- | --- | --- | --- |"]
    for name, of_room in [*sorted(rooms.items()), ("**all**", results)]:
        counts = {outcome: sum(result.outcome == outcome for result in of_room) for outcome in Outcome}
        lines.append(f"| {name} | {len(of_room)} | {counts[Outcome.KILLED]} | {counts[Outcome.TIMED_OUT]} "
                     f"| {counts[Outcome.SURVIVED]} |")
    return "\n".join(lines)


def named(results):
    """Returns a line for each break that survived, with its reason, or was killed by time-out only."""
    lines = []
    for result in results:
        place = f"{result.item.name} ({result.item.file})"
        if result.outcome == Outcome.SURVIVED:
            lines.append(f"survived: {place}: {result.item.why or 'NO REASON: write a test, or say why in `why`'}")
        elif result.outcome == Outcome.TIMED_OUT:
            lines.append(f"killed by time-out: {place}")
        elif result.item.why:
            lines.append(f"killed now, so that its `why` may go: {place}")
    return lines


def failures(results):
    """Returns the reasons for which a run fails, or an empty list."""
    reasons = []
    share = killed_share(results)
    if share < KILLED_SHARE_MIN:
        reasons.append(f"only {100 * share:.1f} % of the breaks were killed; {100 * KILLED_SHARE_MIN:.0f} % must be")
    unexplained = [result.item.name for result in results
                   if result.outcome == Outcome.SURVIVED and not result.item.why]
    if unexplained:
        reasons.append("no test notices these breaks, and no `why` explains it: " + ", ".join(unexplained))
    return reasons
