// Reading query parameters and JSON bodies: every wrong field is named, all of them at once; unknown ones are refused.
// Owned by one handler call.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/server/problem.hpp"
#include "http/server/request.hpp"
#include "protocol/limits.hpp"

namespace troupe::http {

class query_fields {
 public:
  // 'known' are all parameters of the route; "consistency" is always one.
  query_fields(const request& r, std::span<const std::string_view> known);
  query_fields(const request& r, std::initializer_list<std::string_view> known)
      : query_fields(r, std::span<const std::string_view>(known.begin(), known.size())) {}

  std::string_view text(std::string_view name);
  // RFC 3339 or epoch milliseconds; microseconds since 1970.
  std::optional<std::int64_t> time_us(std::string_view name);
  std::uint32_t limit(std::uint32_t when_absent = limits::page_items_default);
  std::optional<double> number(std::string_view name, double min, double max);
  // One of 'allowed', else the first.
  std::string_view choice(std::string_view name, std::initializer_list<std::string_view> allowed);
  void refuse(std::string_view name, std::string_view error);
  std::optional<response> refusal() const;

 private:
  const request& request_;
  std::vector<problem_item> errors_;
};

class body_fields {
 public:
  // An empty body reads as {}.
  explicit body_fields(const request& r);

  enum class need : bool { optional, required };
  std::optional<std::string> text(std::string_view name, std::size_t bytes_max, need n = need::optional);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<double> real(std::string_view name, double min, double max);
  std::optional<bool> flag(std::string_view name);
  std::optional<std::vector<std::string>> texts(std::string_view name);
  // The value as JSON text; an object only, or anything.
  std::optional<std::string> object(std::string_view name, std::size_t bytes_max);
  std::optional<std::string> any(std::string_view name, std::size_t bytes_max);
  // An object, or the objects of an array, to be read in the same way: their fields are named by their path, as in
  // "charts[2].title". What was wrong in them goes back with join().
  std::optional<body_fields> inner(std::string_view name, need n = need::optional);
  std::optional<std::vector<body_fields>> list(std::string_view name, std::size_t items_max);
  void join(body_fields&& read);
  // Nothing was wrong so far.
  bool is_sound() const { return errors_.empty() && !broken_; }
  void refuse(std::string_view name, std::string_view error);
  // After all fields were asked for: what was wrong, unknown fields included.
  std::optional<response> refusal();

 private:
  body_fields(boost::json::object fields, std::string path)
      : path_(std::move(path)), fields_(std::move(fields)) {}
  const boost::json::value* find(std::string_view name);
  void refuse_unknown();

  std::string path_;  // in front of the names
  boost::json::object fields_;
  std::vector<std::string_view> asked_;
  std::vector<problem_item> errors_;
  std::optional<response> broken_;
};

}  // namespace troupe::http
