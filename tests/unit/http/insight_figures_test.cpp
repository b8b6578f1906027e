// The pure parts behind the insight pages: waterfalls, loads of teams, CSV.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "http/insight/csv.hpp"
#include "http/insight/team.hpp"
#include "http/insight/waterfall.hpp"

using namespace troupe::http;

namespace {

trace_span span(std::string id, std::string parent, std::string agent, std::int64_t start, std::int64_t end) {
  trace_span s{std::move(id), std::move(parent), std::move(agent)};
  s.start_us = start, s.end_us = end;
  return s;
}

std::vector<std::string> ids(const std::vector<trace_span>& spans) {
  std::vector<std::string> out;
  for (auto& s : spans) out.push_back(s.span_id);
  return out;
}

}  // namespace

TEST_CASE("waterfall: parents before children, siblings by start, across agents") {
  auto drawn = lay_out({span("late", "root", "b", 60, 90), span("leaf", "early", "a", 12, 18),
                        span("root", "", "a", 0, 100), span("early", "root", "a", 10, 40)});
  CHECK(ids(drawn) == std::vector<std::string>{"root", "early", "leaf", "late"});
  CHECK(drawn[0].self_us == 40);  // 100 - 30 - 30
  CHECK(drawn[1].self_us == 24);
  CHECK((drawn[2].parent == 1 && drawn[2].depth == 2 && !drawn[2].across_agents));
  CHECK((drawn[3].parent == 0 && drawn[3].depth == 1 && drawn[3].across_agents));
}

TEST_CASE("waterfall: circles, lost parents and several events of one span end in a tree") {
  auto drawn = lay_out({span("a", "b", "x", 0, 10), span("b", "a", "x", 1, 9), span("c", "lost", "x", 2, 3),
                        span("d", "d", "x", 4, 5), span("s", "", "x", 6, 6), span("s", "", "x", 6, 20),
                        span("", "s", "x", 7, 30)});
  CHECK(drawn.size() == 7);
  std::size_t roots = 0;
  for (auto& s : drawn) roots += s.parent ? 0 : 1;
  CHECK(roots == 5);
  // A child that ends after its parent covers only the parent's time.
  auto& whole = *std::find_if(drawn.begin(), drawn.end(), [](auto& s) { return s.span_id == "s"; });
  CHECK(whole.end_us == 20);
  CHECK(whole.self_us == 1);
}

TEST_CASE("teams: a planted overload is ranked first") {
  team_figures team;
  team.name = "research";
  for (auto name : {"a", "b", "c", "overloaded"}) {
    team_member m;
    m.agent = name;
    m.usage.count = 100;
    m.busy_slots = 60;
    team.members.push_back(m);
  }
  team.members[3].open_tasks = 12;  // the others have none
  team.members[3].busy_slots = 90;
  team.members[1].usage.errors = 90;
  weigh(team);
  CHECK(team.members[0].agent == "overloaded");
  CHECK(team.members[0].load == 12);
  CHECK(std::abs(team.members[1].load - 1) < 0.01);
  auto advice = recommend({team}, 360);
  REQUIRE(advice.size() == 2);
  CHECK(advice[0].kind == "overloaded_agent");
  CHECK(advice[0].agent == "overloaded");
  CHECK(advice[0].arithmetic == "12 open tasks against 0 on average of 3 others: 12 times");
  CHECK((advice[1].kind == "failing_agent" && advice[1].agent == "b"));
}

TEST_CASE("teams: advice says its values, and whoever has the most work is not called idle") {
  team_figures team;
  team.name = "ops";
  for (auto [name, events] : {std::pair{"calm", 10}, {"swamped", 100}}) {
    team_member m;
    m.agent = name;
    m.usage.count = events;
    m.busy_slots = 1;
    team.members.push_back(m);
  }
  weigh(team);
  auto advice = recommend({team}, 1'000);
  REQUIRE(advice.size() == 2);
  CHECK((advice[0].kind == "overloaded_agent" && advice[0].agent == "swamped"));
  CHECK(advice[0].evidence.ends_with(R"(,"measure":"events","own":100,"others_avg":10,"others":1})"));
  CHECK((advice[1].kind == "idle_agent" && advice[1].agent == "calm"));
  CHECK(advice[1].evidence.ends_with(R"(,"busiest_agent_id":"swamped","busiest_load":10})"));
}

TEST_CASE("teams: evenness is 0, all on one is nearly 1") {
  CHECK(*gini({5, 5, 5, 5}) == 0);
  CHECK(*gini({0, 0, 0, 8}) == 0.75);  // (n - 1) / n
  CHECK(!gini({0, 0}));
  CHECK(!gini({}));
}

TEST_CASE("CSV: quotes as RFC 4180 says, and no formula is left") {
  std::string out;
  csv_writer w(out);
  w.text("plain").text("a,b").text("say \"hi\"").text("two\r\nlines").plain("-1.5").end_row();
  for (auto begin : {"=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx"}) w.text(begin);
  w.end_row();
  for (auto full_width : {"＝1", "＋1", "－1", "＠x", "１"}) w.text(full_width);
  w.text("").text("a=1").end_row();
  CHECK(out ==
        "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\",-1.5\r\n"
        "'=1+1,'+1,'-1,'@x,'\tx,\"'\rx\",\"'\nx\"\r\n"
        "'＝1,'＋1,'－1,'＠x,１,,a=1\r\n");
}
