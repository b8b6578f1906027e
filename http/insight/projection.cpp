#include "http/insight/projection.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace troupe::http {

namespace {

constexpr double quantile = 1.2815515655446004;  // of the normal distribution at 0.9: 80 % lie within
constexpr std::size_t day_hours = 24, history_hours_max = 7 * day_hours;
// A begun hour tells a rate after this part of it, when there is nothing else.
constexpr double elapsed_min = 1.0 / 60;

std::size_t hour_of_day(std::int64_t hour) { return static_cast<std::size_t>(((hour % 24) + 24) % 24); }

}  // namespace

std::string_view to_string(forecast_method m) {
  switch (m) {
    case forecast_method::seasonal_mean: return "seasonal_mean";
    case forecast_method::run_rate: return "run_rate";
    default: return "none";
  }
}

std::string_view formula_of(forecast_method m) {
  switch (m) {
    case forecast_method::seasonal_mean:
      return "spent so far + for each hour to come the mean of the same hour of the day over the last 7 "
             "days; "
             "interval +- 1.28 * sqrt(sum over the hours of the day of N s^2 (1 + N / n)), N hours to come, "
             "n past "
             "hours with standard deviation s (Hyndman and Athanasopoulos, Forecasting: Principles and "
             "Practice, "
             "5.2 and 5.5)";
    case forecast_method::run_rate:
      return "spent so far + hours to come * the mean of the past hours (less than a day of history); "
             "interval +- "
             "1.28 * sqrt(N s^2 (1 + N / n))";
    default: return "no history: what was spent so far";
  }
}

projection::projection(hourly_history history) : history_(std::move(history)) {
  auto& past = history_.spent;
  if (past.size() > history_hours_max) {
    history_.first_hour += static_cast<std::int64_t>(past.size() - history_hours_max);
    past.erase(past.begin(), past.end() - history_hours_max);
  }
  auto first = std::find_if(past.begin(), past.end(), [](double v) { return v != 0; });
  history_.first_hour += first - past.begin();
  past.erase(past.begin(), first);
  if (past.empty() && history_.begun > 0 && history_.elapsed >= elapsed_min) {
    method_ = forecast_method::run_rate;
    auto rate = history_.begun / history_.elapsed;
    seasons_.fill({rate, rate * rate, 1});
    return;
  }
  if (past.empty()) return;
  method_ = past.size() < day_hours ? forecast_method::run_rate : forecast_method::seasonal_mean;
  auto season_from = [&](auto&& belongs) {
    season s;
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < past.size(); ++i) {
      if (!belongs(i)) continue;
      ++s.samples;
      sum += past[i];
      squares += past[i] * past[i];
    }
    auto n = static_cast<double>(s.samples);
    s.mean = sum / n;
    if (s.samples > 1) s.variance = std::max(0.0, (squares - sum * sum / n) / (n - 1));
    return s;
  };
  auto all = season_from([](std::size_t) { return true; });
  if (past.size() == 1) all.variance = all.mean * all.mean;
  for (std::size_t h = 0; h < day_hours; ++h) {
    auto& s = seasons_[h];
    s = all;
    if (method_ == forecast_method::run_rate) continue;
    s = season_from(
        [&](std::size_t i) { return hour_of_day(history_.first_hour + static_cast<std::int64_t>(i)) == h; });
    // One sample has no spread: that of all hours stands in.
    if (s.samples < 2) s.variance = all.variance;
  }
}

const projection::season& projection::season_of(std::int64_t hour) const {
  return seasons_[hour_of_day(hour)];
}

forecast projection::until(std::int64_t until_hour, double spent) const {
  forecast f{spent, spent, spent};
  if (method_ == forecast_method::none) return f;
  std::array<double, day_hours> hours{};  // to come, by hour of the day
  auto now = history_.current_hour();
  if (until_hour <= now) return f;
  hours[hour_of_day(now)] += 1 - history_.elapsed;
  for (auto h = now + 1; h < until_hour; ++h) hours[hour_of_day(h)] += 1;
  double variance = 0, shared = 0, shared_variance = 0, samples = 1;
  for (std::size_t h = 0; h < day_hours; ++h) {
    auto& s = seasons_[h];
    f.expected += hours[h] * s.mean;
    if (method_ == forecast_method::run_rate) {
      shared += hours[h];
      shared_variance = s.variance, samples = static_cast<double>(s.samples);
    } else {
      variance += hours[h] * s.variance * (1 + hours[h] / static_cast<double>(s.samples));
    }
  }
  variance += shared * shared_variance * (1 + shared / samples);
  auto margin = quantile * std::sqrt(variance);
  f.low = std::max(spent, f.expected - margin);
  f.high = f.expected + margin;
  return f;
}

forecast projection::of_hour(std::int64_t hour) const {
  if (method_ == forecast_method::none) return {};
  auto& s = season_of(hour);
  auto margin = quantile * std::sqrt(s.variance * (1 + 1 / static_cast<double>(s.samples)));
  return {s.mean, std::max(0.0, s.mean - margin), s.mean + margin};
}

double projection::reaches(double bound, double spent, std::int64_t until_hour) const {
  auto now = history_.current_hour();
  auto at = static_cast<double>(now) + history_.elapsed;
  if (spent >= bound) return at;
  if (method_ == forecast_method::none) return -1;
  for (auto h = now; h < until_hour; ++h) {
    auto part = h == now ? 1 - history_.elapsed : 1.0;
    auto more = part * season_of(h).mean;
    if (more > 0 && spent + more >= bound) return at + part * (bound - spent) / more;
    spent += more;
    at = static_cast<double>(h + 1);
  }
  return -1;
}

}  // namespace troupe::http
