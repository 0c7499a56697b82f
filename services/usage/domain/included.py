"""Included minutes: pools that a period has (R16, R17), and how its calls use them up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from services.usage.domain.tenants import PlanKey, PlanTerms

# Of a pool shared by the tenant's extensions, and of calls that no extension of the tenant talked in.
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Pool:
    """Included seconds for a set of classes; ``classes`` None: all that would be charged.

    ``own``: each extension has ``seconds`` of its own, and calls without an extension have none (R16).
    """

    name: str
    classes: frozenset[str] | None
    own: bool
    seconds: int

    @property
    def breadth(self) -> tuple[bool, int, bool, tuple[str, ...]]:
        """Sorts the narrowest first (R16): few classes before many, an extension's own minutes before shared ones."""
        names = tuple(sorted(self.classes or ()))
        return self.classes is None, len(names), not self.own, names


@dataclass(frozen=True, slots=True)
class PlanPart:
    """Days in which one plan held: its terms, how many, and the most extensions at one time in them."""

    terms: PlanTerms
    days: int
    extensions_peak: int


@dataclass(frozen=True, slots=True)
class Pools:
    """A period's pools, and which of them the calls of each plan may draw from, the narrowest first."""

    pools: tuple[Pool, ...] = ()
    of_plan: Mapping[PlanKey, tuple[int, ...]] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether it matters which extension talked."""
        return any(pool.own for pool in self.pools)

    def drawn_by(self, plan: PlanKey, call_class: str, chargeable: bool, extension: str) -> tuple[int, ...]:
        """Pools that such a call uses, in order; none for a call that costs nothing anyway."""
        if not chargeable:
            return ()
        found = []
        for position in self.of_plan.get(plan, ()):
            pool = self.pools[position]
            if (pool.classes is None or call_class in pool.classes) and (extension or not pool.own):
                found.append(position)
        return tuple(found)


def build_pools(parts: Sequence[PlanPart], share: Fraction) -> Pools:
    """Pools of a period of these parts; ``share`` is what the period is of a whole one (R17).

    Each part gives minutes in proportion to its days; minutes for the same classes, shared in the same way, are one
    pool over all parts, rounded to a second once. A call draws only from pools that its own plan names (R8).
    """
    days = sum(part.days for part in parts)
    sums: dict[tuple[frozenset[str] | None, bool], Fraction] = {}
    names: dict[tuple[frozenset[str] | None, bool], list[str]] = {}
    named: dict[PlanKey, set[tuple[frozenset[str] | None, bool]]] = {}
    for part in parts:
        for bundle in part.terms.all_bundles():
            own = bundle.per_extension and not bundle.pooled
            key = (frozenset(bundle.classes) or None, own)
            times = part.extensions_peak if bundle.per_extension and bundle.pooled else 1
            minutes = Fraction(bundle.minutes * 60 * times) * share * Fraction(part.days, days or 1)
            sums[key] = sums.get(key, Fraction(0)) + minutes
            if bundle.name not in names.setdefault(key, []):
                names[key].append(bundle.name)
            named.setdefault(part.terms.key, set()).add(key)
    made = {
        key: Pool("+".join(sorted(names[key])), key[0], key[1], int(seconds + Fraction(1, 2)))
        for key, seconds in sums.items()
    }
    ordered = sorted(made, key=lambda key: made[key].breadth)
    return Pools(
        tuple(made[key] for key in ordered),
        {
            plan: tuple(position for position, key in enumerate(ordered) if key in keys)
            for plan, keys in named.items()
        },
    )


class PoolsLeft:
    """What is left of a period's pools while its calls are gone through."""

    def __init__(self, pools: Pools) -> None:
        self.pools = pools
        self._used: dict[tuple[int, str], int] = {}

    def left(self, position: int, extension: str) -> int:
        pool = self.pools.pools[position]
        return pool.seconds - self._used.get((position, extension if pool.own else NOBODY), 0)

    def first(self, drawn: Sequence[int], extension: str) -> tuple[int, str] | None:
        """The pool that the next second of such calls would use, and whose share of it."""
        for position in drawn:
            if self.left(position, extension) > 0:
                return position, extension if self.pools.pools[position].own else NOBODY
        return None

    def take(self, drawn: Sequence[int], extension: str, seconds: int) -> int:
        """Uses up to ``seconds``, over as many pools as it takes; says how many there were."""
        taken = 0
        for position in drawn:
            now = min(seconds - taken, self.left(position, extension))
            if now > 0:
                key = (position, extension if self.pools.pools[position].own else NOBODY)
                self._used[key] = self._used.get(key, 0) + now
                taken += now
        return taken

    def used(self) -> dict[int, int]:
        """Seconds used of each pool; of «own» pools, by the extension that used most."""
        most: dict[int, int] = {}
        for (position, _), seconds in self._used.items():
            most[position] = max(most.get(position, 0), seconds)
        return most

    def resume(self, state: Iterable[tuple[int, str, int]]) -> None:
        """Goes on from what ``state`` has kept."""
        self._used = {(position, extension): used for position, extension, used in state}

    def state(self) -> list[tuple[int, str, int]]:
        """(Pool, extension, seconds used), for keeping."""
        return sorted((position, extension, used) for (position, extension), used in self._used.items())
