// Token limits: set, replaced, removed, bounded.
#include <catch2/catch_test_macros.hpp>

#include "protocol/errc.hpp"
#include "protocol/limits.hpp"
#include "tests/support/memory_records.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

memory_shard::fill limit(std::string id, std::int64_t nano_usd,
                         schema::LimitScope scope = schema::LimitScope::ORG, std::string key = {}) {
  return [=](schema::Command::Body::Builder body) {
    auto l = body.initSetTokenLimit();
    l.setId(id), l.setScope(scope), l.setKey(key), l.setCostNanoUsd(nano_usd), l.setWarnAtPermille(800);
  };
}

std::vector<std::pair<std::string, std::int64_t>> all(const memory_shard& shard) {
  auto found = shard.query([](auto q) { q.setListTokenLimits(); });
  std::vector<std::pair<std::string, std::int64_t>> out;
  for (auto l : (*found).getTokenLimits()) out.emplace_back(view_of(l.getId()), l.getCostNanoUsd());
  return out;
}

}  // namespace

TEST_CASE("token limits: a limit is set, replaced and removed") {
  memory_shard shard;
  CHECK(all(shard).empty());
  auto made = shard.run(limit("b", 5));
  CHECK((*made).getTokenLimit().getUpdatedUs() == shard.now.time_us);
  CHECK(view_of((*made).getTokenLimit().getOrg()) == "default");
  shard.run(limit("a", 7, schema::LimitScope::TEAM, "research"));
  shard.run(limit("b", 6));
  CHECK(all(shard) == std::vector<std::pair<std::string, std::int64_t>>{{"a", 7}, {"b", 6}});
  CHECK((*shard.run([](auto b) { b.setRemoveTokenLimit("b"); })).isDone());
  CHECK(all(shard).size() == 1);
  auto again = shard.run([](auto b) { b.setRemoveTokenLimit("b"); });
  CHECK((*again).getRefused().getCode() == static_cast<unsigned>(errc::not_found));
}

TEST_CASE("token limits: without an organisation those of all are listed, each with its own") {
  memory_shard shard;
  shard.run(limit("a", 5));
  shard.org = "other";
  shard.run(limit("a", 7));
  shard.run(limit("b", 8));
  CHECK(all(shard) == std::vector<std::pair<std::string, std::int64_t>>{{"a", 7}, {"b", 8}});
  shard.org = "";
  auto found = shard.query([](auto q) { q.setListTokenLimits(); });
  std::vector<std::string> names;
  for (auto l : (*found).getTokenLimits())
    names.push_back(std::string(view_of(l.getOrg())) + "/" + std::string(view_of(l.getId())));
  CHECK(names == std::vector<std::string>{"default/a", "other/a", "other/b"});
}

TEST_CASE("token limits: what makes no sense is refused by field, and changes nothing") {
  memory_shard shard;
  auto field = [&](const memory_shard::fill& f) {
    return std::string(view_of((*shard.run(f)).getRefused().getField()));
  };
  CHECK(field(limit("", 1)) == "id");
  CHECK(field(limit("x", 0)) == "cost_usd");
  CHECK(field(limit("x", -1)) == "cost_usd");
  CHECK(field(limit("x", 1, schema::LimitScope::TEAM)) == "key");
  CHECK(field(limit("x", 1, schema::LimitScope::ORG, "team")) == "key");
  CHECK(field([](auto b) {
          auto l = b.initSetTokenLimit();
          l.setId("x"), l.setCostNanoUsd(1), l.setTokens(1), l.setWarnAtPermille(1);
        }) == "cost_usd");
  CHECK(field([](auto b) {
          auto l = b.initSetTokenLimit();
          l.setId("x"), l.setTokens(1), l.setWarnAtPermille(1001);
        }) == "warn_at");
  CHECK(all(shard).empty());
}

TEST_CASE("token limits: an organisation has so many at most") {
  memory_shard shard;
  for (std::size_t i = 0; i < limits::token_limits_max; ++i)
    shard.run(limit("limit-" + std::to_string(i), 1));
  CHECK((*shard.run(limit("one more", 1))).getRefused().getCode() == static_cast<unsigned>(errc::conflict));
  CHECK((*shard.run(limit("limit-7", 2))).isTokenLimit());
  CHECK(all(shard).size() == limits::token_limits_max);
}
