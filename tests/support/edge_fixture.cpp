#include "tests/support/edge_fixture.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace troupe::testing {

edge_fixture::edge_fixture(const std::function<void(http::edge_config&)>& change) {
  admin_key = actors.add_key(http::role::admin);
  ingest_key = actors.add_key(http::role::ingest);
  read_key = actors.add_key(http::role::read);
  http::edge_config config;
  config.main = {{"127.0.0.1", 0}};
  config.otlp = {{"127.0.0.1", 0}};
  config.io_threads = 2;
  if (change) change(config);
  edge = std::make_unique<http::edge>(config, actors);
  edge->start();
  if (!until([this] { return edge->is_ready(); })) throw std::runtime_error("the edge is not ready");
}

edge_fixture::~edge_fixture() { edge->stop(std::chrono::milliseconds(0)); }

void edge_fixture::send_steps(const std::string& agent, int count, int from, const std::string& team) const {
  std::string body = "[";
  for (int i = from; i < from + count; ++i) {
    if (i > from) body += ',';
    body +=
        R"({"type":"custom.step","agent_id":")" + agent + R"(","session_id":")" + std::to_string(i) + "\"";
    if (!team.empty()) body += R"(,"team":")" + team + "\"";
    body += "}";
  }
  auto a = admin().post("/api/v2/events", body + "]", {{"Content-Type", "application/json"}});
  if (a.status != 200) throw std::runtime_error("events refused: " + a.body);
}

bool until(const std::function<bool()>& holds) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    never.wait_for(lock, std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace troupe::testing
