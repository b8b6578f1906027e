// What will be spent: the seasonal mean of the hours of the day, with an interval. Pure.
//
// Expected is what was spent plus, for each hour to come, the mean of the same hour of the day over the last seven
// days (for the hour that has begun: its remaining part). The interval is that of the mean method, 80 %: for N hours to
// come that share one mean of n past hours with standard deviation s, the variance is N s^2 (1 + N / n): that of the
// hours themselves and that of the mean's own error. Source: R. J. Hyndman, G. Athanasopoulos, "Forecasting: Principles
// and Practice", 3rd ed., 5.2 (seasonal naive and mean methods) and 5.5 (prediction intervals, table 5.2). With less than
// a day of history all hours share one mean ("run rate").
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::http {

struct hourly_history {
  std::int64_t first_hour = 0;  // number of the hour since 1970 of the first value
  std::vector<double> spent;    // of whole hours, oldest first, up to the one that has begun
  double begun = 0;             // spent in the hour that has begun
  double elapsed = 0;           // of that hour, 0 to 1

  std::int64_t current_hour() const { return first_hour + static_cast<std::int64_t>(spent.size()); }
};

struct forecast {
  double expected = 0, low = 0, high = 0;
};

enum class forecast_method : std::uint8_t { none, run_rate, seasonal_mean };
std::string_view to_string(forecast_method m);
// For people: how the figures are made.
std::string_view formula_of(forecast_method m);

class projection {
 public:
  // What lies before the first value that is not zero is no history.
  explicit projection(hourly_history history);

  forecast_method method() const { return method_; }
  double history_days() const { return static_cast<double>(history_.spent.size()) / 24; }
  // Of the span that has seen 'spent' and ends with the begin of 'until_hour'.
  forecast until(std::int64_t until_hour, double spent) const;
  // Of one hour to come.
  forecast of_hour(std::int64_t hour) const;
  // The hour, with its fraction, at which 'bound' is expected to be reached; negative if not before 'until_hour'.
  double reaches(double bound, double spent, std::int64_t until_hour) const;

 private:
  struct season {
    double mean = 0, variance = 0;
    std::int64_t samples = 0;
  };
  const season& season_of(std::int64_t hour) const;

  hourly_history history_;
  forecast_method method_ = forecast_method::none;
  std::array<season, 24> seasons_;
};

}  // namespace troupe::http
