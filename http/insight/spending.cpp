#include "http/insight/spending.hpp"

#include <algorithm>
#include <chrono>

#include "protocol/cells.hpp"

namespace troupe::http {

namespace {

constexpr std::int64_t history_hours = 7 * 24;

std::int64_t after(std::int64_t now_us) {
  return bucket_start(now_us, schema::Resolution::MINUTE) + insight_minute_us;
}

std::int64_t midnight_us(std::chrono::year_month_day day) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::sys_days(day).time_since_epoch())
      .count();
}

}  // namespace

double amount(const rollup& r, spent_in unit) {
  if (unit == spent_in::usd) return static_cast<double>(r.cost_nano_usd) / 1e9;
  return static_cast<double>(r.tokens.input) + static_cast<double>(r.tokens.output);
}

cell_question history_question(const insight_names& names, std::int64_t now_us) {
  auto hour = bucket_start(now_us, schema::Resolution::HOUR);
  insight_window window{hour - history_hours * insight_hour_us, after(now_us), schema::CellStep::HOUR};
  auto q = usage_question(window, names, {});
  q.step = schema::CellStep::HOUR;
  return q;
}

hourly_history history_of(const cell_table& by_hour, std::int64_t now_us, spent_in unit) {
  auto steps = by_hour.steps();
  auto hour = bucket_start(now_us, schema::Resolution::HOUR);
  auto of = [&](std::int64_t start) {
    auto at = steps.find(start);
    return at == steps.end() ? 0.0 : amount(at->second, unit);
  };
  hourly_history h;
  h.first_hour = hour / insight_hour_us - history_hours;
  for (auto i = history_hours; i > 0; --i) h.spent.push_back(of(hour - i * insight_hour_us));
  h.begun = of(hour);
  h.elapsed = static_cast<double>(now_us - hour) / static_cast<double>(insight_hour_us);
  return h;
}

period period_of(schema::LimitPeriod length, std::int64_t now_us) {
  using namespace std::chrono;
  if (length == schema::LimitPeriod::HOUR) {
    auto from = bucket_start(now_us, schema::Resolution::HOUR);
    return {from, from + insight_hour_us};
  }
  auto day = bucket_start(now_us, schema::Resolution::DAY);
  if (length == schema::LimitPeriod::DAY) return {day, day + insight_day_us};
  year_month_day today{sys_days(days(day / insight_day_us))};
  auto first = today.year() / today.month() / 1;
  return {midnight_us(first), midnight_us(first + months(1))};
}

cell_question period_question(const insight_names& names, const period& p, std::int64_t now_us) {
  return usage_question({p.from_us, std::min(p.until_us, after(now_us)), schema::CellStep::DAY}, names, {});
}

}  // namespace troupe::http
