"""Calling the load client, and taking the contenders of a figure in turn."""
import json
import subprocess
import sys


def load(setup, verb, *arguments, **how):
    """One measurement of the load client: what its line of JSON says."""
    command = [setup.programs / "bench", verb, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, **how)
    if run.returncode != 0:
        raise RuntimeError(f"bench {verb} {' '.join(map(str, arguments))}: {run.stderr.strip()[-2000:]}")
    return json.loads(run.stdout)


def rounds(setup, contenders):
    """{name: function} to {name: [what the function returned, round by round]}. Each round takes them in another order,
    so that whatever drifts on the machine meets all of them alike."""
    names = list(contenders)
    found = {name: [] for name in names}
    for number in range(setup.rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            found[name].append(contenders[name]())
            value = json.dumps(found[name][-1])
            print(f"  round {number + 1}, {name}: {value}", file=sys.stderr, flush=True)
    return found


def column(results, key):
    return [result[key] for result in results]


def timed(setup):
    return ["--warm", setup.warm, "--seconds", setup.seconds]
