// Redis: XADD, pipelined. Each client sends a batch of XADD at once and waits for all its replies; with appendonly and
// appendfsync always, Redis replies after its fsync.
#include <memory>
#include <vector>

#include "tests/bench/byte_stream.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/ingest.hpp"

namespace troupe::bench {

namespace {

class redis_sender final : public byte_stream {
 public:
  redis_sender(loop& on, const ingest_plan& plan, std::uint64_t seed, measured_window& window)
      : byte_stream(on, plan.port_of(0)), plan_(plan), events_(seed), window_(window) {}

  void add_batch() {
    sample_event e;
    text_.clear();
    for (int i = 0; i < plan_.batch; ++i) {
      events_.next(e);
      json_.clear();
      append_json(e, ids::from_client, json_);
      text_ += "*5\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$1\r\ne\r\n$";
      text_.append(std::to_string(json_.size())).append("\r\n").append(json_).append("\r\n");
    }
    missing_ = plan_.batch;
    sent_ns_ = now_ns();
    write(text_);
  }

 private:
  // A reply to XADD is "$15\r\n1700000000000-0\r\n": two lines; an error is one line beginning with '-'.
  std::size_t received(std::string_view bytes) override {
    std::size_t used = 0;
    while (missing_ > 0) {
      auto first = bytes.find("\r\n", used);
      if (first == std::string_view::npos) return used;
      if (bytes[used] == '-') {
        window_.failed();
        used = first + 2;
      } else {
        auto second = bytes.find("\r\n", first + 2);
        if (second == std::string_view::npos) return used;
        used = second + 2;
      }
      --missing_;
    }
    window_.acknowledged(sent_ns_, static_cast<std::uint64_t>(plan_.batch), text_.size());
    add_batch();
    return used;
  }

  const ingest_plan& plan_;
  event_source events_;
  measured_window& window_;
  std::string text_, json_;
  int missing_ = 0;
  std::int64_t sent_ns_ = 0;
};

}  // namespace

ingest_count ingest_redis(const ingest_plan& plan) {
  ingest_count count;
  loop events;
  measured_window window(plan, count);
  std::vector<std::unique_ptr<redis_sender>> senders;
  auto seed = static_cast<std::uint64_t>(now_ns());
  for (int i = 0; i < plan.clients; ++i) {
    senders.push_back(
        std::make_unique<redis_sender>(events, plan, seed + static_cast<std::uint64_t>(i), window));
    senders.back()->add_batch();
  }
  events.run(window.end_ns(), [&](std::int64_t now) { return window.turn(now); });
  window.close();
  return count;
}

}  // namespace troupe::bench
