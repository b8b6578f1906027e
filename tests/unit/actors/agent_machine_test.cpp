#include <catch2/catch_test_macros.hpp>

#include "protocol/limits.hpp"
#include "tests/support/sample_events.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

memory_shard::fill register_agent(std::string id, std::string name = "", std::string team = "",
                                  std::vector<std::string> capabilities = {}) {
  return [=](schema::Command::Body::Builder body) {
    auto said = body.initRegisterAgent();
    said.setId(id.c_str());
    said.setName(name.c_str());
    said.setTeam(team.c_str());
    auto list = said.initCapabilities(static_cast<unsigned>(capabilities.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, capabilities[i].c_str());
  };
}

memory_shard::fill heartbeat(std::string id, std::int64_t lease_ms = 0, std::string status = "") {
  return [=](schema::Command::Body::Builder body) {
    auto said = body.initHeartbeat();
    said.setAgentId(id.c_str());
    said.setLeaseMs(lease_ms);
    said.setStatus(status.c_str());
  };
}

schema::AgentState::Reader state(const owned<schema::Reply>& reply) {
  REQUIRE((*reply).isAgent());
  return (*reply).getAgent();
}

std::vector<std::string> ids(const owned<schema::QueryResult>& result) {
  std::vector<std::string> out;
  for (auto a : (*result).getAgents()) out.emplace_back(view_of(a.getAgent().getId()));
  return out;
}

owned<schema::QueryResult> list(const memory_shard& shard, const char* team = "", std::int64_t since_us = 0,
                                const char* after = "", unsigned limit = 0) {
  return shard.query([&](auto q) {
    auto asked = q.initListAgents();
    asked.setTeam(team);
    asked.setActiveSinceUs(since_us);
    asked.setAfterId(after);
    asked.setLimit(limit);
  });
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("agents: registering creates an agent that is declared and active") {
  memory_shard shard;
  auto reply = shard.run(register_agent("a", "Ada", "red", {"search"}));
  CHECK(state(reply).getCreated());
  auto agent = state(reply).getAgent();
  CHECK(agent.getDeclared());
  CHECK(agent.getVersion() == 1);
  CHECK(view_of(agent.getName()) == "Ada");
  CHECK(view_of(agent.getCapabilities()[0]) == "search");
  CHECK(state(reply).getActivity().getLastActivityUs() == shard.now.time_us);
  REQUIRE(shard.last.facts.size() == 1);
  CHECK((*owned<schema::Fact>(shard.last.facts[0])).isAgentChanged());
}

TEST_CASE("agents: registering again bumps the version only when it says something new") {
  memory_shard shard;
  shard.run(register_agent("a", "Ada", "red", {"search"}));
  struct row {
    memory_shard::fill again;
    std::uint64_t version;
    std::string name;
  };
  for (auto& r : std::vector<row>{
           {register_agent("a", "Ada", "red", {"search"}), 1, "Ada"},
           {register_agent("a"), 1, "Ada"},  // a bare restart wipes out nothing
           {register_agent("a", "Eve"), 2, "Eve"},
           {register_agent("a", "", "", {"search", "plan"}), 3, "Eve"},
           {register_agent("a", "", "", {"plan", "search"}), 4, "Eve"},
       }) {
    shard.pass(1000);
    auto reply = shard.run(r.again);
    CHECK_FALSE(state(reply).getCreated());
    CHECK(state(reply).getAgent().getVersion() == r.version);
    CHECK(view_of(state(reply).getAgent().getName()) == r.name);
    CHECK(view_of(state(reply).getAgent().getTeam()) == "red");
    CHECK(state(reply).getActivity().getLastActivityUs() == shard.now.time_us);
  }
  CHECK(shard.records.all(family::history).size() == 3);
}

TEST_CASE("agents: an agent known from its events becomes declared by registering") {
  memory_shard shard;
  shard.run(append({{id_of(1), "a"}}));
  auto reply = shard.run(register_agent("a"));
  CHECK_FALSE(state(reply).getCreated());
  CHECK(state(reply).getAgent().getDeclared());
  CHECK(state(reply).getAgent().getVersion() == 2);
  CHECK(state(reply).getActivity().getEvents() == 1);
}

TEST_CASE("agents: an update sets exactly the fields it names") {
  memory_shard shard;
  shard.run(register_agent("a", "Ada", "red", {"search"}));
  auto rename = [](schema::Command::Body::Builder body) {
    auto said = body.initUpdateAgent();
    said.setId("a");
    said.setIfVersion(1);
    said.setSetName(true);
    said.setName("Eve");
    said.setTeam("ignored: its flag is not set");
  };
  auto reply = shard.run(rename);
  CHECK(view_of(state(reply).getAgent().getName()) == "Eve");
  CHECK(view_of(state(reply).getAgent().getTeam()) == "red");
  CHECK(state(reply).getAgent().getVersion() == 2);

  CHECK(refused(shard.run(rename)) == errc::version_mismatch);
  CHECK(shard.last.changes.empty());

  auto cleared = shard.run([](auto body) {
    auto said = body.initUpdateAgent();
    said.setId("a");
    said.setSetTeam(true);
    said.setSetCapabilities(true);
  });
  CHECK(state(cleared).getAgent().getTeam().size() == 0);
  CHECK(state(cleared).getAgent().getCapabilities().size() == 0);
  CHECK(state(cleared).getAgent().getVersion() == 3);

  auto same = shard.run([](auto body) {
    auto said = body.initUpdateAgent();
    said.setId("a");
    said.setSetName(true);
    said.setName("Eve");
  });
  CHECK(state(same).getAgent().getVersion() == 3);
  CHECK(shard.last.changes.empty());
  CHECK(shard.last.facts.empty());
}

TEST_CASE("agents: a heartbeat gives a lease and makes an unknown agent known") {
  memory_shard shard;
  auto reply = shard.run(heartbeat("a", 5000, "busy"));
  CHECK(state(reply).getCreated());
  CHECK_FALSE(state(reply).getAgent().getDeclared());
  CHECK(state(reply).getActivity().getLeaseUntilUs() == shard.now.time_us + 5'000'000);
  CHECK(view_of(state(reply).getActivity().getReportedStatus()) == "busy");
  shard.pass(1000);
  auto again = shard.run(heartbeat("a"));
  CHECK(state(again).getAgent().getVersion() == 1);
  CHECK(state(again).getActivity().getLeaseUntilUs() == shard.now.time_us + limits::lease_ms_default * 1000);
  CHECK(state(again).getActivity().getReportedStatus().size() == 0);
}

TEST_CASE("agents: a wrong request is refused by field and changes nothing") {
  memory_shard shard;
  struct row {
    memory_shard::fill command;
    errc code;
    std::string field;
  };
  auto long_name = std::string(limits::id_bytes_max + 1, 'x');
  for (auto& r : std::vector<row>{
           {register_agent(""), errc::invalid_argument, "id"},
           {register_agent(long_name), errc::invalid_argument, "id"},
           {register_agent("a", long_name), errc::invalid_argument, "name"},
           {register_agent("a", "", "", std::vector<std::string>(65, "x")), errc::invalid_argument,
            "capabilities"},
           {register_agent("a", "", "", {""}), errc::invalid_argument, "capabilities"},
           {heartbeat("a", limits::lease_ms_min - 1), errc::invalid_argument, "lease_ms"},
           {heartbeat("a", limits::lease_ms_max + 1), errc::invalid_argument, "lease_ms"},
           {heartbeat("a", -1), errc::invalid_argument, "lease_ms"},
           {[](auto b) { b.initUpdateAgent().setId("nobody"); }, errc::not_found, "id"},
       }) {
    auto reply = shard.run(r.command);
    CHECK(refused(reply) == r.code);
    CHECK(view_of((*reply).getRefused().getField()) == r.field);
    CHECK((*reply).getRefused().getDetail().size() > 10);
    CHECK(shard.last.changes.empty());
    CHECK(shard.last.facts.empty());
  }
}

TEST_CASE("agents: the list has pages, a team and who was active lately") {
  memory_shard shard;
  shard.run(register_agent("b", "", "red"));
  shard.run(register_agent("a"));
  shard.pass(limits::agent_active_ms);
  shard.run(register_agent("c", "", "red"));
  shard.run(append({{id_of(1), "d", shard.now.time_us}}));
  CHECK(ids(list(shard)) == names{"a", "b", "c", "d"});
  CHECK(ids(list(shard, "red")) == names{"b", "c"});
  CHECK(ids(list(shard, "", shard.now.time_us - 1000)) == names{"c", "d"});
  auto page = list(shard, "", 0, "", 3);
  CHECK(ids(page) == names{"a", "b", "c"});
  CHECK((*page).getMore());
  auto rest = list(shard, "", 0, "c", 3);
  CHECK(ids(rest) == names{"d"});
  CHECK_FALSE((*rest).getMore());
  shard.org = "other";
  CHECK(ids(list(shard)).empty());
}

TEST_CASE("agents: one agent is read with its activity") {
  memory_shard shard;
  shard.run(register_agent("a", "Ada"));
  auto found = shard.query([](auto q) { q.setGetAgent("a"); });
  REQUIRE((*found).getAgents().size() == 1);
  CHECK((*found).getAgents()[0].getActivity().getLastActivityUs() == shard.now.time_us);
  CHECK((*shard.query([](auto q) { q.setGetAgent("nobody"); })).isNothing());
}
