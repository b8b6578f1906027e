#include "node/running_node.hpp"

#include <netdb.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <caf/openssl/unpublish.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <thread>

#include "node/cluster/tls_sessions.hpp"
#include "node/log.hpp"
#include "node/process.hpp"
#include "node/version.hpp"

namespace troupe::node {
namespace fs = std::filesystem;
namespace {

using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;
constexpr auto start_deadline = 60s;
// A node that takes longer tells clients itself that it cannot answer yet, and of some it can.
constexpr auto clients_wait_max = 2s;
constexpr auto hand_over_deadline = 3s;
constexpr auto renew_every = std::chrono::hours(12);
// Who does not finish the handshake on the admin port is cut off; whoever did may stay as long as it likes.
constexpr auto admin_handshake_max = 5s;
constexpr auto admin_session_max = std::chrono::hours(24 * 365);

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint64_t mono_ms() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(steady::now().time_since_epoch()).count());
}

// The edge listens on numeric addresses: all that the name stands for, IPv4 first.
result<std::vector<http::listen_address>> resolved(const listen_address& a, std::string_view setting) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  if (int e = ::getaddrinfo(a.host.c_str(), nullptr, &hints, &found); e != 0)
    return failure{.code = errc::invalid_argument,
                   .detail = std::string(setting) + ": " + a.host + ": " + ::gai_strerror(e)};
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  std::vector<http::listen_address> out;
  for (auto* at = all.get(); at; at = at->ai_next) {
    char host[NI_MAXHOST];
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    out.insert(at->ai_family == AF_INET ? out.begin() : out.end(), {host, a.port});
  }
  // Port 0 could give each address another port.
  if (a.port == 0 && out.size() > 1) out.resize(1);
  return out;
}

// Beside the program: as installed, then as built.
fs::path find_web_root(const fs::path& wished) {
  if (!wished.empty()) return wished;
  std::error_code error;
  auto here = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto* place : {"../share/troupe/web", "../../../http/web/dist"}) {
    auto folder = (here / place).lexically_normal();
    if (fs::exists(folder / "index.html", error)) return folder;
  }
  return {};
}

std::string text_or_off(const std::optional<listen_address>& a) { return a ? a->text() : "off"; }

}  // namespace

result<std::unique_ptr<running_node>> running_node::start(const config& c) {
  std::unique_ptr<running_node> n(new running_node(c));
  n->started_us_ = now_us();
  for (auto step : {&running_node::start_engine, &running_node::start_edge, &running_node::start_cluster,
                    &running_node::start_ops, &running_node::start_admin}) {
    auto done = (n.get()->*step)();
    if (!done) return done.error();
  }
  // Whoever waits for the probe may ask for everything: also where the admin port is.
  n->health_->set_listening([edge = n->edge_.get()] { return edge->is_ready(); });
  n->wait_until_ready();
  n->was_ready_ = true;
  n->say_ready();
  return n;
}

void running_node::wait_until_ready() {
  auto began = steady::now();
  bool is_open = false;
  auto let_clients_in = [&] {
    if (!std::exchange(is_open, true)) edge_->start();
  };
  while (!is_to_end() && !health_->not_ready().empty()) {
    if (edge_->is_ready() || steady::now() > began + clients_wait_max) let_clients_in();
    if (steady::now() > began + start_deadline) {
      for (const auto& p : health_->not_ready()) spdlog::warn("still not ready: {}", p);
      break;
    }
    std::this_thread::sleep_for(1ms);
  }
  let_clients_in();
}

result<bool> running_node::start_engine() {
  auto started = engine::start(config_);
  if (!started) return started.error();
  engine_ = std::move(*started);
  const auto& id = engine_->directory().identity();
  name_log(config_.logs, node_name(id.node));
  facts_.data_dir = config_.data_dir.string();
  start_health();
  // The others of a cluster have its keys, and may be away while this one starts.
  const auto& directory = engine_->directory();
  bool others = id.origin == storage::node_origin::joined || (config_.cluster_listen && !directory.is_new());
  if (others) return true;
  auto key = ensure_admin_key(engine_->get_client(), config_.admin_key, start_deadline);
  if (!key) return key.error();
  facts_.key = *key;
  return true;
}

void running_node::start_health() {
  health::sources from;
  from.actors = &engine_->get_client();
  from.disk_is_low = [this] { return engine_->disk_is_low(mono_ms()); };
  from.housekeeping = [this, next = steady::now() + renew_every]() mutable {
    if (auto port = admin_port_.load(); port != 0)
      tls_sessions::sweep(port, admin_handshake_max, admin_session_max);
    if (steady::now() < next) return;
    next = steady::now() + renew_every;
    auto renewed = engine_->renew_certificates();
    if (!renewed) spdlog::error("certificates could not be renewed: {}", renewed.error().detail);
  };
  if (config_.cluster_listen)
    from.map_is_known = [this] {
      auto* cluster = engine_->cluster();
      return cluster->started() && cluster->members().map().version != 0;
    };
  from.verdict = [this] { return engine_->cluster()->verdict(); };
  health_ = std::make_unique<health>(std::move(from));
}

result<bool> running_node::start_edge() {
  if (!config_.price_table.empty()) {
    auto read = ingest::price_table::load(config_.price_table.string());
    if (!read) return read.error();
    prices_ = std::make_unique<ingest::price_table>(std::move(*read));
  }
  http::edge_config c;
  auto http_at = resolved(config_.http_listen, "http_listen");
  if (!http_at) return http_at.error();
  c.main = *http_at;
  c.otlp.clear();
  if (config_.otlp_listen) {
    auto otlp_at = resolved(*config_.otlp_listen, "otlp_listen");
    if (!otlp_at) return otlp_at.error();
    c.otlp = *otlp_at;
  }
  c.io_threads = config_.io_threads;
  c.limits = config_.edge;
  // The store opens files while clients come: what it finds closed to it would halt its shards.
  if (auto all = read_process().descriptors_max; all > 0) {
    c.limits.connections_max = std::min<std::size_t>(c.limits.connections_max, all - descriptors_kept(all));
  }
  c.web_root = find_web_root(config_.web_root).string();
  c.allowed_origins = config_.cors_origins;
  c.version = std::string(version_text());
  c.node_name = node_name(engine_->directory().identity().node);
  facts_.has_page = !c.web_root.empty();
  metric_sources figures;
  figures.edge = [this] { return edge_->stats(); };
  figures.writer = [this] { return engine_->writer_stats(); };
  figures.disk_free_bytes = [this] { return engine_->directory().free_bytes(); };
  figures.state = health_.get();
  figures.cluster = [this] {
    auto* cluster = engine_->cluster();
    return cluster->started() ? cluster->members().figures() : membership_figures();
  };
  figures.peers = [this] {
    auto* cluster = engine_->cluster();
    std::vector<peer_figures> out;
    if (!cluster->started()) return out;
    auto map = cluster->members().map();
    for (auto& p : cluster->peer_states()) {
      auto* n = map.find(p.node);
      out.push_back({n && !n->facts.name.empty() ? n->facts.name : node_name(p.node), std::move(p)});
    }
    return out;
  };
  figures.backup = [this] { return engine_->saves().state(); };
  c.cluster_view = [this]() -> std::shared_ptr<const std::string> {
    auto* cluster = engine_->cluster();
    return cluster->started() ? cluster->members().view() : nullptr;
  };
  metrics_ = std::make_unique<metrics>(std::move(figures));
  try {
    edge_ = std::make_unique<http::edge>(std::move(c), engine_->get_client(), prices_.get(), metrics_.get(),
                                         engine_->others_present());
    edge_->prepare();
  } catch (const std::exception& e) {
    return failure{
        .code = errc::unavailable,
        .detail = std::string(e.what()) + ". Is another node running? Choose another address, or port 0"};
  }
  auto ports = edge_->ports();
  facts_.http = {config_.http_listen.host, ports.main.front()};
  if (config_.otlp_listen) facts_.otlp = listen_address{config_.otlp_listen->host, ports.otlp.front()};
  return true;
}

result<bool> running_node::start_cluster() {
  auto certificate = engine_->certificates().node;
  auto figures = [this, end_us = certificate_end_s(certificate) * 1'000'000] {
    return own_figures{.ready = health_->not_ready().empty(),
                       .problems = own_problems(),
                       .resident_bytes = read_process().resident_bytes,
                       .disk_free_bytes = std::max<std::uint64_t>(engine_->directory().free_bytes(), 1),
                       .certificate_expires_us = end_us};
  };
  auto at = engine_->start_cluster(facts_.http.text(), started_us_, std::move(figures));
  if (!at) return at.error();
  cluster_address_ = *at;
  return true;
}

// What nobody else can know of this node: how it is, and who does not let it in.
std::vector<std::string> running_node::own_problems() const {
  auto problems = health_->problems();
  for (auto& r : engine_->cluster()->refusals()) problems.push_back(std::move(r));
  for (const auto& p : engine_->cluster()->peer_states())
    if (!p.connected && p.problem.starts_with("it refused"))
      problems.push_back(node_name(p.node) + " at " + p.address + " does not let this node in: " + p.problem);
  return problems;
}

result<bool> running_node::start_ops() {
  if (config_.ops_listen) {
    ops_sources sources;
    sources.metrics = [this](ops_sources::aliases a) { return metrics_->text(a); };
    sources.problems = [this] { return health_->not_ready(); };
    auto started = ops_listener::start(*config_.ops_listen, std::move(sources));
    if (!started) return started.error();
    ops_ = std::move(*started);
  }
  return true;
}

result<bool> running_node::start_admin() {
  if (!config_.admin_listen) return true;
  admin_sources sources;
  sources.actors = &engine_->get_client();
  sources.status = [this](schema::NodeStatus::Builder out) { fill_status(out); };
  sources.settings = config_.settings;
  sources.cluster.member = &engine_->cluster()->members();
  sources.cluster.saves = &engine_->saves();
  if (config_.cluster_listen) {
    sources.cluster.make_invitation = [this](const invitation_wish& w) { return engine_->invitation_for(w); };
    sources.cluster.hash_of_secret = [](std::string_view secret) { return invitation_hash(secret); };
  }
  admin_ = spawn_admin(engine_->system(), std::move(sources));
  auto address = publish_admin(admin_, *config_.admin_listen);
  if (!address) return address.error();
  tls_sessions::require(address->port, tls_role::admin);
  admin_port_ = address->port;
  admin_address_ = *address;
  return write_admin_file(config_.data_dir, *address, node_name(engine_->directory().identity().node));
}

void running_node::say_ready() const {
  spdlog::info(
      "trouped {} is ready | http_listen={} otlp_listen={} ops_listen={} admin_listen={} cluster_listen={} "
      "took_ms={}",
      version_text(), facts_.http.text(), text_or_off(facts_.otlp), ops_ ? ops_->address().text() : "off",
      text_or_off(admin_address_), text_or_off(cluster_address_), (now_us() - started_us_) / 1000);
}

void running_node::fill_status(schema::NodeStatus::Builder out) const {
  const auto& id = engine_->directory().identity();
  out.setNodeId(id.node.value);
  out.setClusterId(id.cluster);
  out.setVersion(std::string(version_text()));
  out.setLevel(behaviour_level());
  out.setStartedUs(started_us_);
  out.setDataDir(config_.data_dir.string());
  out.setHttpListen(facts_.http.text());
  out.setOtlpListen(text_or_off(facts_.otlp));
  out.setOpsListen(ops_ ? ops_->address().text() : "off");
  out.setAdminListen(text_or_off(admin_address_));
  out.setResidentBytes(read_process().resident_bytes);
  out.setDiskFreeBytes(engine_->directory().free_bytes());
  out.setEventsStored(health_->events_stored());
  out.setConnections(edge_->stats().connections_open);
  out.setReady(health_->not_ready().empty());
  auto problems = health_->problems();
  auto list = out.initProblems(static_cast<unsigned>(problems.size()));
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, problems[i]);
}

void running_node::stop() {
  if (stopped_) return;
  stopped_ = true;
  auto began = steady::now();
  if (health_) health_->set_stopping();
  if (was_ready_) spdlog::info("stopping: at most {} s for what is open", config_.drain_seconds);
  std::chrono::milliseconds drain = std::chrono::seconds(config_.drain_seconds);
  // First, while requests still find their way: others lead on before anybody is turned away.
  if (engine_) engine_->hand_over(std::min<std::chrono::milliseconds>(drain, hand_over_deadline));
  if (edge_) edge_->stop(drain);
  auto left = drain - std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - began);
  if (engine_) engine_->drain(std::max(left, std::chrono::milliseconds(2000)));
  ops_.reset();
  if (admin_) {
    caf::scoped_actor self(engine_->system());
    self->send_exit(admin_, caf::exit_reason::user_shutdown);
    self->wait_for(admin_);
    admin_ = nullptr;
    admin_port_ = 0;
    tls_sessions::require(admin_address_->port, tls_role::none);
  }
  // Membership asks health, and the edge asks membership.
  if (engine_) engine_->leave_cluster();
  health_.reset();
  edge_.reset();
  engine_.reset();
  if (was_ready_)
    spdlog::info("stopped | took_ms={}",
                 std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - began).count());
}

running_node::~running_node() { stop(); }

}  // namespace troupe::node
