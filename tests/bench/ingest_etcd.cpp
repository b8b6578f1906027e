// etcd: one put an event, by its own gRPC; the key is the event's id, the value its JSON. Each client has a connection
// and 'batch' puts in flight. etcd acknowledges what a majority has on disk.
#include <memory>
#include <unordered_map>
#include <vector>

#include "tests/bench/events.hpp"
#include "tests/bench/grpc_stream.hpp"
#include "tests/bench/ingest.hpp"

namespace troupe::bench {

namespace {

void append_field(std::string& out, char tag, std::string_view bytes) {
  out.push_back(tag);
  auto size = bytes.size();
  for (; size > 127; size >>= 7) out.push_back(static_cast<char>((size & 127) | 128));
  out.push_back(static_cast<char>(size));
  out.append(bytes);
}

class etcd_sender final : public grpc_stream {
 public:
  etcd_sender(loop& on, std::uint16_t port, std::uint64_t seed, measured_window& window)
      : grpc_stream(on, port, "/etcdserverpb.KV/Put"), events_(seed), window_(window) {}

  void begin(int in_flight) {
    for (int i = 0; i < in_flight; ++i) put();
    flush_calls();
  }

 private:
  struct sent {
    std::int64_t ns;
    std::uint64_t bytes;
  };

  void put() {
    events_.next(event_);
    json_.clear();
    append_json(event_, ids::from_client, json_);
    message_.clear();
    append_field(message_, '\x0a', event_.id);
    append_field(message_, '\x12', json_);
    auto now = now_ns();
    sent_.emplace(call(message_), sent{.ns = now, .bytes = message_.size()});
  }

  void finished(std::uint32_t call, outcome how) override {
    auto found = sent_.find(call);
    if (how == outcome::answered)
      window_.acknowledged(found->second.ns, 1, found->second.bytes);
    else
      window_.failed();
    sent_.erase(found);
    put();
  }

  event_source events_;
  measured_window& window_;
  sample_event event_;
  std::string json_, message_;
  std::unordered_map<std::uint32_t, sent> sent_;
};

}  // namespace

ingest_count ingest_etcd(const ingest_plan& plan) {
  ingest_count count;
  loop events;
  measured_window window(plan, count);
  std::vector<std::unique_ptr<etcd_sender>> senders;
  auto seed = static_cast<std::uint64_t>(now_ns());
  for (int i = 0; i < plan.clients; ++i) {
    senders.push_back(
        std::make_unique<etcd_sender>(events, plan.port_of(i), seed + static_cast<std::uint64_t>(i), window));
    senders.back()->begin(plan.batch);
  }
  events.run(window.end_ns(), [&](std::int64_t now) { return window.turn(now); });
  window.close();
  return count;
}

}  // namespace troupe::bench
