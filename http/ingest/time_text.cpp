// RFC 3339 with the proleptic Gregorian calendar of std::chrono.
#include "http/ingest/time_text.hpp"

#include <chrono>

namespace troupe::ingest {

namespace {

// Reads exactly 'digits' digits and moves on; -1 if there are other characters.
int take_number(std::string_view& rest, std::size_t digits) {
  if (rest.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (rest[i] < '0' || rest[i] > '9') return -1;
    value = value * 10 + (rest[i] - '0');
  }
  rest.remove_prefix(digits);
  return value;
}

bool take(std::string_view& rest, std::string_view any_of) {
  if (rest.empty() || any_of.find(rest[0]) == any_of.npos) return false;
  rest.remove_prefix(1);
  return true;
}

// Microseconds of ".123456..." if there is one; -1 if it is malformed.
std::int64_t take_fraction(std::string_view& rest) {
  if (!take(rest, ".")) return 0;
  std::int64_t us = 0, weight = 100'000;
  std::size_t digits = 0;
  for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
    us += (rest[digits] - '0') * weight;
    weight /= 10;
  }
  rest.remove_prefix(digits);
  return digits == 0 ? -1 : us;
}

// Offset from UTC in seconds.
std::optional<int> take_offset(std::string_view& rest) {
  if (take(rest, "zZ")) return 0;
  bool west = !rest.empty() && rest[0] == '-';
  if (!take(rest, "+-")) return std::nullopt;
  auto hours = take_number(rest, 2);
  if (!take(rest, ":")) return std::nullopt;
  auto minutes = take_number(rest, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (hours * 60 + minutes) * (west ? -60 : 60);
}

void write_digits(unsigned value, int digits, std::string& out) {
  char buffer[8];
  for (int i = digits - 1; i >= 0; --i, value /= 10) buffer[i] = static_cast<char>('0' + value % 10);
  out.append(buffer, static_cast<std::size_t>(digits));
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) noexcept {
  namespace ch = std::chrono;
  auto rest = text;
  auto year = take_number(rest, 4);
  if (!take(rest, "-")) return std::nullopt;
  auto month = take_number(rest, 2);
  if (!take(rest, "-")) return std::nullopt;
  auto day = take_number(rest, 2);
  if (!take(rest, "tT ")) return std::nullopt;
  auto hour = take_number(rest, 2);
  if (!take(rest, ":")) return std::nullopt;
  auto minute = take_number(rest, 2);
  if (!take(rest, ":")) return std::nullopt;
  auto second = take_number(rest, 2);
  auto fraction = take_fraction(rest);
  auto offset = take_offset(rest);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60 || fraction < 0 || !offset || !rest.empty())
    return std::nullopt;
  ch::year_month_day date{ch::year(year), ch::month(static_cast<unsigned>(month)),
                          ch::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  std::int64_t days = ch::sys_days(date).time_since_epoch().count();
  return (days * 86'400 + hour * 3'600 + minute * 60 + second - *offset) * 1'000'000 + fraction;
}

void write_rfc3339(std::int64_t time_us, std::string& out) {
  namespace ch = std::chrono;
  auto ms = ch::floor<ch::milliseconds>(ch::microseconds(time_us));
  auto days = ch::floor<ch::days>(ms);
  ch::year_month_day date{ch::sys_days(days)};
  auto of_day = static_cast<unsigned>((ms - days).count());
  auto year = static_cast<int>(date.year());
  write_digits(static_cast<unsigned>(year < 0 ? 0 : year > 9999 ? 9999 : year), 4, out);
  out.push_back('-');
  write_digits(static_cast<unsigned>(date.month()), 2, out);
  out.push_back('-');
  write_digits(static_cast<unsigned>(date.day()), 2, out);
  out.push_back('T');
  write_digits(of_day / 3'600'000, 2, out);
  out.push_back(':');
  write_digits(of_day / 60'000 % 60, 2, out);
  out.push_back(':');
  write_digits(of_day / 1'000 % 60, 2, out);
  out.push_back('.');
  write_digits(of_day % 1'000, 3, out);
  out.push_back('Z');
}

}  // namespace troupe::ingest
