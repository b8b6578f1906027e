// What the node was told: flag, then environment, then TOML file, then default, each with where it came from.
//
// - An unknown flag, TROUPE_ variable or key is an error that names the nearest right one.
// - Reading has no side effect but reading the file.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/server/config.hpp"
#include "node/listen_address.hpp"
#include "node/settings.hpp"

namespace troupe::node {

enum class origin : std::uint8_t { fallback, file, environment, flag };
std::string_view to_string(origin o);  // "default", "file", "environment", "flag"

struct resolved_setting {
  const setting* of = nullptr;
  std::string value;
  origin from = origin::fallback;
};

enum class log_format : std::uint8_t { human, json };

struct config {
  std::filesystem::path data_dir;
  listen_address http_listen;
  std::optional<listen_address> otlp_listen, ops_listen, admin_listen, cluster_listen;
  std::optional<listen_address> cluster_advertise;  // as set; empty: that of cluster_listen
  std::filesystem::path join;                       // empty: none
  std::string node_name, zone;
  std::string admin_key;
  log_format logs = log_format::json;
  std::string log_level;
  std::filesystem::path web_root, price_table;  // empty: the built-in choice
  unsigned io_threads = 1, actor_threads = 2;
  std::uint16_t shards = 16;
  std::vector<std::string> cors_origins;
  unsigned drain_seconds = 10;
  unsigned digest_every_seconds = 600;
  http::edge_limits edge;

  std::vector<resolved_setting> settings;  // in the order of the table
  std::filesystem::path file;              // the TOML file that was read, or empty
};

// A value as it may be shown: a secret becomes "********".
std::string shown_value(const resolved_setting& s);
// As TOML, with where each value came from as a comment.
std::string print_config(const config& c);

enum class command_line_wish : std::uint8_t { run, print_config, help, version };

struct start {
  command_line_wish wish = command_line_wish::run;
  std::string text;  // of help and version
  config settings;
};

using environment = std::map<std::string, std::string>;
// The process's own.
environment process_environment();

enum class terminal : std::uint8_t { no, yes };

// 'arguments' without the program's name. Failures are errc::invalid_argument and name the flag, variable or key.
result<start> read_config(std::span<const std::string> arguments, const environment& env,
                          terminal log_target);

}  // namespace troupe::node
