// Dashboards over REST against the machines in memory: what whole clusters are too slow to try.
#include <boost/json/serialize.hpp>

#include "http/routes/dashboard_templates.hpp"
#include "protocol/limits.hpp"
#include "tests/support/edge_fixture.hpp"

using namespace troupe;
using namespace troupe::testing;
namespace json = boost::json;

TEST_CASE("REST: an organisation has so many dashboards at most, over all shards") {
  edge_fixture f;
  auto c = f.admin();
  auto make = [&](const std::string& id, test::fields extra = {}) {
    return c.post("/api/v2/dashboards", R"({"dashboard_id":")" + id + R"(","title":"t"})", std::move(extra))
        .status;
  };
  for (unsigned i = 1; i < limits::dashboards_max; ++i) REQUIRE(make("d" + std::to_string(i)) == 201);
  test::fields once = {{"Idempotency-Key", "last"}};
  CHECK(make("last", once) == 201);
  CHECK(make("one more") == 409);
  CHECK(make("last", once) == 201);
  CHECK(c.send("DELETE", "/api/v2/dashboards/d7").status == 204);
  CHECK(make("one more") == 201);
  auto page = json_of(c.get("/api/v2/dashboards?limit=1000").body);
  CHECK(page.at("items").as_array().size() == limits::dashboards_max);
  CHECK(page.at("next_cursor").is_null());
}

TEST_CASE("REST: templates are of the agent seen last, whatever it is called") {
  edge_fixture f;
  auto named = [&] {
    auto all = json_of(f.as(f.read_key).get("/api/v2/dashboards/templates").body);
    return json::serialize(
        all.at("items").at(2).at("dashboard").at("charts").at(11).at("source").at("filters"));
  };
  CHECK(named() == R"({"agent_id":"agent-1"})");
  f.send_steps("first", 1);
  CHECK(named() == R"({"agent_id":"first"})");
  f.admin().post("/api/v2/agents", R"({"id":"\"quoted\" {agent}"})");
  CHECK(named() == R"({"agent_id":"\"quoted\" {agent}"})");
  CHECK(http::dashboard_templates("a").find("{agent}") == std::string::npos);
}
