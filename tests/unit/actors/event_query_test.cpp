#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>

#include "protocol/limits.hpp"
#include "tests/support/sample_events.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using filter_fill = std::function<void(schema::EventFilter::Builder)>;

owned<schema::QueryResult> list(const memory_shard& shard, const filter_fill& filter, unsigned limit = 0,
                                std::int64_t before_us = 0, std::uint64_t before_seq = 0) {
  return shard.query([&](auto q) {
    auto asked = q.initListEvents();
    filter(asked.initFilter());
    asked.setLimit(limit);
    asked.setBeforeTimeUs(before_us);
    asked.setBeforeSeq(before_seq);
  });
}

std::vector<std::uint64_t> seqs(const owned<schema::QueryResult>& result) {
  std::vector<std::uint64_t> out;
  for (auto item : (*result).getEvents()) out.push_back(item.getSeq());
  return out;
}

owned<schema::QueryResult> feed(const memory_shard& shard, std::uint64_t after, unsigned limit = 0,
                                const char* agent = "", const char* team = "") {
  return shard.query([&](auto q) {
    auto asked = q.initReadFeed();
    asked.setAfterSeq(after);
    asked.setLimit(limit);
    asked.setAgentId(agent);
    asked.setTeam(team);
  });
}

using list_of = std::vector<std::uint64_t>;
const filter_fill everything = [](auto) {};

// seq: 1 a/red/t1, 2 b/t1 (error), 3 a (tool), 4 a (of the same time as 3), 5 b (older than all)
memory_shard filled() {
  memory_shard shard;
  std::vector<sample_event> batch(5);
  const char* agents[] = {"a", "b", "a", "a", "b"};
  const int seconds[] = {10, 20, 30, 30, 5};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].id = id_of(i + 1);
    batch[i].agent = agents[i];
    batch[i].time_us += seconds[i] * 1'000'000;
  }
  batch[0].trace = batch[1].trace = "t1";
  batch[0].team = "red";
  batch[1].status = schema::EventStatus::ERROR;
  batch[1].error = "Connection REFUSED by peer";
  batch[2].type = schema::EventType::TOOL_CALL;
  batch[2].tool = "grep";
  shard.run(append(batch));
  return shard;
}

}  // namespace

TEST_CASE("event queries: events come newest first by any index") {
  auto shard = filled();
  CHECK(seqs(list(shard, everything)) == list_of{4, 3, 2, 1, 5});
  CHECK(seqs(list(shard, [](auto f) { f.setAgentId("a"); })) == list_of{4, 3, 1});
  CHECK(seqs(list(shard, [](auto f) { f.setTraceId("t1"); })) == list_of{2, 1});
  CHECK(seqs(list(shard, [](auto f) { f.setTraceId("t1"), f.setAgentId("a"); })) == list_of{1});
}

TEST_CASE("event queries: each condition narrows the answer") {
  auto shard = filled();
  auto base = sample_event().time_us;
  struct row {
    filter_fill filter;
    list_of expected;
  };
  for (auto& r : std::vector<row>{
           {[](auto f) { f.setType("tool.call"); }, {3}},
           {[](auto f) { f.setType("custom.x"); }, {}},
           {[](auto f) { f.setStatus("error"); }, {2}},
           {[](auto f) { f.setTool("grep"); }, {3}},
           {[](auto f) { f.setTeam("red"); }, {4, 3, 1}},  // events of an agent in a team are its team's
           {[](auto f) { f.setText("refused BY"); }, {2}},
           {[](auto f) { f.setText("tool.CALL"); }, {3}},
           {[](auto f) { f.setText("nowhere"); }, {}},
           {[&](auto f) { f.setSinceUs(base + 20'000'000); }, {4, 3, 2}},
           {[&](auto f) { f.setUntilUs(base + 20'000'000); }, {1, 5}},
           {[&](auto f) { f.setSinceUs(base + 30'000'000), f.setUntilUs(base + 10'000'000); }, {}},
           {[](auto f) { f.setSessionId("none"); }, {}},
       })
    CHECK(seqs(list(shard, r.filter)) == r.expected);
}

TEST_CASE("event queries: events are found by what they are about") {
  std::vector<sample_event> batch(4);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].id = id_of(i + 1);
  batch[0].tier = "redis_immediate";
  batch[0].latency_by_tier = {{"redis", 1000}, {"postgresql", 2000}};
  batch[0].user = "u-1";
  batch[1].tier = "redis";
  batch[1].knowledge = "k-1";
  batch[2].knowledge = "k-12";
  batch[2].peer = "planner";
  batch[3].latency_by_tier = {{"postgresql", 3000}};  // a miss: asked, nobody served
  batch[3].provider = "openai";
  memory_shard shard;
  shard.run(append(batch));
  struct row {
    filter_fill filter;
    list_of expected;
  };
  for (auto& r : std::vector<row>{
           {[](auto f) { f.setTier("redis"); }, {2, 1}},
           {[](auto f) { f.setTier("redis_immediate"); }, {1}},
           {[](auto f) { f.setTier("postgresql"); }, {4, 1}},
           {[](auto f) { f.setTier("post"); }, {}},
           {[](auto f) { f.setKnowledgeId("k-1"); }, {2}},
           {[](auto f) { f.setKnowledgeId("K-1"); }, {}},
           {[](auto f) { f.setPeerAgentId("planner"); }, {3}},
           {[](auto f) { f.setUserId("u-1"); }, {1}},
           {[](auto f) { f.setProvider("openai"); }, {4}},
           {[](auto f) { f.setTier("redis"), f.setUserId("u-1"); }, {1}},
           {[](auto f) { f.setTier("redis"), f.setProvider("openai"); }, {}},
       })
    CHECK(seqs(list(shard, r.filter)) == r.expected);
}

TEST_CASE("event queries: a text is found whatever the width of blanks") {
  std::vector<sample_event> batch(3);
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].id = id_of(i + 1);
  batch[0].query = " Open \r\n incidents\tof  today";
  batch[1].query = "openincidents";
  batch[2].query = "open  open incidents ";
  memory_shard shard;
  shard.run(append(batch));
  struct row {
    const char* text;
    list_of expected;
  };
  for (auto& r : std::vector<row>{
           {"open incidents of today", {1}},
           {"open incidents", {3, 1}},
           {"  OPEN\n incidents ", {3, 1}},
           {"n i", {3, 1}},
           {"openincidents", {2}},
           {"op en", {}},
           {"today tomorrow", {}},
           {"incidents", {3, 2, 1}},
           {" \t", {3, 2, 1}},  // nothing asked
       })
    CHECK(seqs(list(shard, [&](auto f) { f.setText(r.text); })) == r.expected);
}

TEST_CASE("event queries: what cannot be asked is refused by field") {
  auto shard = filled();
  for (auto& [filter, field] : std::vector<std::pair<filter_fill, std::string>>{
           {[](auto f) { f.setType("llm.cal"); }, "type"}, {[](auto f) { f.setStatus("bad"); }, "status"}}) {
    auto answer = list(shard, filter);
    REQUIRE((*answer).isRefused());
    CHECK(view_of((*answer).getRefused().getField()) == field);
  }
}

TEST_CASE("event queries: pages follow each other without a gap or a repeat") {
  auto shard = filled();
  for (unsigned limit : {1U, 2U, 3U, 4U}) {
    list_of all;
    std::int64_t before_us = 0;
    std::uint64_t before_seq = 0;
    for (bool more = true; more;) {
      auto page = list(shard, everything, limit, before_us, before_seq);
      auto part = seqs(page);
      all.insert(all.end(), part.begin(), part.end());
      more = (*page).getMore();
      before_us = (*page).getScannedToTimeUs();
      before_seq = (*page).getScannedToSeq();
      REQUIRE(part.size() <= limit);
    }
    CHECK(all == list_of{4, 3, 2, 1, 5});
  }
}

TEST_CASE("event queries: an organisation sees its own events only") {
  auto shard = filled();
  shard.org = "other";
  shard.run(append({{id_of(9), "a"}}));
  CHECK(seqs(list(shard, everything)) == list_of{6});
  CHECK(seqs(feed(shard, 0)) == list_of{6});
  auto foreign = shard.query([](auto q) {
    q.initGetEvent().setHigh(id_of(1).high);
    q.getGetEvent().setLow(id_of(1).low);
  });
  CHECK((*foreign).isNothing());
}

TEST_CASE("event queries: the feed goes on after a number, oldest first") {
  auto shard = filled();
  CHECK(seqs(feed(shard, 0)) == list_of{1, 2, 3, 4, 5});
  CHECK(seqs(feed(shard, 3)) == list_of{4, 5});
  CHECK(seqs(feed(shard, 0, 0, "b")) == list_of{2, 5});
  CHECK(seqs(feed(shard, 0, 0, "", "red")) == list_of{1, 3, 4});
  auto page = feed(shard, 1, 2);
  CHECK(seqs(page) == list_of{2, 3});
  CHECK((*page).getMore());
  CHECK((*page).getScannedToSeq() == 3);
  auto rest = feed(shard, 0, 0, "nobody");
  CHECK_FALSE((*rest).getMore());
  CHECK((*rest).getScannedToSeq() == 5);  // all looked at, none matching
  CHECK(seqs(feed(shard, 99)).empty());
  CHECK(seqs(feed(shard, ~0ULL)).empty());
}

TEST_CASE("event queries: an answer fits a frame however large its events are") {
  memory_shard shard;
  for (std::uint64_t i = 0; i < 30; ++i) {
    sample_event large{id_of(i)};
    large.error = std::string(60'000, 'x');
    shard.run(append({large}));
  }
  list_of all;
  for (std::uint64_t after = 0; after < 30;) {
    auto page = feed(shard, after);
    CHECK(page.bytes().size() < limits::frame_bytes_max);
    auto part = seqs(page);
    REQUIRE_FALSE(part.empty());
    all.insert(all.end(), part.begin(), part.end());
    after = (*page).getScannedToSeq();
  }
  CHECK(all.size() == 30);
  CHECK(list(shard, everything).bytes().size() < limits::frame_bytes_max);
}

TEST_CASE("event queries: a search that finds nothing says how far it looked") {
  memory_shard shard;
  std::uint64_t n = 0;
  while (n < limits::query_scan_max + 10) {
    std::vector<sample_event> batch(2000);
    for (auto& e : batch) e.id = id_of(++n), e.time_us += static_cast<std::int64_t>(n);
    shard.run(append(batch));
  }
  auto first = list(shard, [](auto f) { f.setTool("none"); });
  CHECK((*first).getMore());
  CHECK((*first).getEvents().size() == 0);
  auto second = list(
      shard, [](auto f) { f.setTool("none"); }, 0, (*first).getScannedToTimeUs(), (*first).getScannedToSeq());
  CHECK_FALSE((*second).getMore());
  CHECK((*second).getScannedToSeq() == 1);
}

// Batches overlap in time, go over several windows of the index and share agents and traces.
TEST_CASE("event queries: whatever the batches, events come in the order of time and number") {
  std::mt19937_64 random(11);
  memory_shard shard;
  struct stored {
    std::int64_t time_us;
    std::uint64_t seq;
    std::string agent, trace;
  };
  std::vector<stored> all;
  for (std::uint64_t n = 1; all.size() < 600;) {
    std::vector<sample_event> batch(1 + random() % 20);
    auto about = sample_event().time_us + static_cast<std::int64_t>(random() % 30'000'000);
    auto spread = random() % 3 == 0 ? 20'000'000ULL : 50'000ULL;
    for (auto& e : batch) {
      e.id = id_of(n++);
      e.time_us = about - static_cast<std::int64_t>(random() % spread) / 1000 * 1000;
      e.agent = "agent-" + std::to_string(random() % 3);
      if (random() % 2) e.trace = "trace-" + std::to_string(random() % 4);
      all.push_back({e.time_us, all.size() + 1, e.agent, e.trace});
    }
    shard.run(append(batch));
  }
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) {
    return std::pair{a.time_us, a.seq} > std::pair{b.time_us, b.seq};
  });
  for (int question = 0; question < 60; ++question) {
    auto agent = question % 3 == 1 ? "agent-" + std::to_string(random() % 3) : std::string();
    auto trace = question % 3 == 2 ? "trace-" + std::to_string(random() % 4) : std::string();
    auto since = question % 2 ? all[random() % all.size()].time_us : 0;
    auto until = question % 4 > 1 ? all[random() % all.size()].time_us : 0;
    list_of expected, found;
    for (auto& e : all)
      if ((agent.empty() || e.agent == agent) && (trace.empty() || e.trace == trace) && e.time_us >= since &&
          (until == 0 || e.time_us < until))
        expected.push_back(e.seq);
    auto limit = static_cast<unsigned>(1 + random() % 100);
    std::int64_t before_us = 0;
    std::uint64_t before_seq = 0;
    for (bool more = true; more;) {
      auto page = list(
          shard,
          [&](auto f) {
            f.setAgentId(agent);
            f.setTraceId(trace);
            f.setSinceUs(since);
            f.setUntilUs(until);
          },
          limit, before_us, before_seq);
      auto part = seqs(page);
      REQUIRE(part.size() <= limit);
      found.insert(found.end(), part.begin(), part.end());
      more = (*page).getMore();
      before_us = (*page).getScannedToTimeUs();
      before_seq = (*page).getScannedToSeq();
    }
    CHECK(found == expected);
  }
}
