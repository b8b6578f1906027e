// Hellos that are refused: each is told why in its own words, and who is welcome still is.
#include <caf/all.hpp>
#include <caf/openssl/manager.hpp>
#include <catch2/catch_test_macros.hpp>

#include "node/cluster/peer_packet.hpp"
#include "tests/unit/node/peer_cluster.hpp"

using namespace troupe;
using namespace troupe::node;
using namespace troupe::test;

namespace {

constexpr auto within = std::chrono::seconds(20);

// A program with a node's certificate that says what it likes.
class caller {
 public:
  caller(const pki_files& pki, const listen_address& where)
      : config_(2, {pki.authority, pki.node, pki.node_key}), system_(config_), self_(system_) {
    self_
        ->request(system_.openssl_manager().actor_handle(), within, caf::connect_atom::value, where.host,
                  where.port)
        .receive([&](const caf::node_id&, const caf::strong_actor_ptr& there,
                     const std::set<std::string>&) { desk_ = caf::actor_cast<caf::actor>(there); },
                 [](const caf::error&) {});
  }
  bool is_connected() const { return static_cast<bool>(desk_); }

  std::optional<peer_welcome> say(const frame& hello) {
    self_->send(desk_, hello);
    std::optional<peer_welcome> said;
    self_->receive(
        [&](const frame& f) {
          if (auto welcome = read_welcome(f)) said = *welcome;
        },
        caf::after(within) >> [] {});
    return said;
  }
  void say_and_go(const frame& f) { self_->send(desk_, f); }

 private:
  actor_config config_;
  caf::actor_system system_;
  caf::scoped_actor self_;
  caf::actor desk_;
};

peer_hello hello_of(std::uint64_t id) {
  peer_hello h;
  h.to = node_id(1);
  h.from.node = node_id(id);
  h.from.cluster = peer_cluster::name;
  h.from.version = "2.0.0";
  h.from.level = 1;
  h.from.incarnation = 77;
  return h;
}

}  // namespace

TEST_CASE("stranger: a hello that does not fit is refused in words, whatever is wrong with it") {
  peer_cluster c;
  c.add(1, [](const peer_hello_facts& who, std::function<void(result<bool>)> decide) {
    if (who.from.level == 0)
      decide(failure{.code = errc::unsupported, .detail = "install a newer version"});
    else
      decide(true);
  });
  c.start();
  struct row {
    const char* what;
    errc code;
    std::string_view says;
    std::function<void(peer_hello&)> harm;
  };
  for (const auto& r : std::vector<row>{
           {"an older conversation", errc::unsupported,
            "it runs version 2.0.0 and speaks versions 0 to 0 of the conversation between nodes; this node "
            "runs test",
            [](auto& h) { h.wire_min = h.wire_max = 0; }},
           {"a newer conversation", errc::unsupported, "speaks versions 8 to 9",
            [](auto& h) { h.wire_min = 8, h.wire_max = 9; }},
           {"another cluster", errc::forbidden, "it is of the cluster another, this node of the-cluster",
            [](auto& h) { h.from.cluster = "another"; }},
           {"another node's id", errc::forbidden,
            "it says it is node-0000000000000003, its certificate says node-0000000000000002",
            [](auto& h) { h.from.node = node_id(3); }},
           {"somebody else is meant", errc::not_found, "it looks for node-0000000000000009",
            [](auto& h) { h.to = node_id(9); }},
           {"a level that is too low", errc::unsupported, "install a newer version",
            [](auto& h) { h.from.level = 0; }},
       }) {
    INFO(r.what);
    caller who(c.pki(2), c.address(1));
    REQUIRE(who.is_connected());
    auto h = hello_of(2);
    r.harm(h);
    auto said = who.say(to_frame(h));
    REQUIRE(said);
    CHECK(said->refused == r.code);
    INFO(said->detail);
    CHECK(said->detail.find(r.says) != std::string::npos);
  }
  // A version that speaks more than one, and this one among them, is welcome.
  caller newer(c.pki(2), c.address(1));
  REQUIRE(newer.is_connected());
  auto h = hello_of(2);
  h.wire_max = 5;
  auto said = newer.say(to_frame(h));
  REQUIRE(said);
  CHECK(said->refused == errc::none);
  CHECK(said->wire == wire_version);
}

TEST_CASE("stranger: a copy of this node, and a copy of one that is connected, are told what they are") {
  peer_cluster c;
  c.add(1, [](const peer_hello_facts&, std::function<void(result<bool>)> decide) { decide(true); });
  c.start();
  caller itself(c.pki(1), c.address(1));
  REQUIRE(itself.is_connected());
  auto said = itself.say(to_frame(hello_of(1)));
  REQUIRE(said);
  CHECK(said->refused == errc::conflict);
  CHECK(said->detail.find("a copy of its data directory") != std::string::npos);

  caller first(c.pki(2), c.address(1)), second(c.pki(2), c.address(1));
  said = first.say(to_frame(hello_of(2)));
  REQUIRE(said);
  CHECK(said->refused == errc::none);
  auto copied = hello_of(2);
  copied.from.incarnation = 78;
  said = second.say(to_frame(copied));
  REQUIRE(said);
  CHECK(said->refused == errc::conflict);
  CHECK(said->detail.find("connected already, from another process") != std::string::npos);
}

TEST_CASE("stranger: frames that are no hello change nothing for whoever comes next") {
  peer_cluster c;
  c.add(1, [](const peer_hello_facts&, std::function<void(result<bool>)> decide) { decide(true); });
  c.start();
  caller odd(c.pki(3), c.address(1));
  REQUIRE(odd.is_connected());
  auto damaged = to_frame(hello_of(3));
  damaged.bytes[damaged.bytes.size() / 2] ^= 1;
  for (const auto& f : {damaged, frame{""}, frame{"x"}, frame::of(frame_kind::raft, "y"),
                        frame::of(frame_kind::peer_hello, std::string(100, '\xff'))})
    odd.say_and_go(f);
  caller good(c.pki(2), c.address(1));
  auto said = good.say(to_frame(hello_of(2)));
  REQUIRE(said);
  CHECK(said->refused == errc::none);
}
