// What will be spent: reckoned by hand.
#include "http/insight/projection.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

using namespace troupe::http;

namespace {

bool near(double a, double b) { return std::abs(a - b) < 1e-9; }

}  // namespace

TEST_CASE("projection: the same hour of the day is expected again") {
  hourly_history h;
  h.first_hour = 1000 * 24;
  for (int day = 0; day < 3; ++day)
    for (int hour = 0; hour < 24; ++hour) h.spent.push_back(hour == 9 ? 10 + day : 1);
  h.begun = 0.25, h.elapsed = 0.25;  // the fourth day has begun: spent 0.25
  projection p(h);
  CHECK(p.method() == forecast_method::seasonal_mean);
  CHECK(near(p.history_days(), 3));
  // 0.75 of hour 0, 22 hours of 1, hour 9 of (10 + 11 + 12) / 3
  auto day = p.until(1004 * 24, 0.25);
  CHECK(near(day.expected, 0.25 + 0.75 + 22 + 11));
  // Only hour 9 varies: s^2 = 1, N = 1, n = 3
  CHECK(near(day.high - day.expected, 1.2815515655446004 * std::sqrt(4.0 / 3)));
  CHECK(near(day.expected - day.low, day.high - day.expected));
  // Two days: N = 2 of hour 9
  auto two = p.until(1005 * 24, 0.25);
  CHECK(near(two.high - two.expected, 1.2815515655446004 * std::sqrt(2 * (1 + 2.0 / 3))));
  CHECK(near(p.of_hour(1003 * 24 + 9).expected, 11));
  // 8.25 by 09:00, then 11 in an hour
  CHECK(near(p.reaches(14.5, 0.25, 1004 * 24), 1003 * 24 + 9 + 0.5));
  CHECK(p.reaches(1000, 0.25, 1004 * 24) < 0);
  CHECK(near(p.reaches(0.2, 0.25, 1004 * 24), 1003 * 24 + 0.25));
}

TEST_CASE("projection: with less than a day of history all hours share one mean") {
  hourly_history h;
  h.first_hour = 240;
  h.spent = {0, 0, 2, 4};  // the first two are before there was anything
  h.elapsed = 0.5;
  projection p(h);
  CHECK(p.method() == forecast_method::run_rate);
  CHECK(near(p.history_days(), 2.0 / 24));
  auto f = p.until(244 + 4, 7);  // 3.5 hours to come
  CHECK(near(f.expected, 7 + 3.5 * 3));
  CHECK(near(f.high - f.expected, 1.2815515655446004 * std::sqrt(3.5 * 2 * (1 + 3.5 / 2))));
  CHECK(f.low >= 7);
}

TEST_CASE("projection: without history nothing is expected beyond what was spent") {
  projection p({.first_hour = 5, .spent = {0, 0}});
  CHECK(p.method() == forecast_method::none);
  CHECK(near(p.until(30, 2).expected, 2));
  CHECK(near(p.until(30, 2).high, 2));
  CHECK(p.reaches(3, 2, 30) < 0);
  projection begun({.first_hour = 5, .spent = {}, .begun = 1, .elapsed = 0.5});
  CHECK(begun.method() == forecast_method::run_rate);
  CHECK(near(begun.until(6, 1).expected, 2));
}
