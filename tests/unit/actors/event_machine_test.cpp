#include <catch2/catch_test_macros.hpp>

#include "protocol/limits.hpp"
#include "protocol/records.hpp"
#include "tests/support/sample_events.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

schema::EventsAppended::Reader appended(const owned<schema::Reply>& reply) {
  REQUIRE((*reply).isEventsAppended());
  return (*reply).getEventsAppended();
}

owned<schema::Agent> agent_in(const memory_shard& shard, std::string_view id) {
  auto bytes = shard.records.get(family::state, agent_key(shard.org, id));
  REQUIRE(bytes);
  return owned<schema::Agent>(bytes.value_or(""));
}

owned<schema::AgentActivity> activity_in(const memory_shard& shard, std::string_view id) {
  auto bytes = shard.records.get(family::state, agent_activity_key(shard.org, id));
  REQUIRE(bytes);
  return owned<schema::AgentActivity>(bytes.value_or(""));
}

std::vector<std::uint64_t> seqs_in(const memory_shard& shard) {
  std::vector<std::uint64_t> seqs;
  auto all = shard.query([](auto q) { q.initReadFeed(); });
  for (auto item : (*all).getEvents()) seqs.push_back(item.getSeq());
  return seqs;
}

}  // namespace

TEST_CASE("events: a shard numbers its events from one without a gap") {
  memory_shard shard;
  CHECK(appended(shard.run(append({{id_of(1)}, {id_of(2)}}))).getLastSeq() == 2);
  CHECK(appended(shard.run(append({{id_of(2)}, {id_of(3)}}))).getLastSeq() == 3);
  CHECK(appended(shard.run(append({{id_of(4), "agent-2"}}))).getLastSeq() == 4);
  CHECK(seqs_in(shard) == std::vector<std::uint64_t>{1, 2, 3, 4});
}

TEST_CASE("events: an id counts once, in the store and within a batch") {
  memory_shard shard;
  struct row {
    std::vector<sample_event> batch;
    unsigned accepted, duplicates, rejected;
  };
  for (auto& r : std::vector<row>{
           {{{id_of(1)}, {id_of(2)}}, 2, 0, 0},
           {{{id_of(1)}, {id_of(2)}}, 0, 2, 0},
           {{{id_of(3)}, {id_of(3)}, {id_of(3)}}, 1, 2, 0},
           {{{id_of(4), ""}, {id_of(4)}}, 1, 0, 1},  // a rejected event does not use up its id
           {{{id_of(4)}, {id_of(5)}, {id_of(6), ""}}, 1, 1, 1},
           {{}, 0, 0, 0},
       }) {
    auto reply = shard.run(append(r.batch));
    CHECK(appended(reply).getAccepted() == r.accepted);
    CHECK(appended(reply).getDuplicates() == r.duplicates);
    CHECK(appended(reply).getRejected().size() == r.rejected);
    CHECK(shard.last.changes.empty() == (r.accepted == 0));
    CHECK(shard.last.facts.empty() == (r.accepted == 0));
  }
  CHECK(seqs_in(shard).size() == 5);
}

TEST_CASE("events: the same id in another organisation is another event") {
  memory_shard shard;
  shard.run(append({{id_of(1)}}));
  shard.org = "other";
  CHECK(appended(shard.run(append({{id_of(1)}}))).getAccepted() == 1);
}

TEST_CASE("events: a rejected event is named with its index and field") {
  memory_shard shard;
  auto reply = shard.run(append({{id_of(1)}, {id_of(2), ""}}));
  auto rejected = appended(reply).getRejected();
  REQUIRE(rejected.size() == 1);
  CHECK(rejected[0].getIndex() == 1);
  CHECK(view_of(rejected[0].getField()) == "agent_id");
}

TEST_CASE("events: events without an id get different ones drawn from the stamp") {
  memory_shard shard;
  CHECK(appended(shard.run(append({{}, {}, {}}))).getAccepted() == 3);
  owned<schema::Fact> fact(shard.last.facts[0]);
  auto told = (*fact).getEventsAppended().getEvents();
  for (auto e : told) {
    uuid id{e.getId().getHigh(), e.getId().getLow()};
    CHECK((id.high >> 16) == static_cast<std::uint64_t>(shard.now.time_us / 1000));
    CHECK(((id.high >> 12) & 0xf) == 7);
  }
  CHECK(told[0].getId().getLow() != told[1].getId().getLow());
}

TEST_CASE("events: an event is stored with its organisation and when it was received") {
  memory_shard shard;
  sample_event sent{id_of(1)};
  sent.error = "kept as sent";
  shard.run(append({sent}));
  auto found = shard.query([](auto q) {
    auto id = q.initGetEvent();
    id.setHigh(id_of(1).high);
    id.setLow(id_of(1).low);
  });
  REQUIRE((*found).getEvents().size() == 1);
  auto event = (*found).getEvents()[0].getEvent();
  CHECK(view_of(event.getOrg()) == "default");
  CHECK(event.getReceivedUs() == shard.now.time_us);
  CHECK(view_of(event.getError()) == "kept as sent");
  CHECK((*found).getEvents()[0].getSeq() == 1);
}

TEST_CASE("events: the first event of an agent creates it") {
  memory_shard shard;
  shard.run(append({{id_of(1), "b"}, {id_of(2), "a"}}));
  auto agent = agent_in(shard, "a");
  CHECK_FALSE((*agent).getDeclared());
  CHECK((*agent).getVersion() == 1);
  CHECK((*agent).getRegisteredUs() == shard.now.time_us);
  REQUIRE(shard.last.facts.size() == 3);  // the events, then each agent by id
  owned<schema::Fact> first(shard.last.facts[1]), second(shard.last.facts[2]);
  CHECK(view_of((*first).getAgentChanged().getAgent().getId()) == "a");
  CHECK((*first).getAgentChanged().getCreated());
  CHECK(view_of((*second).getAgentChanged().getAgent().getId()) == "b");
  shard.run(append({{id_of(3), "a"}}));
  CHECK((*agent_in(shard, "a")).getVersion() == 1);
  CHECK_FALSE((*owned<schema::Fact>(shard.last.facts[1])).getAgentChanged().getCreated());
}

TEST_CASE("events: an agent takes its first team and lends it to its later events") {
  memory_shard shard;
  sample_event with_team{id_of(2)};
  with_team.team = "red";
  sample_event other_team{id_of(4)};
  other_team.team = "blue";
  shard.run(append({{id_of(1)}, with_team, {id_of(3)}, other_team}));
  CHECK(view_of((*agent_in(shard, "agent-1")).getTeam()) == "red");
  owned<schema::Fact> fact(shard.last.facts[0]);
  std::vector<std::string> teams;
  for (auto e : (*fact).getEventsAppended().getEvents()) teams.emplace_back(view_of(e.getTeam()));
  CHECK(teams == std::vector<std::string>{"", "red", "red", "blue"});

  memory_shard later;
  later.run(append({{id_of(1)}}));
  later.run(append({with_team}));
  CHECK(view_of((*agent_in(later, "agent-1")).getTeam()) == "red");
  CHECK((*agent_in(later, "agent-1")).getVersion() == 2);
  CHECK(later.records.all(family::history).size() == 1);
}

TEST_CASE("events: activity adds up and its time is never later than the stamp") {
  memory_shard shard;
  auto now_us = shard.now.time_us;
  sample_event failed{id_of(1)};
  failed.time_us = now_us - 5'000'000;
  failed.status = schema::EventStatus::ERROR;
  failed.tokens = {10, 5, 3, 0, 1};
  failed.cost_nano_usd = 700;
  sample_event of_tomorrow{id_of(2)};
  of_tomorrow.time_us = now_us + 86'400'000'000;
  of_tomorrow.tokens = {1, 1, 0, 0, 0};
  sample_event of_old{id_of(3)};
  of_old.time_us = 5;
  shard.run(append({failed}));
  CHECK((*activity_in(shard, "agent-1")).getLastActivityUs() == now_us - 5'000'000);
  shard.run(append({of_tomorrow}));
  CHECK((*activity_in(shard, "agent-1")).getLastActivityUs() == now_us);
  shard.run(append({of_old}));
  auto activity = activity_in(shard, "agent-1");
  CHECK((*activity).getLastActivityUs() == now_us);
  CHECK((*activity).getEvents() == 3);
  CHECK((*activity).getErrors() == 1);
  CHECK((*activity).getTokens().getInput() == 11);
  CHECK((*activity).getTokens().getCacheRead() == 3);
  CHECK((*activity).getCostNanoUsd() == 700);
}

TEST_CASE("events: the fact tells all that was accepted, in order and numbered") {
  memory_shard shard;
  shard.run(append({{id_of(1)}}));
  shard.run(append({{id_of(2)}, {id_of(1)}, {id_of(3)}}));
  owned<schema::Fact> fact(shard.last.facts[0]);
  CHECK(view_of((*fact).getOrg()) == "default");
  auto told = (*fact).getEventsAppended();
  CHECK(told.getFirstSeq() == 2);
  REQUIRE(told.getEvents().size() == 2);
  CHECK(told.getEvents()[0].getId().getLow() == id_of(2).low);
  CHECK(told.getEvents()[1].getId().getLow() == id_of(3).low);
  CHECK(told.getEvents()[1].getReceivedUs() == shard.now.time_us);
}

TEST_CASE("events: the same view, command and stamp give the same bytes") {
  auto run = [] {
    memory_shard shard;
    std::vector<sample_event> batch;
    for (std::uint64_t i = 0; i < 300; ++i) {
      sample_event e{id_of(i), "agent-" + std::to_string(i % 7)};
      e.duration_us = static_cast<std::int64_t>(i * 977 % 5000);
      e.model = i % 2 ? "m1" : "m2";
      e.trace = "trace-" + std::to_string(i % 3);
      batch.push_back(e);
    }
    shard.run(append(batch));
    return std::pair{std::string(shard.last.changes.bytes()), shard.last.facts};
  };
  auto first = run();
  CHECK(first == run());
  CHECK(first.first.size() > 100'000);
}

TEST_CASE("events: a wild event is added up without overflow") {
  memory_shard shard;
  auto most = std::numeric_limits<std::int64_t>::max();
  sample_event wild{id_of(1)};
  wild.tokens = {most, most, most, most, most};
  wild.cost_nano_usd = most;
  wild.duration_us = most;
  wild.time_us = std::numeric_limits<std::int64_t>::min();
  auto twin = wild;
  twin.id = id_of(2);
  twin.time_us = most;
  shard.run(append({wild, twin}));
  shard.run(append({{id_of(3)}}));
  CHECK((*activity_in(shard, "agent-1")).getTokens().getInput() == most);
}

TEST_CASE("events: a batch that claims more events than an entry can hold is refused whole") {
  memory_shard shard;
  auto reply = shard.run([](auto body) {
    body.initAppendEvents().initEvents(static_cast<unsigned>(limits::events_per_entry_max + 1));
  });
  CHECK(refused(reply) == errc::too_large);
  CHECK(shard.last.changes.empty());
}

TEST_CASE("events: one with more tiers than can be is refused, the others are taken") {
  memory_shard shard;
  sample_event wide{id_of(1)};
  for (std::size_t i = 0; i <= limits::list_items_max; ++i)
    wide.latency_by_tier.emplace_back(std::to_string(i), 1);
  auto reply = shard.run(append({wide, {id_of(2)}}));
  CHECK(appended(reply).getAccepted() == 1);
  REQUIRE(appended(reply).getRejected().size() == 1);
  CHECK(appended(reply).getRejected()[0].getIndex() == 0);
  CHECK(view_of(appended(reply).getRejected()[0].getField()) == "latency_by_tier_ms");
}
