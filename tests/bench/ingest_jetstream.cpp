// NATS JetStream: one message an event into the stream "events", each answered to an inbox of its own. Each client has a
// connection and 'batch' messages in flight.
#include <charconv>
#include <memory>
#include <stdexcept>
#include <vector>

#include "tests/bench/byte_stream.hpp"
#include "tests/bench/events.hpp"
#include "tests/bench/ingest.hpp"

namespace troupe::bench {

namespace {

class jetstream_sender final : public byte_stream {
 public:
  jetstream_sender(loop& on, std::uint16_t port, std::uint64_t seed, int in_flight, measured_window& window)
      : byte_stream(on, port),
        inbox_("_INBOX." + std::to_string(seed) + "."),
        events_(seed),
        window_(window),
        sent_(static_cast<std::size_t>(in_flight)) {}

  void begin() {
    out_ = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB " + inbox_ + "* 1\r\n";
    for (std::size_t slot = 0; slot < sent_.size(); ++slot) publish(slot);
    flush_messages();
  }

 private:
  struct sent {
    std::int64_t ns;
    std::uint64_t bytes;
  };

  void publish(std::size_t slot) {
    events_.next(event_);
    json_.clear();
    append_json(event_, ids::from_client, json_);
    out_.append("PUB events ").append(inbox_).append(std::to_string(slot)).append(" ");
    out_.append(std::to_string(json_.size())).append("\r\n").append(json_).append("\r\n");
    sent_[slot] = {.ns = now_ns(), .bytes = json_.size()};
  }

  void flush_messages() {
    write(out_);
    out_.clear();
  }

  std::size_t received(std::string_view bytes) override {
    std::size_t used = 0;
    for (;;) {
      auto end = bytes.find("\r\n", used);
      if (end == std::string_view::npos) break;
      auto line = bytes.substr(used, end - used);
      auto next = end + 2;
      if (line.starts_with("MSG ")) {
        std::size_t length = number_at(line, line.rfind(' ') + 1);
        if (bytes.size() < next + length + 2) break;
        take_answer(line, bytes.substr(next, length));
        next += length + 2;
      } else if (line == "PING") {
        out_ += "PONG\r\n";
      } else if (line.starts_with("-ERR")) {
        throw std::runtime_error("NATS: " + std::string(line));
      }
      used = next;
    }
    flush_messages();
    return used;
  }

  void closed() override { throw std::runtime_error("NATS: the server has closed the connection"); }

  // "MSG _INBOX.seed.slot 1 length", and {"stream":"events","seq":1} or an error.
  void take_answer(std::string_view line, std::string_view answer) {
    auto slot = number_at(line, 4 + inbox_.size());
    if (answer.find("\"seq\":") != std::string_view::npos &&
        answer.find("\"error\"") == std::string_view::npos)
      window_.acknowledged(sent_.at(slot).ns, 1, sent_.at(slot).bytes);
    else
      window_.failed();
    publish(slot);
  }

  static std::size_t number_at(std::string_view text, std::size_t at) {
    std::size_t value = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), value);
    return value;
  }

  std::string inbox_;
  event_source events_;
  measured_window& window_;
  sample_event event_;
  std::string json_, out_;
  std::vector<sent> sent_;  // what each slot has in flight
};

}  // namespace

ingest_count ingest_jetstream(const ingest_plan& plan) {
  ingest_count count;
  loop events;
  measured_window window(plan, count);
  std::vector<std::unique_ptr<jetstream_sender>> senders;
  auto seed = static_cast<std::uint64_t>(now_ns());
  for (int i = 0; i < plan.clients; ++i) {
    senders.push_back(std::make_unique<jetstream_sender>(
        events, plan.port_of(i), seed + static_cast<std::uint64_t>(i), plan.batch, window));
    senders.back()->begin();
  }
  events.run(window.end_ns(), [&](std::int64_t now) { return window.turn(now); });
  window.close();
  return count;
}

}  // namespace troupe::bench
