// What /metrics says, and that promtool would have nothing to say of it.
#include "node/metrics.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>

#include "node/banner.hpp"
#include "node/process.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::node;

namespace {

// A client without any shard that answers.
class silent_client final : public client {
 public:
  void command(shard_id, std::string, answer) override {}
  void query(shard_id, std::string, consistency, answer) override {}
  void query_each(std::vector<shard_id>, std::string, consistency, answers) override {}
  std::unique_ptr<subscription> subscribe(feed_sink) override { return nullptr; }
  std::uint16_t shard_count() const override { return 2; }
  epoch history() const override { return epoch{1}; }
};

struct measured {
  silent_client actors;
  health state{{.actors = &actors, .disk_is_low = [] { return true; }, .housekeeping = [] {}}};
  http::edge_stats edge;
  metrics figures{{.edge = [this] { return edge; },
                   .writer = [] { return storage::log_writer::statistics{.syncs = 3}; },
                   .disk_free_bytes = [] { return 7; },
                   .state = &state,
                   .cluster = [] { return membership_figures{.active = 3, .seals = 2, .led = 5}; }}};
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("metrics: requests, events and the log are counted") {
  measured m;
  m.edge.events_accepted = 5;
  m.edge.requests = {{"POST", "/api/v2/events", 200, 2}};
  m.figures.request_done("POST", "/api/v2/events", 200, std::chrono::milliseconds(3));
  auto text = m.figures.text(ops_sources::aliases::with);
  CHECK(contains(text, "troupe_events_received_total{outcome=\"accepted\"} 5\n"));
  CHECK(contains(text,
                 "troupe_http_requests_total{method=\"POST\",route=\"/api/v2/events\",status=\"200\"} 2\n"));
  CHECK(contains(text,
                 "troupe_http_request_duration_seconds_count{method=\"POST\",route=\"/api/v2/events\"} 1\n"));
  CHECK(contains(text, "troupe_log_syncs_total 3\n"));
  CHECK(contains(text, "troupe_ready 0\n"));
  CHECK(contains(text, "troupe_cluster_nodes{state=\"active\"} 3\n"));
  CHECK(contains(text, "troupe_cluster_generation_changes_total 2\n"));
  CHECK(contains(text, "troupe_cluster_shards_led 5\n"));
}

TEST_CASE("metrics: writes and reads that wait, and how many may, are told apart") {
  measured m;
  m.edge.writes = {.in_flight = 7, .limit = 96, .refused = 3, .target = std::chrono::milliseconds(20)};
  m.edge.reads.limit = 1024;
  auto text = m.figures.text(ops_sources::aliases::with);
  CHECK(contains(text, "\ntroupe_http_load_in_flight{kind=\"write\"} 7\n"));
  CHECK(contains(text, "\ntroupe_http_load_limit{kind=\"read\"} 1024\n"));
  CHECK(contains(text, "\ntroupe_http_load_refused_total{kind=\"write\"} 3\n"));
  CHECK(contains(text, "\ntroupe_http_load_target_seconds{kind=\"write\"} 0.02\n"));
}

TEST_CASE("metrics: each peer by its name") {
  peer_status other;
  other.connected = true;
  other.waiting_bytes = 9;
  other.counters.no_room = 4;
  measured m;
  metrics with_peers{{.edge = [&] { return m.edge; },
                      .writer = [] { return storage::log_writer::statistics{}; },
                      .disk_free_bytes = [] { return 7; },
                      .state = &m.state,
                      .peers =
                          [&] {
                            return std::vector<peer_figures>{{"node-b", other}};
                          }}};
  auto text = with_peers.text(ops_sources::aliases::with);
  CHECK(contains(text, "\ntroupe_peer_connected{peer=\"node-b\"} 1\n"));
  CHECK(contains(text, "\ntroupe_peer_waiting_bytes{peer=\"node-b\"} 9\n"));
  CHECK(contains(text, "\ntroupe_peer_frames_without_room_total{peer=\"node-b\"} 4\n"));
}

TEST_CASE("metrics: the seeds' names are aliases that can be left out") {
  measured m;
  m.edge.websockets_open = 4;
  m.figures.request_done("GET", "/", 500, std::chrono::milliseconds(30));
  m.figures.request_done("GET", "/", 200, std::chrono::milliseconds(10));
  auto with = m.figures.text(ops_sources::aliases::with);
  CHECK(contains(with, "\nash_reports_websocket_connections 4\n"));
  CHECK(contains(with, "\nash_reports_latency_ms 20\n"));
  CHECK(contains(with, "\nash_reports_error_rate 0.5\n"));
  CHECK(contains(with, "\nash_reports_memory_mb "));
  CHECK(!contains(m.figures.text(ops_sources::aliases::without), "ash_reports"));
}

TEST_CASE("metrics: promtool finds nothing to say, the aliases' units aside") {
  if (std::system("command -v promtool >/dev/null") != 0) SKIP("promtool is not installed");
  measured m;
  m.edge.requests = {{"GET", "/", 200, 1}};
  m.figures.request_done("GET", "/", 200, std::chrono::milliseconds(1));
  test::temporary_folder folder;
  auto file = (folder.path() / "metrics").string();
  std::ofstream(file) << m.figures.text(ops_sources::aliases::without);
  CHECK(std::system(("promtool check metrics <" + file).c_str()) == 0);
}

TEST_CASE("metrics: the last minute forgets what is older") {
  last_minute recent;
  recent.add(1000, 1.0, last_minute::outcome::error);
  recent.add(1030, 3.0, last_minute::outcome::good);
  CHECK(recent.read(1030).mean_seconds() == 2.0);
  CHECK(recent.read(1030).error_rate() == 0.5);
  CHECK(recent.read(1065).requests == 1);
  CHECK(recent.read(2000).requests == 0);
  recent.add(1061, 5.0, last_minute::outcome::good);
  CHECK(recent.read(1061).requests == 2);
}

TEST_CASE("health: a node whose shards do not answer is not ready and says why") {
  std::atomic<bool> serves{false};
  measured m;
  auto said = m.state.not_ready();
  CHECK(std::find(said.begin(), said.end(), "the shards do not answer") != said.end());
  CHECK(std::find(said.begin(), said.end(), "the node is starting") != said.end());
  m.state.set_listening([&] { return serves.load(); });
  said = m.state.not_ready();
  std::string_view unloaded = "the keys or the live feed are not loaded yet";
  CHECK(std::find(said.begin(), said.end(), unloaded) != said.end());
  serves = true;
  said = m.state.not_ready();
  CHECK(std::find(said.begin(), said.end(), unloaded) == said.end());
  m.state.set_stopping();
  said = m.state.not_ready();
  CHECK(said.front() == "the node is stopping");
}

TEST_CASE("process: memory, descriptors and start are those of a running process") {
  auto p = read_process();
  CHECK(p.resident_bytes > 1'000'000);
  CHECK(p.open_descriptors >= 3);
  CHECK(p.threads >= 1);
  CHECK(p.started_s > 1.6e9);
}

TEST_CASE("banner: a drawn key is shown with a command to copy, a given one is not repeated") {
  banner_facts f{.http = {"127.0.0.1", 8080},
                 .otlp = listen_address{"127.0.0.1", 4318},
                 .data_dir = "/d",
                 .key = {key_origin::drawn, "trp_drawn"}};
  auto drawn = banner(f);
  CHECK(contains(drawn, "http://localhost:8080"));
  CHECK(contains(drawn, "curl -sS http://localhost:8080/api/v2/events"));
  CHECK(contains(drawn, "Bearer trp_drawn"));
  CHECK(contains(drawn, "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"));
  f.key = {key_origin::given, "a secret of the operator"};
  CHECK(!contains(banner(f), "a secret"));
  CHECK(contains(banner(f), "Bearer $TROUPE_ADMIN_KEY"));
  f.key = {};
  CHECK(!contains(banner(f), "Bearer"));
}
