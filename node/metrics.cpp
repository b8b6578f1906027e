#include "node/metrics.hpp"

#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <sstream>

#include "node/process.hpp"
#include "node/version.hpp"

namespace troupe::node {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

ClientMetric metric_of(MetricType type, double value, labels with) {
  ClientMetric m;
  m.label = std::move(with);
  (type == MetricType::Counter ? m.counter.value : m.gauge.value) = value;
  return m;
}

class family_list {
 public:
  template <class Number>
  void add(MetricType type, const char* name, const char* help, Number value, labels with = {}) {
    families_.push_back({name, help, type, {metric_of(type, static_cast<double>(value), std::move(with))}});
  }
  template <class Number>
  void gauge(const char* name, const char* help, Number value) {
    add(MetricType::Gauge, name, help, value);
  }
  template <class Number>
  void counter(const char* name, const char* help, Number value) {
    add(MetricType::Counter, name, help, value);
  }
  MetricFamily& family(MetricType type, const char* name, const char* help) {
    families_.push_back({name, help, type, {}});
    return families_.back();
  }
  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

// A family of metrics with one of them for each of several things.
template <class Thing>
struct kind_of {
  MetricType type;
  const char* name;
  const char* help;
  double (*value)(const Thing&);
};

template <class Thing, std::size_t count, class Label>
void add_each(family_list& out, const kind_of<Thing> (&kinds)[count], const std::vector<Thing>& things,
              Label label) {
  for (const auto& k : kinds) {
    auto& family = out.family(k.type, k.name, k.help);
    for (const auto& one : things) family.metric.push_back(metric_of(k.type, k.value(one), label(one)));
  }
}

void add_process(family_list& out, const process_figures& p) {
  out.add(MetricType::Gauge, "troupe_build_info", "The version that runs; always 1.", 1,
          {{"version", std::string(version_text())}});
  out.counter("process_cpu_seconds_total", "Processor time used, user and system.", p.cpu_seconds);
  out.gauge("process_resident_memory_bytes", "Memory in use.", p.resident_bytes);
  out.gauge("process_virtual_memory_bytes", "Address space in use.", p.virtual_bytes);
  out.gauge("process_open_fds", "Open file descriptors.", p.open_descriptors);
  out.gauge("process_max_fds", "Most file descriptors that may be open.", p.descriptors_max);
  out.gauge("process_threads", "Threads.", p.threads);
  out.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", p.started_s);
}

void add_edge(family_list& out, const http::edge_stats& s) {
  out.gauge("troupe_http_connections", "Open client connections.", s.connections_open);
  out.gauge("troupe_websocket_connections", "Open WebSockets.", s.websockets_open);
  out.gauge("troupe_sse_streams", "Open event streams.", s.streams_open);
  out.gauge("troupe_channel_joins", "Joined channels.", s.joins_open);
  out.gauge("troupe_http_in_flight_bytes", "Memory held by request bodies.", s.in_flight_bytes);
  out.counter("troupe_http_connections_total", "Client connections accepted.", s.connections_total);
  out.counter("troupe_http_connections_refused_total", "Client connections over a limit.",
              s.connections_refused);
  out.counter("troupe_http_received_bytes_total", "Bytes from clients.", s.bytes_in);
  out.counter("troupe_http_sent_bytes_total", "Bytes to clients.", s.bytes_out);
  out.counter("troupe_http_deadlines_passed_total", "Connections cut because a deadline passed.",
              s.deadlines_passed);
  out.counter("troupe_live_frames_sent_total", "Frames to channels and streams.", s.frames_out);
  out.counter("troupe_live_frames_received_total", "Frames from channels.", s.frames_in);
  out.counter("troupe_live_slow_readers_total", "Channels and streams cut for reading too slowly.",
              s.slow_readers_closed);
  out.counter("troupe_live_recoveries_total", "Joins that asked for what they had missed.", s.recoveries);
  auto& events =
      out.family(MetricType::Counter, "troupe_events_received_total", "Events sent by clients, by outcome.");
  events.metric = {
      metric_of(MetricType::Counter, static_cast<double>(s.events_accepted), {{"outcome", "accepted"}}),
      metric_of(MetricType::Counter, static_cast<double>(s.events_duplicate), {{"outcome", "duplicate"}}),
      metric_of(MetricType::Counter, static_cast<double>(s.events_rejected), {{"outcome", "rejected"}})};
  auto& requests = out.family(MetricType::Counter, "troupe_http_requests_total", "Answered requests.");
  for (const auto& r : s.requests)
    requests.metric.push_back(
        metric_of(MetricType::Counter, static_cast<double>(r.count),
                  {{"method", r.method}, {"route", r.route}, {"status", std::to_string(r.status)}}));
}

void add_gates(family_list& out, const http::edge_stats& s) {
  auto both = [&](MetricType type, const char* name, const char* help, auto value) {
    auto& family = out.family(type, name, help);
    for (auto& [kind, gate] : {std::pair{"write", &s.writes}, std::pair{"read", &s.reads}})
      family.metric.push_back(metric_of(type, static_cast<double>(value(*gate)), {{"kind", kind}}));
  };
  using gate = http::gate_stats;
  both(MetricType::Gauge, "troupe_http_load_in_flight",
       "Requests that wait for shards now; a body counts once for every 16 KiB.",
       [](const gate& g) { return g.in_flight; });
  both(MetricType::Gauge, "troupe_http_load_limit", "How many may wait at once, by how long they take.",
       [](const gate& g) { return g.limit; });
  both(MetricType::Gauge, "troupe_http_load_target_seconds",
       "Where half of them take longer, fewer are let in.",
       [](const gate& g) { return std::chrono::duration<double>(g.target).count(); });
  both(MetricType::Counter, "troupe_http_load_refused_total",
       "Requests refused with 503 because too many wait.", [](const gate& g) { return g.refused; });
}

void add_shards(family_list& out, const std::vector<shard_figures>& shards) {
  static constexpr kind_of<shard_figures> kinds[] = {
      {MetricType::Gauge, "troupe_shard_leader", "1 where this node leads the shard.",
       [](const shard_figures& s) { return s.role == "leader" ? 1.0 : 0.0; }},
      {MetricType::Gauge, "troupe_shard_halted", "1 where the shard has halted.",
       [](const shard_figures& s) { return s.fault.empty() ? 0.0 : 1.0; }},
      {MetricType::Gauge, "troupe_shard_term", "Raft term.",
       [](const shard_figures& s) { return static_cast<double>(s.term); }},
      {MetricType::Gauge, "troupe_shard_commit_index", "Last committed log entry.",
       [](const shard_figures& s) { return static_cast<double>(s.commit); }},
      {MetricType::Gauge, "troupe_shard_applied_index", "Last applied log entry.",
       [](const shard_figures& s) { return static_cast<double>(s.applied); }},
      {MetricType::Gauge, "troupe_shard_log_entries", "Log entries kept.",
       [](const shard_figures& s) {
         return static_cast<double>(s.last + 1 - std::min(s.first, s.last + 1));
       }},
      {MetricType::Counter, "troupe_shard_events_total", "Events stored by the shard.",
       [](const shard_figures& s) { return static_cast<double>(s.events); }},
  };
  add_each(out, kinds, shards, [](const shard_figures& s) {
    return labels{{"shard", std::to_string(s.shard)}};
  });
}

void add_cluster(family_list& out, const membership_figures& c) {
  auto& nodes = out.family(MetricType::Gauge, "troupe_cluster_nodes", "Nodes of the cluster, by state.");
  nodes.metric = {metric_of(MetricType::Gauge, static_cast<double>(c.joining), {{"state", "joining"}}),
                  metric_of(MetricType::Gauge, static_cast<double>(c.active), {{"state", "active"}}),
                  metric_of(MetricType::Gauge, static_cast<double>(c.draining), {{"state", "draining"}})};
  auto gauge = [&](const char* name, const char* help, auto value) {
    out.gauge(name, help, static_cast<double>(value));
  };
  gauge("troupe_cluster_nodes_alive", "Nodes that this node and most others reach.", c.alive);
  gauge("troupe_cluster_peers_connected", "Nodes that this node is connected with.", c.connected);
  gauge("troupe_cluster_shards_led", "Shards that this node leads.", c.led);
  gauge("troupe_cluster_replicas", "Replicas on this node that vote.", c.replicas);
  gauge("troupe_cluster_replica_lag_entries", "How far the replica of this node that is furthest behind is.",
        c.lag_max);
  gauge("troupe_cluster_shards_changing", "Shards whose voters this node is changing.", c.changing);
  gauge("troupe_cluster_map_version", "Version of the cluster's map that this node has.", c.map_version);
  gauge("troupe_cluster_problems", "What troupectl doctor would find.", c.problems);
  out.counter("troupe_cluster_generation_changes_total", "Generations that this node began, on any shard.",
              c.seals);
  out.counter("troupe_cluster_leader_transfers_total", "Leaders that this node had handed over.",
              c.transfers);
  out.counter("troupe_cluster_digest_mismatches_total",
              "Comparisons in which a replica here had other records than another.", c.digest_mismatches);
}

void add_peers(family_list& out, const std::vector<peer_figures>& peers) {
  static constexpr kind_of<peer_figures> kinds[] = {
      {MetricType::Gauge, "troupe_peer_connected", "1 while this node is connected with that one.",
       [](const peer_figures& p) { return p.of.connected ? 1.0 : 0.0; }},
      {MetricType::Gauge, "troupe_peer_waiting_bytes", "What waits here to be sent to that node.",
       [](const peer_figures& p) { return static_cast<double>(p.of.waiting_bytes); }},
      {MetricType::Counter, "troupe_peer_sent_bytes_total", "Bytes sent to that node, before encryption.",
       [](const peer_figures& p) { return static_cast<double>(p.of.counters.bytes_sent); }},
      {MetricType::Counter, "troupe_peer_received_bytes_total", "Bytes from that node.",
       [](const peer_figures& p) { return static_cast<double>(p.of.counters.bytes_received); }},
      {MetricType::Counter, "troupe_peer_sent_frames_total", "Frames sent to that node.",
       [](const peer_figures& p) { return static_cast<double>(p.of.counters.frames_sent); }},
      {MetricType::Counter, "troupe_peer_received_frames_total", "Frames from that node.",
       [](const peer_figures& p) { return static_cast<double>(p.of.counters.frames_received); }},
      {MetricType::Counter, "troupe_peer_frames_without_room_total",
       "Frames refused or dropped because that node did not keep up.",
       [](const peer_figures& p) { return static_cast<double>(p.of.counters.no_room); }},
  };
  add_each(out, kinds, peers, [](const peer_figures& p) { return labels{{"peer", p.name}}; });
}

void add_backups(family_list& out, const backup_state& b) {
  out.gauge("troupe_backup_running", "1 while this node writes a backup.", b.running ? 1 : 0);
  out.gauge(
      "troupe_backup_last_success_timestamp_seconds",
      "When the last backup was written that this node was asked for, since 1970; 0: none since it started.",
      static_cast<double>(b.succeeded_us) / 1e6);
  out.counter("troupe_backups_failed_total", "Backups that came to nothing.", b.failures);
}

void add_aliases(family_list& out, const http::edge_stats& edge, const process_figures& p,
                 const last_minute::figures& recent) {
  out.gauge("ash_reports_websocket_connections", "Alias of troupe_websocket_connections.",
            edge.websockets_open);
  out.gauge("ash_reports_latency_ms", "Mean time of the last minute's requests, in milliseconds.",
            recent.mean_seconds() * 1000);
  out.gauge("ash_reports_memory_mb", "Alias of process_resident_memory_bytes, in megabytes.",
            static_cast<double>(p.resident_bytes) / 1e6);
  out.gauge("ash_reports_error_rate", "Share of the last minute's requests answered with 5xx.",
            recent.error_rate());
}

}  // namespace

void last_minute::add(std::int64_t at_s, double seconds, outcome how) {
  auto since = at_s / 10 * 10;
  std::lock_guard lock(mutex_);
  auto& s = slots_[static_cast<std::size_t>(at_s / 10 % 6)];
  if (s.since_s != since) s = {since, {}};
  s.of.requests += 1;
  s.of.errors += how == outcome::error ? 1 : 0;
  s.of.seconds += seconds;
}

last_minute::figures last_minute::read(std::int64_t at_s) const {
  figures all;
  std::lock_guard lock(mutex_);
  for (const auto& s : slots_) {
    if (s.since_s < 0 || at_s - s.since_s >= 60) continue;
    all.requests += s.of.requests;
    all.errors += s.of.errors;
    all.seconds += s.of.seconds;
  }
  return all;
}

metrics::metrics(metric_sources from)
    : from_(std::move(from)),
      durations_(prometheus::BuildHistogram()
                     .Name("troupe_http_request_duration_seconds")
                     .Help("From the whole request to its answer.")
                     .Register(registry_)) {}

void metrics::request_done(std::string_view method, std::string_view route, int status,
                           std::chrono::nanoseconds took) noexcept {
  try {
    auto seconds = std::chrono::duration<double>(took).count();
    static const prometheus::Histogram::BucketBoundaries buckets{
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    durations_.Add({{"method", std::string(method)}, {"route", std::string(route)}}, buckets)
        .Observe(seconds);
    recent_.add(now_s(), seconds, status >= 500 ? last_minute::outcome::error : last_minute::outcome::good);
  } catch (const std::exception&) {
    // Out of memory: a measurement less.
  }
}

void metrics::feed_seen(std::string_view feed) noexcept {
  fleet_.take(feed, [this](std::uint16_t shard) { return from_.state->leads(shard); });
}

bool metrics::watches_limits() const noexcept {
  return from_.state->leads(static_cast<std::uint16_t>(system_shard.value));
}

std::string metrics::text(ops_sources::aliases aliases) const {
  family_list out;
  auto process = read_process();
  auto edge = from_.edge();
  auto writer = from_.writer();
  add_process(out, process);
  add_edge(out, edge);
  add_gates(out, edge);
  add_shards(out, from_.state->shards());
  out.counter("troupe_log_syncs_total", "Syncs of the log.", writer.syncs);
  out.counter("troupe_log_batches_total", "Batches written to the log.", writer.batches);
  out.counter("troupe_log_written_bytes_total", "Bytes written to the log.", writer.bytes);
  out.counter("troupe_log_failures_total", "Writes of the log that failed.", writer.failures);
  out.gauge("troupe_disk_free_bytes", "Free space where the data directory is.", from_.disk_free_bytes());
  out.gauge("troupe_ready", "1 when the node is ready for traffic.",
            from_.state->not_ready().empty() ? 1 : 0);
  if (from_.cluster) add_cluster(out, from_.cluster());
  if (from_.peers) add_peers(out, from_.peers());
  if (from_.backup) add_backups(out, from_.backup());
  if (aliases == ops_sources::aliases::with) add_aliases(out, edge, process, recent_.read(now_s()));
  auto families = out.take();
  for (auto& f : fleet_.read(now_us())) families.push_back(std::move(f));
  for (auto& f : limits_.read()) families.push_back(std::move(f));
  for (auto& f : registry_.Collect()) families.push_back(std::move(f));
  std::erase_if(families, [](const MetricFamily& f) { return f.metric.empty(); });
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return text.str();
}

}  // namespace troupe::node
