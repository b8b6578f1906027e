#include "tests/bench/ingest.hpp"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "tests/bench/events.hpp"
#include "tests/bench/http_client.hpp"
#include "tests/bench/mixed_events.hpp"

namespace troupe::bench {

namespace {

double cpu_of_one(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(in, line);
  auto at = line.rfind(')');
  if (at == std::string::npos) return 0;
  std::istringstream fields(line.substr(at + 2));
  std::string skip;
  for (int i = 0; i < 11; ++i) fields >> skip;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

double cpu_seconds(int pid) {
  if (pid <= 0) return 0;
  double sum = cpu_of_one(pid);
  auto base = "/proc/" + std::to_string(pid);
  std::ifstream children(base + "/task/" + std::to_string(pid) + "/children");
  for (int child = 0; children >> child;) sum += cpu_of_one(child);
  return sum;
}

double cpu_seconds(const std::vector<int>& pids) {
  double sum = 0;
  for (int pid : pids) sum += cpu_seconds(pid);
  return sum;
}

measured_window::measured_window(const ingest_plan& plan, ingest_count& into)
    : pids_(plan.server_pids),
      events_max_(plan.events),
      into_(into),
      begin_ns_(now_ns() + static_cast<std::int64_t>(plan.warm_seconds * 1e9)),
      end_ns_(begin_ns_ + static_cast<std::int64_t>(plan.seconds * 1e9)) {}

std::int64_t measured_window::turn(std::int64_t now) {
  if (!open_ && now >= begin_ns_) {
    open_ = true;
    begin_ns_ = now;
    cpu_before_ = cpu_seconds(pids_);
  }
  return open_ ? end_ns_ : begin_ns_;
}

void measured_window::acknowledged(std::int64_t sent_ns, std::uint64_t events, std::uint64_t bytes) {
  if (!open_) return;
  into_.events += events;
  into_.bytes += bytes;
  if (sent_ns >= begin_ns_) into_.times.record(now_ns() - sent_ns);
}

void measured_window::failed() {
  if (open_) ++into_.failures;
}

void measured_window::close() {
  into_.seconds = static_cast<double>(now_ns() - begin_ns_) / 1e9;
  into_.server_cpu_seconds = cpu_seconds(pids_) - cpu_before_;
}

namespace {

// One connection that posts one batch after the other.
class troupe_sender {
 public:
  troupe_sender(loop& on, std::uint16_t port, const ingest_plan& plan, const http_target& to,
                event_source events, measured_window& window)
      : client_(on, port), plan_(plan), to_(to), events_(events), window_(window) {}

  void post() {
    if (plan_.spread_hours > 0) events_.happened_at(moment());
    if (plan_.body == "otlp")
      make_otlp(events_, plan_.batch, body_);
    else if (plan_.body == "mixed")
      make_mixed_ndjson(events_, plan_.batch, body_);
    else
      make_ndjson(events_, plan_.batch, plan_.body == "ndjson" ? ids::from_client : ids::from_server, body_);
    sent_ns_ = now_ns();
    client_.send(to_.head(body_.size()), body_, [this](const http_answer& a) { answered(a); });
  }

 private:
  // Evenly spread, whenever one stops: the golden ratio leaves no gaps.
  std::int64_t moment() {
    place_ += 0.6180339887498949;
    place_ -= std::floor(place_);
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count() -
           static_cast<std::int64_t>(place_ * plan_.spread_hours * 3'600'000);
  }

  void answered(const http_answer& a) {
    auto accepted =
        plan_.body == "otlp" ? static_cast<std::uint64_t>(plan_.batch) : number_in(a.body, "accepted");
    if (a.status == 200 && accepted == static_cast<std::uint64_t>(plan_.batch))
      window_.acknowledged(sent_ns_, accepted, body_.size());
    else
      window_.failed();
    post();
  }

  http_client client_;
  const ingest_plan& plan_;
  const http_target& to_;
  event_source events_;
  measured_window& window_;
  std::string body_;
  std::int64_t sent_ns_ = 0;
  double place_ = 0;
};

}  // namespace

ingest_count ingest_troupe(const ingest_plan& plan) {
  bool otlp = plan.body == "otlp";
  http_target to{plan.port_of(0), otlp ? "/v1/traces" : "/api/v2/events", plan.key,
                 otlp ? "application/x-protobuf" : "application/x-ndjson"};
  ingest_count count;
  loop events;
  measured_window window(plan, count);
  std::vector<std::unique_ptr<troupe_sender>> senders;
  auto seed = static_cast<std::uint64_t>(now_ns());
  for (int i = 0; i < plan.clients; ++i) {
    event_source source(seed + static_cast<std::uint64_t>(i), plan.agents, i * plan.agents);
    senders.push_back(std::make_unique<troupe_sender>(events, plan.port_of(i), plan, to, source, window));
    senders.back()->post();
  }
  events.run(
      window.end_ns(), [&](std::int64_t now) { return window.turn(now); }, [&] { return window.is_full(); });
  window.close();
  return count;
}

}  // namespace troupe::bench
