#include "node/cluster/desk.hpp"

#include <sodium.h>
#include <spdlog/spdlog.h>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>

#include <map>
#include <set>

#include "node/pki.hpp"

namespace troupe::node {
namespace {

using namespace std::chrono_literals;

using decided_atom = caf::atom_constant<caf::atom("decided")>;
using cut_atom = caf::atom_constant<caf::atom("cut")>;
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;

constexpr auto look_deadline = 2000ms;
constexpr auto cut_after = 1000ms;  // time for the refusal to get there
constexpr auto sweep_every = 1000ms, handshake_max = 5000ms, hello_max = 10'000ms;
constexpr std::size_t undecided_max = 64, logged_max = 256;

class desk_body final : public caf::event_based_actor {
 public:
  desk_body(caf::actor_config& cfg, desk_sources from)
      : caf::event_based_actor(cfg), from_(std::move(from)) {}

  const char* name() const override { return "desk"; }
  void on_exit() override {
    undecided_.clear();
    from_ = {};
  }

 protected:
  caf::behavior make_behavior() override {
    set_default_handler(caf::drop);
    return {
        [this](const frame& f) { on_hello(f); },
        [this](turned_away_ptr& t) { refuse(t->who, t->why); },
        [this](decided_atom, std::uint64_t number, std::uint16_t code, std::string& detail) {
          decided(number, {.code = static_cast<errc>(code), .detail = std::move(detail)});
        },
        [this](cut_atom, const std::string& address, std::uint16_t port) {
          tls_sessions::cut({own_name(), address, port});
        },
        [this](listening_atom, std::uint16_t port) {
          port_ = port;
          sweep();
        },
        [this](sweep_atom) { sweep(); },
        [](const job& run) { run(); },
    };
  }

 private:
  std::string own_name() const { return node_name(from_.self->node); }

  void sweep() {
    tls_sessions::sweep(port_, handshake_max, hello_max);
    delayed_send(this, sweep_every, sweep_atom::value);
  }

  void on_hello(const frame& f) {
    auto theirs = caf::actor_cast<caf::actor>(current_sender());
    if (!theirs || theirs.node() == home_system().node()) return;
    auto hello = read_hello(f);
    if (!hello) {
      spdlog::warn("what was to be a hello cannot be read: {}", hello.error().detail);
      return;
    }
    auto who = std::make_shared<arrival>();
    who->hello = std::move(*hello);
    who->from = theirs;
    request(home_system().openssl_manager().actor_handle(), look_deadline, caf::get_atom::value,
            theirs.node())
        .then([this, who](const caf::node_id&, const std::string& address, std::uint16_t port) {
          who->there = {own_name(), address, port};
          look_at(who);
        });
  }

  void look_at(const std::shared_ptr<arrival>& who) {
    auto no = objection(*who);
    if (no.code != errc::none) return refuse(who, no);
    tls_sessions::claim(who->there);
    auto number = ++last_;
    undecided_.emplace(number, who);
    peer_hello_facts facts{who->hello.from, {}, listen_address{who->there.address, who->there.port}.text()};
    if (!facts.from.secret.empty()) facts.secret_hash = invitation_hash(facts.from.secret);
    facts.from.secret.clear();
    from_.admit(facts, [me = caf::actor_cast<caf::actor>(this), number](const result<bool>& r) {
      auto code = r ? errc::none : r.error().code;
      caf::anon_send(me, decided_atom::value, number, static_cast<std::uint16_t>(code),
                     r ? std::string() : r.error().detail);
    });
  }

  // What speaks against it before anybody is asked; errc::none: nothing.
  failure objection(const arrival& who) const {
    const auto& from = who.hello.from;
    const auto& self = *from_.self;
    auto certificate = tls_sessions::at(who.there);
    if (!certificate || certificate->role != tls_role::node || certificate->name != node_name(from.node))
      return {errc::forbidden, "it says it is " + node_name(from.node) + ", its certificate says " +
                                   (certificate ? certificate->name : "nothing")};
    if (from.node == self.node)
      return {errc::conflict,
              "it has the id of the node that it called: is it a copy of its data directory?"};
    if (from.cluster != self.cluster)
      return {errc::forbidden, "it is of the cluster " + from.cluster + ", this node of " + self.cluster};
    if (who.hello.to != self.node)
      return {errc::not_found, "it looks for " + node_name(who.hello.to) + ", this is " + own_name()};
    if (who.hello.wire_max < wire_version || who.hello.wire_min > wire_version)
      return {errc::unsupported,
              "it runs version " + from.version + " and speaks versions " +
                  std::to_string(who.hello.wire_min) + " to " + std::to_string(who.hello.wire_max) +
                  " of the conversation between nodes; this node runs " + self.version + " and speaks " +
                  std::to_string(wire_version) + ". Upgrade the older one"};
    if (auto put_back = rollback_of(who.hello); !put_back.empty()) return {errc::conflict, put_back};
    if (undecided_.size() >= undecided_max) return {errc::overloaded, "too many nodes say hello at once"};
    return {.code = errc::none};
  }

  // Whose data directory was put back, this node's or theirs, in words. Who shows an invitation begins anew.
  std::string rollback_of(const peer_hello& hello) const {
    if (!from_.marks) return {};
    if (hello.from.invitation.empty()) from_.marks->heard_of_self(hello.seen, hello.from.node);
    if (auto why = from_.marks->verdict(); !why.empty()) return "the " + why + " (" + own_name() + ")";
    if (!hello.from.invitation.empty()) return {};
    auto why = from_.marks->objection(hello.from.node, hello.mark);
    return why.empty() ? why : "its " + why;
  }

  void decided(std::uint64_t number, failure no) {
    auto found = undecided_.find(number);
    if (found == undecided_.end()) return;
    arrival_ptr who = std::move(found->second);
    undecided_.erase(found);
    if (no.code != errc::none) return refuse(who, no);
    auto link = from_.link_of(who->hello.from.node);
    if (!link) return refuse(who, {.code = errc::unavailable, .detail = "this node is stopping"});
    logged_.erase(who->hello.from.node);
    anon_send(link, who);
  }

  void refuse(const arrival_ptr& who, const failure& why) {
    peer_welcome w;
    w.refused = why.code;
    w.detail = why.detail;
    if (from_.marks) w.seen = from_.marks->seen(who->hello.from.node);
    send(who->from, to_frame(w));
    if (why.code == errc::in_flight) return;  // both dial: the other one's connection stays
    if (logged_.size() >= logged_max) logged_.clear();
    auto& last = logged_[who->hello.from.node];
    if (last != why.detail)
      spdlog::warn("refused {} from {}: {}", node_name(who->hello.from.node),
                   listen_address{who->there.address, who->there.port}.text(), why.detail);
    last = why.detail;
    delayed_send(this, cut_after, cut_atom::value, who->there.address, who->there.port);
  }

  desk_sources from_;
  std::uint16_t port_ = 0;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::shared_ptr<arrival>> undecided_;
  std::map<node_id, std::string> logged_;
};

}  // namespace

caf::actor spawn_desk(caf::actor_system& system, desk_sources from) {
  return caf::actor_cast<caf::actor>(system.spawn<desk_body>(std::move(from)));
}

std::string invitation_hash(std::string_view secret) {
  std::string out(32, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(out.data()), out.size(),
                     reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), nullptr, 0);
  return out;
}

}  // namespace troupe::node
