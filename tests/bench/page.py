"""The results as Markdown: a part for each figure, and docs/benchmarks.md, where a part stays until its figure is measured
again and written."""
import re
import statistics

from row import Row, markdown

BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"


def disk_text(probes):
    def median(key):
        return statistics.median(probe[key] for probe in probes)
    return (f"The disk then: {median('overwrites_per_second'):.0f} synced 4 KiB writes/s over preallocated blocks, "
            f"{median('appends_per_second'):.0f}/s into a growing file; "
            f"{median('group_16k_bytes_per_second') / 2**20:.0f} MiB/s in synced groups of 16 KiB, "
            f"{median('group_1m_bytes_per_second') / 2**20:.0f} MiB/s in groups of 1 MiB.")


def part(name, result):
    return (f"### {name}\n\n{result['rounds']} x {result['seconds']:g} s on {result['when'][:10]}, {result['machine']}. "
            f"{disk_text(result['disk'])}\n\n{markdown([Row.from_json(row) for row in result['rows']])}\n")


def renew(page, results, order):
    """Puts the results' parts into the page; the parts of other figures stay, all in that order."""
    before, rest = page.read_text().split(BEGIN)
    old, after = rest.split(END)
    parts = dict(re.findall(r"^(?=### (\S+)$)(.*?)(?=^### |\Z)", old, re.MULTILINE | re.DOTALL))
    parts |= {name: part(name, result) for name, result in results.items()}
    text = "".join(parts[name] for name in sorted(parts, key=lambda name: order.index(name) if name in order else len(order)))
    page.write_text(before + BEGIN + text + END + after)
