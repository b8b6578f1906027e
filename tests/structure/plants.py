"""The structure check's own test: violations planted in a small tree, each caught by its rule, and innocents spared."""
import pathlib
import subprocess
import tempfile

HEAD = "// A file of the sample.\n"
# rule, path, content: must be caught.
CAUGHT = (
    ("includes", "protocol/a.hpp", HEAD + '#include "storage/b.hpp"\n'),
    ("includes", "protocol/a.hpp", HEAD + "#include <rocksdb/db.h>\n"),
    ("includes", "actors/agent/machine.cpp", HEAD + "#include <caf/all.hpp>\n"),
    ("includes", "actors/agent/machine.cpp", HEAD + '#include "actors/runtime/router.hpp"\n'),
    ("includes", "actors/agent/machine.cpp", HEAD + '#include "actors/agent/actor.hpp"\n'),
    ("includes", "actors/agent/machine.cpp", HEAD + '#include "actors/events/machine.hpp"\n'),
    ("includes", "actors/agent/rules.cpp", HEAD + "#include <rocksdb/db.h>\n"),
    ("includes", "actors/agent/actor.cpp", HEAD + '#include "storage/shard_client.hpp"\n'),
    ("includes", "actors/agent/actor.cpp", HEAD + '#include "actors/events/machine.hpp"\n'),
    ("includes", "actors/runtime/router.cpp", HEAD + '#include "storage/shard.hpp"\n'),
    ("includes", "storage/shard.cpp", HEAD + '#include "actors/agent/machine.hpp"\n'),
    ("includes", "storage/shard.cpp", HEAD + "#include <raft.h>\n"),
    ("includes", "http/a.cpp", HEAD + '#include "node/config.hpp"\n'),
    ("includes", "http/a.cpp", HEAD + '#include "storage/shard.hpp"\n'),
    ("includes", "http/a.cpp", HEAD + "#include <pistache/http.h>\n"),
    ("includes", "storage/a.cpp", HEAD + '#include "node/config.hpp"\n'),
    ("purity", "actors/agent/machine.cpp", HEAD + "auto now = std::chrono::system_clock::now();\n"),
    ("purity", "actors/agent/machine.cpp", HEAD + "std::random_device seed;\n"),
    ("purity", "actors/agent/machine.hpp", HEAD + "std::unordered_map<int, int> seen;\n"),
    ("purity", "actors/agent/machine.cpp", HEAD + "#include <thread>\n"),
    ("purity", "actors/agent/sketch.cpp", HEAD + "auto t = time(nullptr);\n"),
    ("sleeps", "tests/unit/a.cpp", HEAD + "std::this_thread::sleep_for(1s);\n"),
    ("sleeps", "tests/e2e/a.test.mjs", "await new Promise((r) => setTimeout(r, 100));\n"),
    ("sleeps", "tests/e2e/a.test.mjs", "await page.waitForTimeout(100);\n"),
    ("sleeps", "tests/e2e/a.sh", "sleep 5\n"),
    ("sleeps", "http/web/src/a.test.ts", "setTimeout(done, 5);\n"),
    ("sizes", "storage/a.cpp", HEAD + "int x;\n" * 600),
    ("sizes", "storage/a.cpp", HEAD + "int f(int a) {\n" + "  ++a;\n" * 100 + "}\n"),
    ("names", "storage/ShardActor.cpp", HEAD),
    ("names", "storage/a.cpp", "int without_a_purpose;\n"),
    ("names", "tests/unit/a.cpp", HEAD + 'TEST_CASE("timer") {}\n'),
    ("marks", "storage/a.cpp", HEAD + "// TO" + "DO: finish\n"),
    ("hosts", "Dockerfile", "FROM registry" + ".example.org/debian\n"),
    ("hosts", "a/package-lock.json", '{"packages": {"node_modules/x": {"resolved": "https://a.example/x.tgz"}}}\n'),
    ("hosts", "a/package-lock.json", '{"packages": {"node_modules/x": {"version": "1.0.0"}}}\n'),
    ("schemas", "protocol/schema/a.capnp", "struct Place {\n}\nenum Place {\n}\n"),
    ("readmes", "actors/task/machine.cpp", HEAD),
)
# rule, path, content: must be spared.
SPARED = (
    ("includes", "actors/agent/machine.cpp", HEAD + '#include "protocol/ids.hpp"\n#include "actors/agent/machine.hpp"\n'),
    ("includes", "actors/agent/machine.cpp", HEAD + '#include "rules.hpp"\n#include <map>\n'),
    ("includes", "actors/agent/actor.cpp", HEAD + '#include "actors/agent/machine.hpp"\n#include <caf/all.hpp>\n'),
    ("includes", "actors/runtime/router.cpp", HEAD + '#include "storage/shard_client.hpp"\n'),
    ("includes", "storage/raft/core.c", HEAD + "#include <raft.h>\n"),
    ("includes", "http/a.cpp", HEAD + '#include "actors/runtime/router.hpp"\n#include <boost/beast.hpp>\n'),
    ("includes", "node/main.cpp", HEAD + '#include "http/a.hpp"\n#include <pistache/http.h>\n'),
    ("includes", "tests/unit/a.cpp", HEAD + '#include "storage/a.hpp"\n#include "node/config.hpp"\n'),
    ("purity", "actors/agent/machine.cpp", HEAD + "// no system_clock here\nauto at = stamp.time(); lease_time(1);\n"),
    ("purity", "actors/agent/actor.cpp", HEAD + "std::unordered_map<int, int> cache;\n"),
    ("sleeps", "tests/e2e/a.test.mjs", "setTimeout(() => reject(new Error('late')), 5000);\n"),
    ("names", "tests/unit/a.cpp", HEAD + 'TEST_CASE("outbox: a timer fires once") {}\n'),
    ("names", "storage/a.hpp", "#pragma once\n" + HEAD),
    ("schemas", "protocol/schema/a.capnp", "struct Place {\n  enum Kind {\n  }\n}\nstruct Kind {\n}\n"),
)


def found(tree_of, rule, path, content):
    """Whether the rule finds anything in that file of an otherwise empty repository."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        file = pathlib.Path(folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return any(rule(tree_of(folder)))


def run(tree_of, rules):
    """Returns how many plants behaved and how many did not, and prints the latter."""
    wrong = 0
    for expected, plants in ((True, CAUGHT), (False, SPARED)):
        for rule, path, content in plants:
            if found(tree_of, rules[rule], path, content) != expected:
                wrong += 1
                print(f"self-test: {rule} should {'catch' if expected else 'spare'} this in {path}:\n{content[:200]}")
    return len(CAUGHT) + len(SPARED) - wrong, wrong
