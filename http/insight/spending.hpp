// What is being spent, hour by hour: the history that projections are made of, and the periods of the calendar (UTC).
#pragma once

#include "http/insight/narrowing.hpp"
#include "http/insight/projection.hpp"

namespace troupe::http {

enum class spent_in : std::uint8_t { usd, tokens };

double amount(const rollup& r, spent_in unit);
// The last seven days by hour, and the hour that has begun.
cell_question history_question(const insight_names& names, std::int64_t now_us);
hourly_history history_of(const cell_table& by_hour, std::int64_t now_us, spent_in unit);

struct period {
  std::int64_t from_us = 0, until_us = 0;
  std::int64_t until_hour() const { return until_us / insight_hour_us; }
};
period period_of(schema::LimitPeriod length, std::int64_t now_us);
// What was spent in it so far.
cell_question period_question(const insight_names& names, const period& p, std::int64_t now_us);

}  // namespace troupe::http
