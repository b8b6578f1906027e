"""One row of the table: what was measured in each round, against whom, and whether floor and goal hold."""
import dataclasses
import statistics


@dataclasses.dataclass
class Limit:
    """A bound of the issue: on the ratio to a peer (`against`), or on the figure itself."""
    value: float
    against: str = ""
    text: str = ""


@dataclasses.dataclass
class Row:
    """`samples`: for Troupe and each peer one number a round, in the order of the rounds."""
    figure: str
    unit: str
    samples: dict
    higher_is_better: bool = True
    floor: tuple = ()
    goal: tuple = ()
    note: str = ""

    def median(self, who="troupe"):
        return statistics.median(self.samples[who])

    def ratios(self, peer):
        return [mine / theirs for mine, theirs in zip(self.samples["troupe"], self.samples[peer]) if theirs]

    def ratio(self, peer):
        ratios = self.ratios(peer)
        return statistics.median(ratios) if ratios else float("nan")

    def holds(self, limits):
        """None without limits, else whether all of them hold."""
        if not limits:
            return None
        values = [(self.ratio(x.against) if x.against else self.median(), x.value) for x in limits]
        return all(value >= bound if self.higher_is_better else value <= bound for value, bound in values)

    def peers(self):
        return [who for who in self.samples if who != "troupe"]

    def as_json(self):
        return dataclasses.asdict(self) | {
            "medians": {who: self.median(who) for who in self.samples},
            "ratios": {who: self.ratio(who) for who in self.peers()},
            "floor_holds": self.holds(self.floor), "goal_holds": self.holds(self.goal)}

    @staticmethod
    def from_json(data):
        known = {field.name for field in dataclasses.fields(Row)}
        row = Row(**{key: value for key, value in data.items() if key in known})
        row.floor = tuple(Limit(**x) for x in row.floor)
        row.goal = tuple(Limit(**x) for x in row.goal)
        return row


def shown(value, unit):
    """A number with three figures that count, in the unit's own scale."""
    if value != value:
        return "-"
    if value >= 1e6:
        return f"{value / 1e6:.3g} M {unit}"
    if value >= 10_000:
        return f"{value / 1e3:.3g} k {unit}"
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"


def limits_text(row, limits):
    if not limits:
        return "-"
    sign = "at least" if row.higher_is_better else "at most"
    texts = []
    for x in limits:
        if x.text:
            texts.append(x.text)
        elif x.against:
            texts.append(f"{sign} {x.value:g}x {x.against}")
        else:
            texts.append(f"{sign} {shown(x.value, row.unit)}")
    verdict = "holds" if row.holds(limits) else "**does not hold**"
    return f"{', '.join(texts)}: {verdict}"


def markdown(rows):
    lines = ["| figure | Troupe | peers in the same rounds | Troupe / peer, median (lowest to highest) | floor | goal |",
             "|---|---|---|---|---|---|"]
    for row in rows:
        peers = "<br>".join(f"{who} {shown(row.median(who), row.unit)}" for who in row.peers()) or "-"
        ratios = "<br>".join(
            f"{who} {row.ratio(who):.2f} ({min(row.ratios(who)):.2f} to {max(row.ratios(who)):.2f})"
            for who in row.peers() if row.ratios(who)) or "-"
        note = f"<br>{row.note}" if row.note else ""
        lines.append(f"| {row.figure}{note} | {shown(row.median(), row.unit)} | {peers} | {ratios} "
                     f"| {limits_text(row, row.floor)} | {limits_text(row, row.goal)} |")
    return "\n".join(lines) + "\n"
