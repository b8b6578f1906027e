#include "tests/bench/overload.hpp"

#include <deque>
#include <memory>
#include <vector>

#include "tests/bench/events.hpp"
#include "tests/bench/http_client.hpp"
#include "tests/bench/schedule.hpp"

namespace troupe::bench {

namespace {

class overload_run {
 public:
  explicit overload_run(const overload_plan& plan)
      : plan_(plan), target_{plan.port, "/api/v2/events", plan.key, "application/x-ndjson"} {
    // Made beforehand, without ids: making them must not be what limits the offer.
    event_source source(static_cast<std::uint64_t>(now_ns()));
    bodies_.resize(32);
    for (auto& body : bodies_) make_ndjson(source, plan.batch, ids::from_server, body);
    for (int i = 0; i < plan.connections; ++i)
      clients_.push_back(std::make_unique<http_client>(loop_, plan.port));
    for (auto& c : clients_) free_.push_back(c.get());
  }

  overload_count go() {
    auto start = now_ns();
    begin_ns_ = start + static_cast<std::int64_t>(plan_.warm_seconds * 1e9);
    auto end = begin_ns_ + static_cast<std::int64_t>(plan_.seconds * 1e9);
    schedule pace(start, plan_.requests_per_second);
    loop_.run(end, [&](std::int64_t now) {
      while (pace.is_due(now)) waiting_.push_back(pace.take());
      while (!waiting_.empty() && !free_.empty()) send_one();
      return pace.next_ns();
    });
    // Requests that are due by now count too: their answers are waited for.
    loop_.run(
        now_ns() + 20'000'000'000,
        [&](std::int64_t) {
          while (!waiting_.empty() && !free_.empty()) send_one();
          return std::int64_t{0};
        },
        [&] { return waiting_.empty() && free_.size() == clients_.size(); });
    count_.due = pace.taken();
    count_.seconds = static_cast<double>(now_ns() - begin_ns_) / 1e9;  // with what was still to be answered
    return std::move(count_);
  }

 private:
  void send_one() {
    auto* with = free_.back();
    free_.pop_back();
    auto intended = waiting_.front();
    waiting_.pop_front();
    auto& body = bodies_[next_++ % bodies_.size()];
    with->send(target_.head(body.size()), body, [this, with, intended](const http_answer& a) {
      free_.push_back(with);
      if (intended >= begin_ns_) answered(a, now_ns() - intended);
    });
  }

  void answered(const http_answer& a, std::int64_t took) {
    ++count_.sent;
    if (a.status == 200) {
      ++count_.accepted;
      count_.accepted_times.record(took);
    } else if ((a.status == 429 || a.status == 503) && a.has_retry_after) {
      ++count_.refused;
      count_.refused_times.record(took);
    } else {
      ++count_.refused_badly;
    }
  }

  const overload_plan& plan_;
  http_target target_;
  loop loop_;
  std::vector<std::unique_ptr<http_client>> clients_;
  std::vector<http_client*> free_;
  std::deque<std::int64_t> waiting_;
  std::vector<std::string> bodies_;
  std::size_t next_ = 0;
  std::int64_t begin_ns_ = 0;
  overload_count count_;
};

}  // namespace

overload_count run_overload(const overload_plan& plan) { return overload_run(plan).go(); }

}  // namespace troupe::bench
