#include "tests/bench/idle.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include "tests/bench/publisher.hpp"
#include "tests/bench/report.hpp"

namespace troupe::bench {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t keep_alive_ns = 30 * second_ns;

// An MQTT 3.1.1 client that connects and stays: CONNECT, clean session, no keep-alive.
class mqtt_socket final : public byte_stream {
 public:
  mqtt_socket(loop& on, std::uint16_t port, std::uint32_t source, const std::string& id)
      : byte_stream(on, port, source) {
    std::string packet = std::string("\x00\x04MQTT\x04\x02\x00\x00\x00", 11);
    packet.push_back(static_cast<char>(id.size()));
    packet += id;
    write(std::string("\x10") + static_cast<char>(packet.size()) + packet);
  }
  bool is_ready() const { return ready_; }

 private:
  std::size_t received(std::string_view bytes) override {
    if (bytes.size() < 4) return 0;
    ready_ = bytes[0] == '\x20' && bytes[3] == '\0';
    return bytes.size();
  }
  bool ready_ = false;
};

class line_on_input final : public watcher {
 public:
  explicit line_on_input(loop& on) : loop_(on) { loop_.add(0, *this, EPOLLIN); }
  bool seen = false;

 private:
  void ready(std::uint32_t) override {
    std::array<char, 64> ignored{};
    auto n = read(0, ignored.data(), ignored.size());
    if (n <= 0) loop_.remove(0);
    seen = true;
  }
  loop& loop_;
};

class idle_run {
 public:
  explicit idle_run(const idle_plan& plan) : plan_(plan) {}

  void go() {
    auto start = now_ns();
    for (int i = 0; i < plan_.sockets; ++i) {
      open_one(i);
      if (i % 64 == 63) await_all(i - 512);  // never more than a few hundred handshakes at once
    }
    await_all(plan_.sockets - 1);
    report()
        .number("open", plan_.sockets)
        .number("seconds", static_cast<double>(now_ns() - start) / 1e9)
        .print();
    hold();
    check();
  }

 private:
  void open_one(int i) {
    auto source = 1 + static_cast<std::uint32_t>(i / plan_.per_source);
    if (plan_.mqtt) {
      mqtt_.push_back(
          std::make_unique<mqtt_socket>(loop_, plan_.to.port, source, "idle-" + std::to_string(i)));
      return;
    }
    web_.push_back(std::make_unique<live_socket>(
        loop_, plan_.to, source, [this](live_socket& s, std::string_view payload) {
          for_each_mark(payload, [&](std::uint64_t) { arrived_ += s.delivered++ == 0; });
        }));
  }

  bool is_ready(std::size_t i) const { return plan_.mqtt ? mqtt_[i]->is_ready() : web_[i]->is_ready(); }
  bool is_open(std::size_t i) const { return plan_.mqtt ? mqtt_[i]->is_open() : web_[i]->is_open(); }

  void await_all(int last) {
    auto done = [&] {
      while (static_cast<int>(first_unready_) <= last && is_ready(first_unready_)) ++first_unready_;
      if (static_cast<int>(first_unready_) <= last && !is_open(first_unready_))
        throw std::runtime_error("socket " + std::to_string(first_unready_) + " was refused");
      return static_cast<int>(first_unready_) > last;
    };
    loop_.run(now_ns() + 30 * second_ns, {}, done);
    if (!done())
      throw std::runtime_error("socket " + std::to_string(first_unready_) + " did not open in time");
  }

  // A share of the sockets at a time, so that all have spoken once per keep-alive time.
  void hold() {
    line_on_input input(loop_);
    std::size_t next = 0, step = web_.size() / 300 + 1;
    auto due = now_ns();
    loop_.run(
        now_ns() + 3600 * second_ns,
        [&](std::int64_t now) {
          for (; !web_.empty() && due <= now; due += keep_alive_ns / 300)
            for (std::size_t i = 0; i < step; ++i) web_[next++ % web_.size()]->keep_alive();
          return web_.empty() ? std::int64_t{0} : due;
        },
        [&] { return input.seen; });
    loop_.remove(0);
  }

  void check() {
    std::size_t open = 0;
    auto count = plan_.mqtt ? mqtt_.size() : web_.size();
    for (std::size_t i = 0; i < count; ++i) open += is_open(i);
    report found;
    found.number("still_open", static_cast<double>(open));
    if (plan_.to.speaks == dialect::troupe && !plan_.mqtt) {
      auto from = make_publisher(loop_, plan_.to, 0, 1, 1);
      auto start = now_ns();
      from->publish(1);
      loop_.run(start + 60 * second_ns, {}, [&] { return arrived_ == open; });
      found.number("reached", static_cast<double>(arrived_));
      found.number("reached_in_seconds", static_cast<double>(now_ns() - start) / 1e9);
    }
    found.print();
  }

  const idle_plan& plan_;
  loop loop_;
  std::vector<std::unique_ptr<live_socket>> web_;
  std::vector<std::unique_ptr<mqtt_socket>> mqtt_;
  std::size_t first_unready_ = 0;
  std::uint64_t arrived_ = 0;
};

}  // namespace

void hold_idle(const idle_plan& plan) { idle_run(plan).go(); }

}  // namespace troupe::bench
