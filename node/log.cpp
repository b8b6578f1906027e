#include "node/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <time.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <cctype>
#include <chrono>
#include <utility>
#include <vector>

namespace troupe::node {
namespace {

using fields = std::vector<std::pair<std::string_view, std::string_view>>;

bool is_name(std::string_view s) {
  if (s.empty()) return false;
  for (unsigned char c : s)
    if (!std::islower(c) && !std::isdigit(c) && c != '_') return false;
  return true;
}

// Splits "text | a=1 b=2". A text whose end is not of that form stays whole.
std::string_view split_fields(std::string_view message, fields& out) {
  auto bar = message.rfind(" | ");
  if (bar == std::string_view::npos) return message;
  auto rest = message.substr(bar + 3);
  fields found;
  while (!rest.empty()) {
    auto end = std::min(rest.find(' '), rest.size());
    auto item = rest.substr(0, end);
    auto equals = item.find('=');
    if (equals == std::string_view::npos || !is_name(item.substr(0, equals))) return message;
    found.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out = std::move(found);
  return message.substr(0, bar);
}

std::string without_secrets(std::string_view message) {
  std::string out(message);
  constexpr std::string_view mark = "Bearer ";
  for (std::size_t at = 0; (at = out.find(mark, at)) != std::string::npos;) {
    at += mark.size();
    auto end = out.find_first_of(" \t\r\n\"',;", at);
    out.replace(at, std::min(end, out.size()) - at, "********");
  }
  return out;
}

std::string time_text(std::chrono::system_clock::time_point time) {
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  time_t seconds = us / 1'000'000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(us / 1000 % 1000));
  return text;
}

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace: return "trace";
    case spdlog::level::debug: return "debug";
    case spdlog::level::info: return "info";
    case spdlog::level::warn: return "warn";
    default: return "error";
  }
}

void append(spdlog::memory_buf_t& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

std::string json_text(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

bool is_number(std::string_view s) {
  if (s.empty() || s.size() > 15 || (s.size() > 1 && s[0] == '0')) return false;
  return s.find_first_not_of("0123456789") == std::string_view::npos;
}

class json_lines : public spdlog::formatter {
 public:
  explicit json_lines(std::string node) : node_(std::move(node)) {}

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    auto whole = without_secrets({msg.payload.data(), msg.payload.size()});
    fields found;
    auto message = split_fields(whole, found);
    append(out, "{\"time\":\"" + time_text(msg.time) + "\",\"level\":\"");
    append(out, level_name(msg.level));
    append(out, "\",\"message\":" + json_text(message));
    if (!node_.empty()) append(out, ",\"node\":" + json_text(node_));
    for (auto [name, value] : found) {
      append(out, "," + json_text(name) + ":");
      append(out, is_number(value) ? std::string(value) : json_text(value));
    }
    append(out, "}\n");
  }
  std::unique_ptr<formatter> clone() const override { return std::make_unique<json_lines>(node_); }

 private:
  std::string node_;
};

class human_lines : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    auto whole = without_secrets({msg.payload.data(), msg.payload.size()});
    for (auto& c : whole)
      if (static_cast<unsigned char>(c) < ' ' && c != '\t') c = ' ';  // one line stays one line
    append(out, time_text(msg.time) + " ");
    msg.color_range_start = out.size();
    auto level = std::string(level_name(msg.level));
    append(out, level);
    msg.color_range_end = out.size();
    append(out, std::string(7 - std::min<std::size_t>(level.size(), 6), ' ') + whole + "\n");
  }
  std::unique_ptr<formatter> clone() const override { return std::make_unique<human_lines>(); }
};

}  // namespace

std::unique_ptr<spdlog::formatter> make_log_formatter(log_format format, std::string node) {
  if (format == log_format::json) return std::make_unique<json_lines>(std::move(node));
  return std::make_unique<human_lines>();
}

void start_log(const log_options& options) {
  bool colours = options.format == log_format::human && ::isatty(STDERR_FILENO) == 1 &&
                 ::getenv("NO_COLOR") == nullptr;  // NOLINT(concurrency-mt-unsafe)
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(colours ? spdlog::color_mode::always
                                                                            : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("troupe", sink);
  logger->set_formatter(make_log_formatter(options.format, {}));
  logger->set_level(spdlog::level::from_str(options.level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void name_log(log_format format, const std::string& node) {
  for (const auto& sink : spdlog::default_logger()->sinks())
    sink->set_formatter(make_log_formatter(format, node));
}

}  // namespace troupe::node
