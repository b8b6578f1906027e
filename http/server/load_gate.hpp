// How much work may be in flight at once, by what waiting it causes: the excess is refused at the door, where it costs
// little, and what is let in is answered about as fast as on an idle node.
//
// The unit is a small request; a large one counts for more. Every so often the gate looks at the median time that
// requests took. Above the target, which follows from what they take when nothing else is in flight, it lets fewer in;
// below it, more. A burst that is soon worked off changes nothing.
//
// Clients that wait for each answer hold themselves back: a few of them are never refused, however slow the answers.
// Where much is refused the clients do not wait, and fewer are let in than that (in_flight_flooded), until the next try.
//
// Invariants: what has entered leaves once; at least in_flight_flooded may always be in flight, never more than
// in_flight_max; a request is let in or refused, never kept waiting. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>

#include "http/server/stats.hpp"

namespace troupe::http {

struct load_limits {
  std::uint32_t in_flight_min = 96, in_flight_max = 1024;
  std::uint32_t in_flight_flooded = 6;          // the least while more than a third of what comes is refused
  std::chrono::microseconds target_min{5'000};  // waiting below this is no overload
  double tolerance = 2;                         // times the time on an idle node
  std::chrono::milliseconds interval{100};
  std::chrono::milliseconds flood_retry{20'000};  // after so long in_flight_min is tried again
};

// What a request counts for, by the bytes of its body as they came. No single one takes half of what may always enter.
std::uint32_t load_units(std::size_t body_bytes, const load_limits& limits);

class load_gate {
 public:
  using clock = std::chrono::steady_clock;
  explicit load_gate(load_limits limits = {})
      : limits_(limits), limit_(limits.in_flight_max), reference_us_(0) {}

  const load_limits& limits() const { return limits_; }
  // A look from outside: entering now would fail.
  bool is_full() const noexcept {
    return in_flight_.load(std::memory_order_relaxed) >= limit_.load(std::memory_order_relaxed);
  }
  bool enter(std::uint32_t units) noexcept;
  void leave(std::uint32_t units) noexcept { in_flight_.fetch_sub(units, std::memory_order_relaxed); }
  // One that was answered: its time, and what was in flight when it entered, itself left out.
  void answered(clock::time_point now, std::chrono::microseconds took, std::uint32_t units,
                std::uint32_t beside);
  // Something behind the gate was full: as bad as it gets.
  void overran(clock::time_point now);

  std::uint32_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }
  std::uint32_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }
  void count_refused() noexcept { refused_.fetch_add(1, std::memory_order_relaxed); }
  std::chrono::microseconds target() const;
  gate_stats stats() const { return {in_flight(), limit(), refused(), target()}; }

 private:
  // Times by powers of two, each in four steps.
  static constexpr std::size_t classes = 128;
  static std::size_t class_of(std::uint64_t us);
  static std::uint64_t middle_of(std::size_t one);

  void note_reference(double us);
  void look(clock::time_point now);
  void note_flood(clock::time_point now);
  std::uint64_t median_us() const;
  double target_us() const;
  void set_limit(double to);

  const load_limits limits_;
  std::atomic<std::uint32_t> in_flight_{0}, limit_, peak_{0};
  std::atomic<std::uint64_t> refused_{0};
  mutable std::mutex mutex_;
  double reference_us_;  // on an idle node; 0: not known yet
  std::array<std::uint32_t, classes> counts_{};
  std::uint32_t samples_ = 0;
  clock::time_point look_at_{}, looked_at_{};
  bool flooded_ = false;
  clock::time_point flooded_at_{};
  std::uint64_t refused_before_ = 0;
};

// A request's place behind the gate. Owned by one thread at a time.
class load_ticket {
 public:
  load_ticket() = default;
  // Empty when the gate is full. 'waited': how long it took to come this far.
  load_ticket(load_gate& gate, std::uint32_t units, load_gate::clock::time_point now,
              std::chrono::microseconds waited);
  load_ticket(load_ticket&& o) noexcept
      : gate_(std::exchange(o.gate_, nullptr)), units_(o.units_), beside_(o.beside_), since_(o.since_) {}
  load_ticket& operator=(load_ticket&& o) noexcept;
  ~load_ticket() { give_back(); }
  explicit operator bool() const { return gate_ != nullptr; }

  void answered(load_gate::clock::time_point now);
  void overran(load_gate::clock::time_point now);
  void give_back() noexcept;

 private:
  load_gate* gate_ = nullptr;
  std::uint32_t units_ = 0, beside_ = 0;
  load_gate::clock::time_point since_{};
};

}  // namespace troupe::http
