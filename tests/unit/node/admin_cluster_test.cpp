// What troupectl has done to the cluster, on any node.
#include "node/admin_cluster.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <future>

#include "protocol/message.hpp"
#include "tests/support/memory_records.hpp"
#include "tests/support/scripted_cluster.hpp"

using namespace troupe;
using namespace troupe::node;
using test::scripted_cluster;
using testing::owned;

namespace {

constexpr node_id n1{1}, n2{2}, n3{3};

owned<schema::AdminReply> ask(const cluster_sources& sources,
                              const std::function<void(schema::AdminRequest::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::AdminRequest>());
  auto answered = std::make_shared<std::promise<frame>>();
  auto got = answered->get_future();
  REQUIRE(answer_about_cluster(sources, message.getRoot<schema::AdminRequest>().asReader(),
                               [answered](frame f) { answered->set_value(std::move(f)); }));
  REQUIRE(got.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  return owned<schema::AdminReply>(std::string(got.get().open(frame_kind::admin_reply).value()));
}

errc code_of(const owned<schema::AdminReply>& reply) {
  return (*reply).isRefused() ? static_cast<errc>((*reply).getRefused().getCode()) : errc::none;
}

cluster_sources sources_of(scripted_cluster& c, node_id at) {
  cluster_sources s;
  s.member = &c.at(at);
  s.make_invitation = [](const invitation_wish& w) -> result<std::string> { return "file of " + w.name; };
  s.hash_of_secret = [](std::string_view secret) { return std::string(secret); };
  return s;
}

void three_nodes(scripted_cluster& c) {
  c.start(n1);
  REQUIRE(c.wait([&] { return c.at(n1).map().version != 0; }));
  c.join(n1, n2);
  c.join(n1, n3);
  REQUIRE(c.wait([&] {
    auto shards = c.shards();
    auto map = c.at(n3).map();
    return std::all_of(shards.begin(), shards.end(), [](auto& s) { return s.voters.size() == 3; }) &&
           map.find(n3) && map.find(n3)->state == cluster::node_state::active;
  }));
}

}  // namespace

TEST_CASE("admin cluster: the view comes without the hashes of invitations") {
  scripted_cluster c;
  three_nodes(c);
  auto reply = ask(sources_of(c, n3), [](auto r) { r.setCluster(); });
  REQUIRE((*reply).isCluster());
  CHECK((*reply).getCluster().getSelf() == 3);
  CHECK((*reply).getCluster().getMap().getNodes().size() == 3);
  for (auto i : (*reply).getCluster().getMap().getInvitations()) CHECK(i.getSecretHash().size() == 0);
}

TEST_CASE("admin cluster: an invitation is recorded before its file is handed out") {
  scripted_cluster c;
  three_nodes(c);
  auto sources = sources_of(c, n2);
  // The script's clock stands still, long ago.
  auto invite = [](auto r) { r.initInvite().setName("n9"), r.getInvite().setAddress("h:1"); };
  CHECK(code_of(ask(sources, invite)) == errc::invalid_argument);
  sources.make_invitation = [](const invitation_wish&) -> result<std::string> {
    return failure{errc::forbidden, "the CA's key is elsewhere"};
  };
  CHECK(code_of(ask(sources, invite)) == errc::forbidden);
  sources.make_invitation = nullptr;
  CHECK(code_of(ask(sources, invite)) == errc::unsupported);
}

TEST_CASE("admin cluster: nodes are named by name or id, and a wrong name lists the right ones") {
  scripted_cluster c;
  three_nodes(c);
  auto sources = sources_of(c, n1);
  auto drained = ask(sources, [](auto r) { r.initDrain().setNode("n3"); });
  REQUIRE((*drained).isClusterMap());
  auto map = cluster::read_map((*drained).getClusterMap());
  CHECK(map.find(n3)->state == cluster::node_state::draining);
  auto back = ask(sources, [](auto r) {
    r.initDrain().setNode("0000000000000003");
    r.getDrain().setCancel(true);
  });
  REQUIRE((*back).isClusterMap());
  auto wrong = ask(sources, [](auto r) { r.initRemove().setNode("n7"); });
  CHECK(code_of(wrong) == errc::not_found);
  CHECK(std::string((*wrong).getRefused().getDetail()).find("n1, n2, n3") != std::string::npos);
}

TEST_CASE("admin cluster: settings change, and a shard is handed over from any node") {
  scripted_cluster c;
  three_nodes(c);
  auto sources = sources_of(c, n3);
  auto paused = ask(sources, [](auto r) {
    auto change = r.initChangeSettings();
    change.setSetRebalancing(true);
    change.setRebalancing(schema::Rebalancing::PAUSED);
  });
  REQUIRE((*paused).isClusterMap());
  CHECK((*paused).getClusterMap().getSettings().getRebalancing() == schema::Rebalancing::PAUSED);
  // The acting node has heard of it: nothing is moved against us.
  REQUIRE(c.wait([&] {
    return c.at(n1).map().moving == cluster::rebalancing::paused &&
           c.at(n2).map().moving == cluster::rebalancing::paused;
  }));
  REQUIRE(c.wait([&] {
    return code_of(ask(sources, [](auto r) {
             r.initTransfer().setShard(1);
             r.getTransfer().setNode("n2");
           })) == errc::none;
  }));
  CHECK(c.wait([&] { return c.shards()[1].leader == n2; }));
  CHECK(code_of(ask(sources, [](auto r) { r.initTransfer().setShard(99); })) == errc::not_found);
}

TEST_CASE("admin cluster: without a membership nothing is known of a cluster") {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::AdminRequest>().setCluster();
  CHECK(!answer_about_cluster({}, message.getRoot<schema::AdminRequest>().asReader(), [](frame) { FAIL(); }));
}
