#include "node/ops.hpp"

#include <linux/sockios.h>
#include <pistache/listener.h>
#include <pistache/peer.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <map>

#include "http/server/target.hpp"
#include "node/ops_conversation.hpp"

namespace troupe::node {
namespace {

namespace tcp = Pistache::Tcp;
namespace json = boost::json;

constexpr std::size_t connections_max = 64;
// Of what one connection sends at once: then it ends, as others wait.
constexpr std::size_t answered_at_once_max = 16;
// What /metrics has fits: it is handed to the system at once, and nobody waits for who reads it.
constexpr int send_buffer_bytes = 4 * 1024 * 1024;
constexpr std::chrono::milliseconds stalled_max{100};

ops_answer readiness(const std::vector<std::string>& problems) {
  json::array reasons(problems.begin(), problems.end());
  bool ready = problems.empty();
  json::object o{{"status", ready ? "ready" : "not ready"}, {"reasons", std::move(reasons)}};
  return {ready ? 200U : 503U, "application/json", json::serialize(o) + "\n"};
}

ops_answer route(const ops_request& asked, const ops_sources& sources) {
  auto where = http::parse_target(asked.target);
  if (!where) return ops_problem(400, "Bad Request", "The path or the query cannot be decoded");
  const auto& path = where->path;
  if (path != "/metrics" && path != "/livez" && path != "/readyz")
    return ops_problem(404, "Not Found",
                       "This listener has /metrics, /livez and /readyz; the API is at http_listen");
  if (!asked.reads) return ops_problem(405, "Method Not Allowed", "Only GET and HEAD");
  if (path == "/livez") return {.body = "{\"status\":\"alive\"}\n"};
  if (path == "/readyz") return readiness(sources.problems());
  auto with =
      where->parameter("aliases") == "no" ? ops_sources::aliases::without : ops_sources::aliases::with;
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = sources.metrics(with)};
}

ops_answer answer(const ops_request& asked, const ops_sources& sources) {
  try {
    return route(asked, sources);
  } catch (const std::exception& e) {
    spdlog::error("the ops listener could not answer {}: {}", asked.target, e.what());
    return ops_problem(500, "Internal Server Error", "See the log");
  }
}

// False: the client is gone, or takes nothing. Nobody waits for one that has not read what it got before.
bool send_all(int fd, std::string_view bytes) {
  int unread = 0;
  bool waits = ::ioctl(fd, SIOCOUTQ, &unread) == 0 && unread == 0;
  while (!bytes.empty()) {
    auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return false;
    pollfd writable{fd, POLLOUT, 0};
    if (!waits || ::poll(&writable, 1, static_cast<int>(stalled_max.count())) <= 0) return false;
  }
  return true;
}

// Pistache takes connections, waits for bytes and reads them; it neither parses nor writes: see docs/decisions.
class handler : public tcp::Handler {
 public:
  PROTOTYPE_OF(tcp::Handler, handler)
  explicit handler(std::shared_ptr<const ops_sources> sources) : sources_(std::move(sources)) {}

  void onConnection(const std::shared_ptr<tcp::Peer>& peer) override {
    auto fd = peer->fd();
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
    auto open = std::count_if(connections_.begin(), connections_.end(),
                              [](const auto& c) { return !c.second.conversation.is_over(); });
    if (static_cast<std::size_t>(open) >= connections_max) cut_most_silent();
    connections_.insert_or_assign(fd, connection{{}, ++heard_});
  }
  void onDisconnection(const std::shared_ptr<tcp::Peer>& peer) override { connections_.erase(peer->fd()); }

  void onInput(const char* bytes, std::size_t size, const std::shared_ptr<tcp::Peer>& peer) override {
    auto at = connections_.find(peer->fd());
    if (at == connections_.end()) return;
    auto& [conversation, heard] = at->second;
    heard = ++heard_;
    conversation.receive({bytes, size});
    std::size_t answered = 0;
    while (auto reply = conversation.next([this](const ops_request& r) { return answer(r, *sources_); }))
      if (!send_all(at->first, *reply) || ++answered == answered_at_once_max) conversation.end();
    if (conversation.is_over()) cut(at->first);
  }

 private:
  struct connection {
    ops_conversation conversation;
    std::uint64_t heard;  // the order in which they were heard of last
  };

  // Whoever holds connections without a word does not keep others out.
  void cut_most_silent() {
    auto order = [](const auto& a, const auto& b) {
      return std::pair(a.second.conversation.is_over(), a.second.heard) <
             std::pair(b.second.conversation.is_over(), b.second.heard);
    };
    auto at = std::min_element(connections_.begin(), connections_.end(), order);
    at->second.conversation.end();
    cut(at->first);
  }
  // What was sent still goes out; Pistache reads the end next, and closes.
  static void cut(int fd) { ::shutdown(fd, SHUT_RDWR); }

  const std::shared_ptr<const ops_sources> sources_;
  std::map<int, connection> connections_;  // by descriptor
  std::uint64_t heard_ = 0;
};

}  // namespace

struct ops_listener::endpoint {
  explicit endpoint(const Pistache::Address& a) : of(a) {}
  tcp::Listener of;
};

ops_listener::ops_listener() = default;

result<std::unique_ptr<ops_listener>> ops_listener::start(const listen_address& where, ops_sources sources) {
  try {
    std::unique_ptr<ops_listener> ops(new ops_listener);
    ops->endpoint_ = std::make_unique<endpoint>(
        Pistache::Address(where.host.find(':') == std::string::npos ? where.host : "[" + where.host + "]",
                          Pistache::Port(where.port)));
    auto& listener = ops->endpoint_->of;
    constexpr std::size_t workers = 1;
    Pistache::Flags<tcp::Options> flags(tcp::Options::ReuseAddr | tcp::Options::CloseOnExec |
                                        tcp::Options::NoDelay);
    listener.init(workers, flags, "ops");
    listener.setHandler(std::make_shared<handler>(std::make_shared<const ops_sources>(std::move(sources))));
    listener.bind();
    listener.runThreaded();
    ops->address_ = {where.host, static_cast<std::uint16_t>(listener.getPort())};
    return ops;
  } catch (const std::exception& e) {
    return failure{.code = errc::unavailable,
                   .detail = "ops_listen: cannot listen on " + where.text() + ": " + e.what() +
                             ". Is another node running? Choose another address, or port 0"};
  }
}

ops_listener::~ops_listener() {
  try {
    if (endpoint_) endpoint_->of.shutdown();
  } catch (const std::exception& e) {
    spdlog::warn("the ops listener did not stop cleanly: {}", e.what());
  }
}

}  // namespace troupe::node
