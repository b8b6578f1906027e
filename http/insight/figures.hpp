// Figures as JSON: the objects that the answers of insight share.
#pragma once

#include <optional>
#include <string_view>

#include "http/insight/cells.hpp"
#include "http/routes/json_writer.hpp"
#include "http/routes/records_json.hpp"

namespace troupe::http {

// a / b to 9 digits behind the point; nothing if b is 0.
std::optional<double> ratio(double a, double b);
inline double usd(std::int64_t nano) { return static_cast<double>(nano) / 1e9; }
std::optional<double> mean_ms(const rollup& r);

// {"avg":..,"p50":..,"p95":..,"p99":..,"max":..} in milliseconds.
void write_latency(std::string_view name, const rollup& r, object_writer& to);
// events, errors, calls, tokens, cost_usd, duration_ms
void write_usage(const rollup& r, object_writer& to);
void write_usage_object(std::string_view name, const rollup& r, object_writer& to);
// "series":[{"time":..,events, errors, calls, tokens, cost_usd}]
void write_usage_series(const std::map<std::int64_t, rollup>& steps, object_writer& to);
// "sampled":{"rate":..}
void write_sampled(double rate, object_writer& to);

// Writes an array: each(writer of the item, item) for each item.
template <class List, class Each>
void write_list(std::string_view name, const List& list, object_writer& to, Each&& each) {
  auto& out = to.name(name);
  out += '[';
  bool first = true;
  for (auto& item : list) {
    if (!first) out += ',';
    first = false;
    object_writer w(out);
    each(w, item);
    w.end();
  }
  out += ']';
}

}  // namespace troupe::http
