#include "http/server/load_gate.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace troupe::http {

namespace {

constexpr std::size_t unit_bytes = 16 * 1024;
constexpr std::uint32_t samples_min = 8;        // fewer tell nothing: the interval goes on
constexpr std::uint32_t timed_whole_units = 4;  // larger ones are compared by their share
constexpr double shrink_least = 0.6, grow = 1.15, overrun_shrink = 0.7;

}  // namespace

std::uint32_t load_units(std::size_t body_bytes, const load_limits& limits) {
  auto most = std::max<std::uint32_t>(1, limits.in_flight_min / 2);
  return static_cast<std::uint32_t>(std::min<std::size_t>(most, 1 + body_bytes / unit_bytes));
}

bool load_gate::enter(std::uint32_t units) noexcept {
  auto now = in_flight_.load(std::memory_order_relaxed);
  do {
    if (now >= limit_.load(std::memory_order_relaxed)) return false;
  } while (!in_flight_.compare_exchange_weak(now, now + units, std::memory_order_relaxed));
  auto peak = peak_.load(std::memory_order_relaxed);
  while (peak < now + units && !peak_.compare_exchange_weak(peak, now + units, std::memory_order_relaxed)) {}
  return true;
}

std::size_t load_gate::class_of(std::uint64_t us) {
  us = std::max<std::uint64_t>(us, 4);
  auto power = static_cast<std::size_t>(std::bit_width(us)) - 1;
  auto quarter = (us >> (power - 2)) & 3;
  return std::min(classes - 1, power * 4 + quarter);
}

std::uint64_t load_gate::middle_of(std::size_t one) {
  auto power = one / 4, quarter = one % 4;
  return (std::uint64_t{1} << power) + ((2 * quarter + 1) << power) / 8;
}

void load_gate::answered(clock::time_point now, std::chrono::microseconds took, std::uint32_t units,
                         std::uint32_t beside) {
  auto us = static_cast<double>(std::max<std::int64_t>(1, took.count()));
  us /= std::max(1.0, static_cast<double>(units) / timed_whole_units);
  std::lock_guard lock(mutex_);
  // In a flood whoever finds the gate empty is slowed by what is being refused: no measure of an idle node.
  if (beside == 0 && !flooded_) note_reference(us);
  ++counts_[class_of(static_cast<std::uint64_t>(us))];
  ++samples_;
  if (look_at_ == clock::time_point{}) look_at_ = now + limits_.interval;
  if (now >= look_at_) look(now);
}

void load_gate::overran(clock::time_point now) {
  std::lock_guard lock(mutex_);
  if (now < look_at_ - limits_.interval / 2) return;  // once an interval
  set_limit(overrun_shrink * std::min(limit_.load(), peak_.load()));
  look_at_ = now + limits_.interval;
}

// Quickly down and slowly up: under load even those who find the gate empty are slowed by what else the machine does.
void load_gate::note_reference(double us) {
  if (reference_us_ == 0) {
    reference_us_ = us;
    return;
  }
  reference_us_ += (us - reference_us_) / (us < reference_us_ ? 16 : 128);
}

void load_gate::look(clock::time_point now) {
  look_at_ = now + limits_.interval;
  if (samples_ < samples_min) return;
  auto median = static_cast<double>(median_us());
  note_flood(now);
  counts_.fill(0);
  samples_ = 0;
  auto intervals = std::chrono::duration<double>(now - std::exchange(looked_at_, now)) / limits_.interval;
  double limit = limit_.load(std::memory_order_relaxed);
  auto peak = peak_.exchange(in_flight_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  auto target = target_us();
  if (median > target) {
    // From what was really in flight: a limit that nobody reached would take long to come down.
    set_limit(std::min(limit, static_cast<double>(peak)) * std::max(shrink_least, target / median));
  } else if (peak * 10 >= limit * 9) {
    set_limit(limit * grow + 1);
  } else if (2 * median <= target) {
    set_limit(limit * std::pow(grow, std::clamp(intervals, 1.0, 30.0)));  // the overload is over
  }
}

void load_gate::note_flood(clock::time_point now) {
  auto refused = refused_.load(std::memory_order_relaxed);
  auto lately = refused - std::exchange(refused_before_, refused);
  bool much = 2 * lately > samples_;
  if (much && !flooded_) {
    flooded_at_ = now;
  } else if (much && now - flooded_at_ > limits_.flood_retry) {
    much = false;  // perhaps those who are left wait for their answers
    set_limit(std::max(limits_.in_flight_min, limit_.load(std::memory_order_relaxed)));
  }
  flooded_ = much;
}

std::uint64_t load_gate::median_us() const {
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < classes; ++i) {
    seen += counts_[i];
    if (2 * seen >= samples_) return middle_of(i);
  }
  return 0;
}

double load_gate::target_us() const {
  return std::max(static_cast<double>(limits_.target_min.count()), limits_.tolerance * reference_us_);
}

std::chrono::microseconds load_gate::target() const {
  std::lock_guard lock(mutex_);
  return std::chrono::microseconds(static_cast<std::int64_t>(target_us()));
}

void load_gate::set_limit(double to) {
  double least = flooded_ ? limits_.in_flight_flooded : limits_.in_flight_min;
  auto bounded = std::clamp(to, least, static_cast<double>(limits_.in_flight_max));
  limit_.store(static_cast<std::uint32_t>(bounded), std::memory_order_relaxed);
}

load_ticket::load_ticket(load_gate& gate, std::uint32_t units, load_gate::clock::time_point now,
                         std::chrono::microseconds waited)
    : units_(units), beside_(gate.in_flight()), since_(now - waited) {
  if (gate.enter(units)) {
    gate_ = &gate;
  } else {
    gate.count_refused();
  }
}

load_ticket& load_ticket::operator=(load_ticket&& o) noexcept {
  if (this == &o) return *this;
  give_back();
  gate_ = std::exchange(o.gate_, nullptr);
  units_ = o.units_;
  beside_ = o.beside_;
  since_ = o.since_;
  return *this;
}

void load_ticket::answered(load_gate::clock::time_point now) {
  if (!gate_) return;
  auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - since_);
  gate_->answered(now, took, units_, beside_);
  give_back();
}

void load_ticket::overran(load_gate::clock::time_point now) {
  if (!gate_) return;
  gate_->overran(now);
  give_back();
}

void load_ticket::give_back() noexcept {
  if (gate_) std::exchange(gate_, nullptr)->leave(units_);
}

}  // namespace troupe::http
