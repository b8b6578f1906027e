#include "tests/bench/fanout.hpp"

#include <memory>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "tests/bench/ingest.hpp"
#include "tests/bench/publisher.hpp"
#include "tests/bench/schedule.hpp"

namespace troupe::bench {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

class fanout_run {
 public:
  explicit fanout_run(const fanout_plan& plan) : plan_(plan) {}

  fanout_count go() {
    connect();
    auto begin = now_ns() + static_cast<std::int64_t>(plan_.warm_seconds * 1e9);
    auto end = begin + static_cast<std::int64_t>(plan_.seconds * 1e9);
    schedule pace(now_ns(), plan_.per_second > 0 ? plan_.per_second : 1);
    loop_.run(begin, [&](std::int64_t now) { return turn(now, pace); });
    count_from_ns_ = begin;
    auto delivered = total_;
    auto cpu = cpu_seconds(plan_.server_pid);
    auto started = now_ns();
    loop_.run(end, [&](std::int64_t now) { return turn(now, pace); });
    count_.delivered = total_ - delivered;
    count_.seconds = static_cast<double>(now_ns() - started) / 1e9;
    count_.server_cpu_seconds = cpu_seconds(plan_.server_pid) - cpu;
    drain();
    return std::move(count_);
  }

 private:
  void connect() {
    for (int i = 0; i < plan_.sockets; ++i)
      sockets_.push_back(std::make_unique<live_socket>(
          loop_, plan_.to, 1, [this](live_socket& s, std::string_view payload) { arrived(s, payload); }));
    publisher_ = make_publisher(loop_, plan_.to, plan_.publish_port, plan_.in_flight, plan_.batch);
    publisher_->acknowledged = [this](std::uint64_t mark) { acknowledged_.emplace(mark, now_ns()); };
    auto all_ready = [this] {
      for (auto& s : sockets_)
        if (!s->is_ready()) return false;
      return publisher_->is_ready();
    };
    loop_.run(now_ns() + 20 * second_ns, {}, all_ready);
    if (!all_ready()) throw std::runtime_error("not all readers could subscribe");
  }

  std::int64_t turn(std::int64_t now, schedule& pace) {
    if (plan_.per_second <= 0) {
      auto most = static_cast<std::uint64_t>(plan_.window);
      while (publisher_->can_publish() && (published_ - total_ / sockets_.size()) < most) {
        publisher_->publish(static_cast<std::uint64_t>(now));
        ++published_;
      }
      return 0;
    }
    while (pace.is_due(now) && publisher_->can_publish()) {
      publisher_->publish(static_cast<std::uint64_t>(pace.take()));
      ++published_;
    }
    // With no request free the next answer wakes the loop; the intended time stands.
    return publisher_->can_publish() ? pace.next_ns() : 0;
  }

  void arrived(live_socket& s, std::string_view payload) {
    std::int64_t now = plan_.per_second > 0 ? now_ns() : 0;
    for_each_mark(payload, [&](std::uint64_t mark) {
      ++s.delivered;
      ++total_;
      auto sent = static_cast<std::int64_t>(mark);
      if (now == 0 || count_from_ns_ == 0 || sent < count_from_ns_) return;
      count_.times.record(now - sent);
      auto known = acknowledged_.find(mark);
      count_.after_acknowledgement.record(known == acknowledged_.end() ? 0 : now - known->second);
    });
  }

  // What was published must reach everybody.
  void drain() {
    auto wanted = [this] {
      return (published_ - publisher_->refused() - publisher_->held_back()) * sockets_.size();
    };
    loop_.run(now_ns() + 5 * second_ns, {}, [&] { return total_ >= wanted(); });
    count_.published = published_;
    count_.missing = wanted() - total_;
    count_.refused = publisher_->refused();
    for (auto& s : sockets_) count_.closed += s->was_closed();
  }

  const fanout_plan& plan_;
  loop loop_;
  std::vector<std::unique_ptr<live_socket>> sockets_;
  std::unique_ptr<publisher> publisher_;
  std::unordered_map<std::uint64_t, std::int64_t> acknowledged_;
  std::uint64_t published_ = 0, total_ = 0;
  std::int64_t count_from_ns_ = 0;
  fanout_count count_;
};

}  // namespace

fanout_count run_fanout(const fanout_plan& plan) { return fanout_run(plan).go(); }

}  // namespace troupe::bench
