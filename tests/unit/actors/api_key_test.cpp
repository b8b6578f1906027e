#include <catch2/catch_test_macros.hpp>

#include "protocol/limits.hpp"
#include "tests/support/memory_records.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

memory_shard::fill create_key(std::string id, std::string name = "ci",
                              std::string hash = std::string(32, 'h')) {
  return [=](schema::Command::Body::Builder body) {
    auto said = body.initCreateApiKey();
    said.setId(id.c_str());
    said.setName(name.c_str());
    said.setRole(schema::Role::INGEST);
    said.setSecretHash(data_of(hash));
  };
}

memory_shard::fill revoke_key(std::string id) {
  return [=](schema::Command::Body::Builder body) { body.initRevokeApiKey().setId(id.c_str()); };
}

std::vector<std::string> listed(const memory_shard& shard) {
  auto answer = shard.query([](auto q) { q.setListApiKeys(); });
  std::vector<std::string> ids;
  for (auto k : (*answer).getApiKeys())
    ids.push_back(std::string(view_of(k.getOrg())) + "/" + std::string(view_of(k.getId())));
  return ids;
}

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("api keys: a key is created once with its creator and time") {
  memory_shard shard;
  auto reply = shard.run(create_key("k1"));
  REQUIRE((*reply).isApiKey());
  auto key = (*reply).getApiKey();
  CHECK(view_of(key.getOrg()) == "default");
  CHECK(view_of(key.getCreatedBy()) == "key-1");
  CHECK(key.getRole() == schema::Role::INGEST);
  CHECK(key.getCreatedUs() == shard.now.time_us);
  CHECK(key.getRevokedUs() == 0);
  CHECK(key.getMaxConnections() == 0);
  CHECK((*owned<schema::Fact>(shard.last.facts.at(0))).isApiKeyChanged());
  CHECK(refused(shard.run(create_key("k1", "another"))) == errc::conflict);
  CHECK(shard.last.changes.empty());
}

TEST_CASE("api keys: a key may have a bound of live connections, within bounds itself") {
  memory_shard shard;
  auto with = [](const char* id, std::uint32_t max) {
    return memory_shard::fill([=](schema::Command::Body::Builder body) {
      create_key(id)(body);
      body.getCreateApiKey().setMaxConnections(max);
    });
  };
  CHECK((*shard.run(with("k1", limits::key_connections_max))).getApiKey().getMaxConnections() ==
        limits::key_connections_max);
  auto refused_one = shard.run(with("k2", limits::key_connections_max + 1));
  CHECK(refused(refused_one) == errc::invalid_argument);
  CHECK(view_of((*refused_one).getRefused().getField()) == "max_connections");
}

TEST_CASE("api keys: a revoked key stays revoked since the first time") {
  memory_shard shard;
  shard.run(create_key("k1"));
  shard.pass(1000);
  auto at = shard.now.time_us;
  CHECK((*shard.run(revoke_key("k1"))).getApiKey().getRevokedUs() == at);
  CHECK(shard.records.all(family::history).size() == 1);
  shard.pass(1000);
  CHECK((*shard.run(revoke_key("k1"))).getApiKey().getRevokedUs() == at);
  CHECK(shard.last.changes.empty());
  CHECK(shard.last.facts.empty());
  CHECK(refused(shard.run(revoke_key("none"))) == errc::not_found);
  CHECK(listed(shard) == list{"default/k1"});
}

TEST_CASE("api keys: an organisation lists its keys, the node those of all") {
  memory_shard shard;
  shard.run(create_key("k1"));
  shard.org = "other";
  shard.run(create_key("k1"));
  CHECK(listed(shard) == list{"other/k1"});
  CHECK(refused(shard.run(revoke_key("k2"))) == errc::not_found);
  shard.org = "";
  CHECK(listed(shard) == list{"default/k1", "other/k1"});
  CHECK(refused(shard.run(create_key("k3"))) == errc::invalid_argument);
}

TEST_CASE("api keys: a wrong request is refused by field and changes nothing") {
  memory_shard shard;
  for (auto& [command, field] : std::vector<std::pair<memory_shard::fill, std::string>>{
           {create_key(""), "id"},
           {create_key("k", ""), "name"},
           {create_key("k", "n", "short"), "secret_hash"}}) {
    auto reply = shard.run(command);
    CHECK(refused(reply) == errc::invalid_argument);
    CHECK(view_of((*reply).getRefused().getField()) == field);
    CHECK(shard.last.changes.empty());
  }
}
