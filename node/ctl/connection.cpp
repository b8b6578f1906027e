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

}  // namespace

struct connection::inside {
  explicit inside(const node::tls_identity& identity) : config(2, identity), system(config), self(system) {}

  node::actor_config config;
  caf::actor_system system;
  caf::scoped_actor self;
  caf::actor node;
  std::chrono::milliseconds deadline{};
};

connection::connection(std::unique_ptr<inside> in) : in_(std::move(in)) {}
connection::~connection() = default;

result<std::unique_ptr<connection>> connection::open(const node::listen_address& where,
                                                     const node::tls_identity& identity,
                                                     std::chrono::milliseconds deadline) {
  auto files = readable(identity);
  if (!files) return files.error();
  auto listens = knock(where, deadline);
  if (!listens) return listens.error();
  auto in = std::make_unique<inside>(identity);
  in->deadline = deadline;
  std::string why;
  // CAF takes a new connection for one that was silent since the clock began, when its heartbeat falls into the handshake.
  bool again = true;
  for (int attempt = 0; again && attempt < connect_attempts_max; ++attempt) {
    again = false;
    in->self
        ->request(in->system.openssl_manager().actor_handle(), deadline, caf::connect_atom::value, where.host,
                  where.port)
        .receive([&](const caf::node_id&, const caf::strong_actor_ptr& node,
                     const std::set<std::string>&) { in->node = caf::actor_cast<caf::actor>(node); },
                 [&](const caf::error& e) {
                   why = in->system.render(e);
                   again = e == caf::sec::connection_timeout;
                 });
  }
  if (!in->node)
    return unreachable(where,
                       "mutual TLS failed (" + why +
                           "). Is it the admin port, and are the certificates of this node's cluster?");
  return std::unique_ptr<connection>(new connection(std::move(in)));
}

result<std::string> connection::ask(const std::string& request) {
  result<std::string> out = failure{};
  in_->self->request(in_->node, in_->deadline, frame::of(frame_kind::admin_request, request))
      .receive(
          [&](const frame& reply) {
            auto payload = reply.open(frame_kind::admin_reply);
            if (payload)
              out = std::string(*payload);
            else
              out = payload.error();
          },
          [&](const caf::error& e) {
            out = failure{.code = errc::unavailable,
                          .detail = "the node did not answer: " + in_->system.render(e)};
          });
  if (!out) return out;
  message_reader reader(*out);
  auto root = reader.root<schema::AdminReply>();
  if (!root.isRefused()) return out;
  auto refused = root.getRefused();
  return failure{.code = static_cast<errc>(refused.getCode()),
                 .detail = std::string(view_of(refused.getDetail())),
                 .field = std::string(view_of(refused.getField()))};
}

result<bool> connection::tail(const std::string& agent, const std::function<bool(std::string_view)>& show) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::AdminRequest>().setTail(agent);
  auto begun = ask(to_bytes(message));
  if (!begun) return begun.error();
  in_->self->monitor(in_->node);
  std::optional<result<bool>> end;
  in_->self->receive_while([&] { return !end; })(
      [&](const frame& f) {
        if (auto feed = f.open(frame_kind::feed)) {
          if (!show(*feed)) end = true;
        } else if (auto reply = f.open(frame_kind::admin_reply)) {
          message_reader reader(*reply);
          auto root = reader.root<schema::AdminReply>();
          if (root.isRefused())
            end = failure{.code = static_cast<errc>(root.getRefused().getCode()),
                          .detail = std::string(view_of(root.getRefused().getDetail()))};
        }
      },
      [&](const caf::down_msg&) {
        end = failure{.code = errc::unavailable, .detail = "the connection to the node was lost"};
      });
  return *end;
}

}  // namespace troupe::ctl
