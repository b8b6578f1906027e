#include "node/cluster/peer_network.hpp"

#include <caf/openssl/manager.hpp>
#include <caf/openssl/publish.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <atomic>
#include <shared_mutex>

#include "node/cluster/desk.hpp"
#include "node/pki.hpp"

namespace troupe::node {
namespace {

constexpr std::size_t own_bytes_max = 16 * 1024 * 1024;  // posted to itself and not taken yet

std::uint64_t now_us() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

class peer_network::inside : public std::enable_shared_from_this<peer_network::inside> {
 public:
  inside(caf::actor_system& s, peer_network_config c)
      : system(s), listen(std::move(c.listen)), admit(std::move(c.admit)), marks(std::move(c.marks)) {
    c.self.incarnation = now_us();
    self = std::make_shared<const peer_self>(std::move(c.self));
  }

  struct member {
    std::shared_ptr<peer_channel> channel;
    std::shared_ptr<link_view> view;
    caf::actor link;
    bool named = false;  // it is or was wanted
  };

  caf::actor_system& system;
  std::shared_ptr<const peer_self> self;
  listen_address listen;
  admission admit;
  const std::shared_ptr<storage::rollback_guard> marks;
  std::shared_ptr<peer_handlers> handlers = std::make_shared<peer_handlers>();
  caf::actor desk;
  std::uint16_t port = 0;

  mutable std::shared_mutex mutex;
  bool running = false, is_cut_off = false;
  std::map<node_id, listen_address> wanted;  // by set_peers
  std::map<node_id, member> members;
  std::atomic<std::size_t> own_bytes{0};
  std::shared_ptr<std::atomic<bool>> shows_invitation = std::make_shared<std::atomic<bool>>(true);

  std::shared_ptr<peer_channel> channel_of(node_id node) const {
    std::shared_lock lock(mutex);
    auto found = members.find(node);
    return found == members.end() ? nullptr : found->second.channel;
  }

  bool is_named(node_id node) const {
    std::shared_lock lock(mutex);
    auto found = members.find(node);
    return found != members.end() && found->second.named;
  }

  // With the lock held.
  member& made(node_id node) {
    auto& m = members[node];
    if (m.link) return m;
    m.channel = std::make_shared<peer_channel>(node, handlers);
    m.view = std::make_shared<link_view>();
    m.link = spawn_link(system, {self, m.channel, m.view, desk, shows_invitation, marks});
    return m;
  }

  // With the lock held.
  void reach_wanted() {
    for (auto& [node, where] : wanted) {
      auto& m = made(node);
      m.named = true;
      caf::anon_send(m.link, reach_atom::value, where.host, where.port);
    }
  }

  caf::actor link_of(node_id node) {
    std::unique_lock lock(mutex);
    return running && !is_cut_off ? made(node).link : caf::actor();
  }

  // On the desk's thread, one after the other.
  bool run_here(job what) {
    std::shared_lock lock(mutex);
    if (!running) return false;
    caf::anon_send(desk, std::move(what));
    return true;
  }

  void post_to_self(frame message) {
    auto size = message.bytes.size() + frame_overhead;
    if (own_bytes.fetch_add(size) + size > own_bytes_max) {
      own_bytes -= size;
      return;
    }
    run_here([me = shared_from_this(), size, m = std::make_shared<frame>(std::move(message))] {
      me->own_bytes -= size;
      auto found = me->handlers->posts.find(kind_said(m->bytes));
      if (found != me->handlers->posts.end()) found->second(me->self->node, std::move(*m));
    });
  }
};

peer_network::peer_network(caf::actor_system& system, peer_network_config c)
    : in_(std::make_shared<inside>(system, std::move(c))) {
  if (!in_->admit)
    in_->admit = [weak = std::weak_ptr(in_)](const peer_hello_facts& who, const auto& decide) {
      auto in = weak.lock();
      if (in && in->is_named(who.from.node)) return decide(true);
      decide(failure{.code = errc::forbidden, .detail = "it is not a node of this cluster"});
    };
}

peer_network::~peer_network() { stop(); }

result<listen_address> peer_network::start() {
  must(!in_->running, "a network is started once");
  in_->desk = spawn_desk(in_->system, {in_->self, in_->admit,
                                       [weak = std::weak_ptr(in_)](node_id node) {
                                         auto in = weak.lock();
                                         return in ? in->link_of(node) : caf::actor();
                                       },
                                       in_->marks});
  auto port = caf::openssl::publish(in_->desk, in_->listen.port, in_->listen.host.c_str(), true);
  if (!port) {
    caf::anon_send_exit(in_->desk, caf::exit_reason::user_shutdown);
    return failure{.code = errc::unavailable,
                   .detail = "cluster_listen: cannot listen on " + in_->listen.text() + ": " +
                             in_->system.render(port.error()) +
                             ". Is another node running? Choose another address, or port 0"};
  }
  in_->port = *port;
  in_->listen.port = *port;
  if (in_->self->address.empty()) {
    auto known = *in_->self;
    known.address = in_->listen.text();
    in_->self = std::make_shared<const peer_self>(std::move(known));
  }
  tls_sessions::require(*port, tls_role::node);
  caf::anon_send(in_->desk, listening_atom::value, *port);
  std::unique_lock lock(in_->mutex);
  in_->running = true;
  in_->reach_wanted();
  return in_->listen;
}

void peer_network::stop() {
  std::map<node_id, inside::member> members;
  {
    std::unique_lock lock(in_->mutex);
    if (!in_->running) return;
    in_->running = false;
    members.swap(in_->members);
  }
  caf::scoped_actor self(in_->system);
  self->request(in_->system.openssl_manager().actor_handle(), std::chrono::seconds(5),
                caf::unpublish_atom::value, in_->desk.address(), in_->port)
      .receive([] {}, [](const caf::error&) {});
  tls_sessions::require(in_->port, tls_role::none);
  for (auto& [node, m] : members) self->send(m.link, goodbye_atom::value);
  self->send_exit(in_->desk, caf::exit_reason::user_shutdown);
  for (auto& [node, m] : members) self->wait_for(m.link);
  self->wait_for(in_->desk);
  in_->desk = nullptr;
}

void peer_network::set_peers(const std::vector<peer_address>& peers) {
  std::unique_lock lock(in_->mutex);
  if (in_->is_cut_off) return;
  in_->wanted.clear();
  for (auto& p : peers)
    if (p.node != in_->self->node) in_->wanted.emplace(p.node, p.where);
  if (!in_->running) return;
  std::erase_if(in_->members, [&](auto& row) {
    if (!row.second.named || in_->wanted.contains(row.first)) return false;
    caf::anon_send(row.second.link, leave_atom::value, std::string("that node is no longer of this cluster"));
    return true;
  });
  in_->reach_wanted();
}

void peer_network::cut_off(const std::string& why) {
  std::unique_lock lock(in_->mutex);
  in_->is_cut_off = true;
  in_->wanted.clear();
  for (auto& [node, m] : in_->members) caf::anon_send(m.link, leave_atom::value, why);
  in_->members.clear();
}

void peer_network::forget_invitation() { *in_->shows_invitation = false; }

std::vector<peer_status> peer_network::status() const {
  std::shared_lock lock(in_->mutex);
  std::vector<peer_status> all;
  for (auto& [node, m] : in_->members) {
    auto facts = m.view->get();
    auto& s = all.emplace_back();
    s.node = node;
    s.connected = m.channel->is_connected();
    s.address = facts.address;
    s.version = facts.version;
    s.level = facts.level;
    s.incarnation = facts.incarnation;
    s.since_us = facts.since_us;
    s.problem = facts.problem;
    s.waiting_bytes = m.channel->waiting_bytes();
    s.counters = m.channel->counters();
  }
  return all;
}

node_id peer_network::self() const { return in_->self->node; }

bool peer_network::is_connected(node_id peer) const {
  auto channel = in_->channel_of(peer);
  return channel && channel->is_connected();
}

void peer_network::post(node_id to, traffic kind, frame message) {
  if (to == in_->self->node) return in_->post_to_self(std::move(message));
  if (auto channel = in_->channel_of(to)) channel->post(kind, std::move(message));
}

void peer_network::ask(node_id to, traffic kind, frame question, std::chrono::milliseconds deadline,
                       answer done) {
  auto channel = to == in_->self->node ? nullptr : in_->channel_of(to);
  if (channel && channel->ask(kind, question, deadline, done)) return;
  auto shared = std::make_shared<answer>(std::move(done));
  bool here = in_->run_here([in = in_, to, shared, q = std::make_shared<frame>(std::move(question))] {
    auto found = in->handlers->asks.find(kind_said(q->bytes));
    if (to != in->self->node || found == in->handlers->asks.end())
      return (*shared)(failure{.code = errc::unavailable, .detail = "that node is not known here"});
    found->second(to, std::move(*q), [shared](frame reply) {
      if (*shared) std::exchange(*shared, nullptr)(std::move(reply));
    });
  });
  // Nobody is left to say it later.
  if (!here) (*shared)(failure{.code = errc::unavailable, .detail = "this node is stopping"});
}

void peer_network::on_post(frame_kind kind, std::function<void(node_id, frame)> take) {
  in_->handlers->posts[kind] = std::move(take);
}

void peer_network::on_ask(frame_kind kind, std::function<void(node_id, frame, reply_to)> take) {
  in_->handlers->asks[kind] = std::move(take);
}

void peer_network::on_peer(std::function<void(node_id, peer_event)> tell) {
  in_->handlers->listeners.push_back(std::move(tell));
}

}  // namespace troupe::node
