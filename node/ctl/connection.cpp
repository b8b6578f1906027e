#include "node/ctl/connection.hpp"

#include <capnp/message.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <caf/actor_system.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/scoped_actor.hpp>

#include <fstream>

#include "protocol/frame.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/admin.capnp.h"

namespace troupe::ctl {
namespace {

constexpr int connect_attempts_max = 3;

failure unreachable(const node::listen_address& where, std::string_view why) {
  return {.code = errc::unavailable, .detail = "no answer from " + where.text() + ": " + std::string(why)};
}

// CAF's own connect waits as long as the kernel does: see first, within the deadline, whether anyone listens.
result<bool> knock(const node::listen_address& where, std::chrono::milliseconds deadline) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  auto port = std::to_string(where.port);
  if (int e = ::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &found); e != 0)
    return unreachable(where, ::gai_strerror(e));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  int last = ETIMEDOUT;
  for (auto* a = all.get(); a; a = a->ai_next) {
    int fd = ::socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    int error = ::connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    pollfd writable{fd, POLLOUT, 0};
    if (error == EINPROGRESS) {
      socklen_t size = sizeof error;
      if (::poll(&writable, 1, static_cast<int>(deadline.count())) == 1)
        ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      else
        error = ETIMEDOUT;
    }
    ::close(fd);
    if (error == 0) return true;
    last = error;
  }
  return unreachable(where, std::generic_category().message(last) + ". Does trouped run?");
}

result<bool> readable(const node::tls_identity& identity) {
  for (const auto& file : {identity.authority, identity.certificate, identity.key})
    if (!std::ifstream(file))
      return failure{.code = errc::invalid_argument,
                     .detail = file.string() +
                               " cannot be read. Name the node's data directory with --data-dir, or "
                               "a folder with ca.pem, troupectl.pem and troupectl.key with --pki-dir"};
  return true;
}

failure lost() {
  return {.code = errc::unavailable,
          .detail = "the connection to the node was lost; what was asked may have taken effect"};
}

}  // namespace

struct connection::inside {
  explicit inside(const node::tls_identity& identity) : config(2, identity), system(config), self(system) {}

  caf::error connect(const node::listen_address& where);
  result<std::string> ask(const std::string& request);
  // Of what a message of the node says; a refusal is a failure.
  static result<std::string> said(const frame& reply);

  node::actor_config config;
  caf::actor_system system;
  caf::scoped_actor self;
  caf::actor node;
  std::chrono::milliseconds deadline{};
  bool is_lost = false;  // or too late: what comes now answers nothing
};

caf::error connection::inside::connect(const node::listen_address& where) {
  caf::error why;
  self->request(system.openssl_manager().actor_handle(), deadline, caf::connect_atom::value, where.host,
                where.port)
      .receive([&](const caf::node_id&, const caf::strong_actor_ptr& there,
                   const std::set<std::string>&) { node = caf::actor_cast<caf::actor>(there); },
               [&](const caf::error& e) { why = e; });
  if (node) self->monitor(node);
  return why;
}

result<std::string> connection::inside::said(const frame& reply) {
  auto payload = reply.open(frame_kind::admin_reply);
  if (!payload) return payload.error();
  message_reader reader(*payload);
  auto root = reader.root<schema::AdminReply>();
  if (!root.isRefused()) return std::string(*payload);
  auto refused = root.getRefused();
  return failure{.code = static_cast<errc>(refused.getCode()),
                 .detail = std::string(view_of(refused.getDetail())),
                 .field = std::string(view_of(refused.getField()))};
}

// A message and not CAF's request: that would wait for its deadline when the connection is lost.
result<std::string> connection::inside::ask(const std::string& request) {
  if (is_lost) return lost();
  result<std::string> out = failure{};
  self->send(node, frame::of(frame_kind::admin_request, request));
  self->receive([&](const frame& reply) { out = said(reply); },
                [&](const caf::down_msg&) {
                  is_lost = true;
                  out = lost();
                },
                caf::after(deadline) >>
                    [&] {
                      is_lost = true;
                      out = failure{.code = errc::unavailable,
                                    .detail = "the node did not answer within " +
                                              std::to_string(deadline.count() / 1000) +
                                              " s; what was asked may still take effect. See --timeout"};
                    });
  return out;
}

connection::connection(std::unique_ptr<inside> in) : in_(std::move(in)) {}
connection::~connection() = default;

// CAF takes a new connection for one that was silent since the clock began, when a heartbeat falls into the handshake: this
// side's, and nothing is there; or the node's, and the first message is lost. So the first message is one that may be.
result<std::unique_ptr<connection>> connection::open(const node::listen_address& where,
                                                     const node::tls_identity& identity,
                                                     std::chrono::milliseconds deadline) {
  auto files = readable(identity);
  if (!files) return files.error();
  auto listens = knock(where, deadline);
  if (!listens) return listens.error();
  capnp::MallocMessageBuilder ping;
  ping.initRoot<schema::AdminRequest>().setPing();
  auto last = unreachable(where, "the deadline is over");
  auto until = std::chrono::steady_clock::now() + deadline;
  for (int i = 0; i < connect_attempts_max && std::chrono::steady_clock::now() < until; ++i) {
    auto in = std::make_unique<inside>(identity);
    in->deadline = deadline;
    auto why = in->connect(where);
    if (!in->node) {
      last =
          unreachable(where, "mutual TLS failed (" + in->system.render(why) +
                                 "). Is it the admin port, and are the certificates of this node's cluster?");
      if (why != caf::sec::connection_timeout) return last;
      continue;
    }
    in->ask(to_bytes(ping));  // a node that does not know the question answers too
    if (!in->is_lost) return std::unique_ptr<connection>(new connection(std::move(in)));
    last = unreachable(
        where, "it takes connections and does not answer on them. See its log, or give it longer: --timeout");
  }
  return last;
}

result<std::string> connection::ask(const std::string& request) { return in_->ask(request); }

result<bool> connection::tail(const std::string& agent, const std::function<bool(std::string_view)>& show) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::AdminRequest>().setTail(agent);
  if (in_->is_lost) return lost();
  in_->self->send(in_->node, frame::of(frame_kind::admin_request, to_bytes(message)));
  std::optional<result<bool>> end;
  in_->self->receive_while([&] { return !end; })(
      [&](const frame& f) {
        if (auto feed = f.open(frame_kind::feed)) {
          if (!show(*feed)) end = true;
        } else if (auto begun = inside::said(f); !begun) {
          end = begun.error();
        }
      },
      [&](const caf::down_msg&) {
        in_->is_lost = true;
        end = lost();
      });
  return *end;
}

}  // namespace troupe::ctl
