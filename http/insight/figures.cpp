#include "http/insight/figures.hpp"

#include <cmath>

namespace troupe::http {

namespace {

constexpr double digits = 1e9;

}  // namespace

std::optional<double> ratio(double a, double b) {
  if (b == 0) return {};
  auto value = a / b;
  // Beyond this, rounding would lose more than it wins.
  if (std::abs(value) > 1e6) return value;
  return std::round(value * digits) / digits;
}

std::optional<double> mean_ms(const rollup& r) {
  return ratio(static_cast<double>(r.duration_sum_us), static_cast<double>(r.timed) * 1e3);
}

void write_latency(std::string_view name, const rollup& r, object_writer& to) {
  object_writer w(to.name(name));
  if (r.timed == 0) {
    for (auto n : {"avg", "p50", "p95", "p99", "max"}) w.raw(n, "null");
  } else {
    w.real("avg", mean_ms(r));
    w.decimal("p50", r.percentile_us(0.50), 3)
        .decimal("p95", r.percentile_us(0.95), 3)
        .decimal("p99", r.percentile_us(0.99), 3)
        .decimal("max", r.duration_max_us, 3);
  }
  w.end();
}

void write_usage(const rollup& r, object_writer& to) {
  to.number("events", r.count).number("errors", r.errors).number("calls", r.hits);
  write_token_counts(r.tokens, to);
  to.decimal("cost_usd", r.cost_nano_usd, 9).decimal("duration_ms", r.duration_sum_us, 3);
}

void write_usage_object(std::string_view name, const rollup& r, object_writer& to) {
  object_writer w(to.name(name));
  write_usage(r, w);
  w.end();
}

void write_usage_series(const std::map<std::int64_t, rollup>& steps, object_writer& to) {
  write_list("series", steps, to, [](object_writer& w, const auto& step) {
    w.time("time", step.first);
    w.number("events", step.second.count)
        .number("errors", step.second.errors)
        .number("calls", step.second.hits);
    write_token_counts(step.second.tokens, w);
    w.decimal("cost_usd", step.second.cost_nano_usd, 9);
  });
}

void write_sampled(double rate, object_writer& to) {
  object_writer w(to.name("sampled"));
  w.real("rate", rate);
  w.end();
}

}  // namespace troupe::http
