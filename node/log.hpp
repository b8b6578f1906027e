// Log lines on standard error, for people or as JSON, one object a line.
//
// Any room logs through spdlog's default logger. A message may end with fields, which become members of the JSON object:
//   spdlog::warn("the disk is slow | shard={} took_ms={}", 3, 120);
// Field names in use: shard, request, agent, peer, took_ms. Every line has time, level, message and node.
// What follows "Bearer " is struck out: keys do not belong in logs. Thread-safe.
#pragma once

#include <spdlog/formatter.h>

#include <memory>
#include <string>

#include "node/config.hpp"

namespace troupe::node {

std::unique_ptr<spdlog::formatter> make_log_formatter(log_format format, std::string node);

struct log_options {
  log_format format = log_format::human;
  std::string level = "info";
};

// Replaces spdlog's default logger. Once, before there are other threads: whoever logs at that moment would use the old one.
void start_log(const log_options& options);

// Lines say the node's name from now on. Other threads may be logging.
void name_log(log_format format, const std::string& node);

}  // namespace troupe::node
