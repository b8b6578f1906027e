// The text of /metrics. Base units, _total and _seconds, so that promtool has nothing to say; and, unless asked not to,
// the names of the first dashboards (ash_reports_...), two of which carry units that promtool frowns upon:
//   ash_reports_websocket_connections  = troupe_websocket_connections
//   ash_reports_latency_ms             mean time of the requests answered in the last minute
//   ash_reports_memory_mb              = process_resident_memory_bytes / 1e6
//   ash_reports_error_rate             share of the last minute's requests that were answered with 5xx, 0 to 1
// Thread-safe.
#pragma once

#include <prometheus/registry.h>

#include <array>
#include <functional>
#include <mutex>
#include <string>

#include "http/server/stats.hpp"
#include "node/backup.hpp"
#include "node/cluster/peer_network.hpp"
#include "node/fleet_figures.hpp"
#include "node/health.hpp"
#include "node/limit_metrics.hpp"
#include "node/membership.hpp"
#include "node/ops.hpp"
#include "storage/log_writer.hpp"

namespace troupe::node {

// Requests of about the last minute, in six slots of ten seconds.
class last_minute {
 public:
  struct figures {
    std::uint64_t requests = 0, errors = 0;
    double seconds = 0;
    double mean_seconds() const { return requests ? seconds / static_cast<double>(requests) : 0; }
    double error_rate() const {
      return requests ? static_cast<double>(errors) / static_cast<double>(requests) : 0;
    }
  };
  enum class outcome : std::uint8_t { good, error };
  void add(std::int64_t now_s, double seconds, outcome how);
  figures read(std::int64_t now_s) const;

 private:
  struct slot {
    std::int64_t since_s = -1;
    figures of;
  };
  mutable std::mutex mutex_;
  std::array<slot, 6> slots_;
};

// A node of the cluster as this one knows it, by its name.
struct peer_figures {
  std::string name;
  peer_status of;
};

struct metric_sources {
  std::function<http::edge_stats()> edge;
  std::function<storage::log_writer::statistics()> writer;
  std::function<std::uint64_t()> disk_free_bytes;
  const health* state = nullptr;
  std::function<membership_figures()> cluster = {};  // empty: nothing about the cluster
  std::function<std::vector<peer_figures>()> peers = {};
  std::function<backup_state()> backup = {};
};

class metrics final : public http::observer {
 public:
  explicit metrics(metric_sources from);

  void request_done(std::string_view method, std::string_view route, int status,
                    std::chrono::nanoseconds took) noexcept override;
  void feed_seen(std::string_view feed) noexcept override;
  bool watches_limits() const noexcept override;
  void limits_seen(std::vector<http::limit_figures> all) noexcept override { limits_.take(std::move(all)); }
  std::string text(ops_sources::aliases aliases) const;

 private:
  metric_sources from_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& durations_;
  last_minute recent_;
  fleet_figures fleet_;
  limit_metrics limits_;
};

}  // namespace troupe::node
