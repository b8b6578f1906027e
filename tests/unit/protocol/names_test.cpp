#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>

#include "protocol/errc.hpp"
#include "protocol/event_type.hpp"
#include "protocol/placement.hpp"

using namespace troupe;

TEST_CASE("event type: every public name is read and written back") {
  for (std::string name :
       {"execution.started", "execution.completed", "execution.failed", "llm.call", "tool.call",
        "memory.access", "knowledge.access", "hypothesis.formed", "hypothesis.validated",
        "hypothesis.rejected", "collaboration", "custom.deploy", "custom.llm.call"}) {
    auto type = parse_event_type(name);
    REQUIRE(type);
    if (type) CHECK(event_type_name(type->first, type->second) == name);
  }
}

TEST_CASE("event type: an unknown name is no type at all") {
  for (auto name : {"", "llm", "LLM.CALL", "llm.call ", "custom", "custom.", "customs.x"})
    CHECK_FALSE(parse_event_type(name));
}

TEST_CASE("event type: statuses are read and written back") {
  for (std::string name : {"ok", "error", "unset"}) {
    auto status = parse_event_status(name);
    REQUIRE(status);
    if (status) CHECK(event_status_name(*status) == name);
  }
  CHECK_FALSE(parse_event_status("OK"));
}

TEST_CASE("placement: the shard of an entity never changes") {
  struct row {
    const char *org, *kind, *id;
    std::uint16_t shards, shard;
  };
  for (auto& r : {row{"default", "agent", "agent-1", 16, 12}, row{"default", "agent", "agent-2", 16, 13},
                  row{"default", "agent", "", 16, 2}, row{"acme", "agent", "agent-1", 16, 10},
                  row{"default", "dashboard", "agent-1", 16, 12}, row{"default", "agent", "agent-1", 64, 36},
                  row{"default", "agent", "agent-1", 2, 1}})
    CHECK(shard_of(r.org, r.kind, r.id, r.shards).value == r.shard);
}

TEST_CASE("placement: entities spread over all shards but the system's") {
  std::map<std::uint16_t, int> entities;
  for (int i = 0; i < 15'000; ++i)
    ++entities[shard_of("default", "agent", "agent-" + std::to_string(i), 16).value];
  CHECK(entities.size() == 15);
  CHECK(entities.count(system_shard.value) == 0);
  for (auto& [shard, n] : entities) CHECK((n > 850 && n < 1150));
}

TEST_CASE("placement: the parts of an entity's name are kept apart") {
  std::set<std::uint16_t> shards;
  for (std::uint16_t n = 3; n < 300; ++n)
    if (shard_of("ab", "c", "d", n) != shard_of("a", "bc", "d", n)) shards.insert(n);
  CHECK(shards.size() > 200);
}

TEST_CASE("errc: every code has a name and a status of its own kind") {
  std::set<std::string_view> names;
  for (std::uint16_t code = 1; code <= static_cast<std::uint16_t>(errc::internal); ++code) {
    CHECK(names.insert(to_string(static_cast<errc>(code))).second);
    auto status = http_status(static_cast<errc>(code));
    CHECK((status >= 400 && status < 600));
  }
}
