// The commands of troupectl: each asks a node and prints. Exit codes: 0 ok, 1 refused, 2 usage, 3 unreachable,
// 10 unhealthy.
#pragma once

#include <cstdint>
#include <string>

#include "node/ctl/connection.hpp"
#include "node/ctl/output.hpp"

namespace troupe::ctl {

enum exit_code : int { ok = 0, refused = 1, usage = 2, unreachable = 3, unhealthy = 10 };

exit_code exit_code_of(const failure& f);

struct list_options {
  std::string org = "default", team, text, after;
  std::uint32_t limit = 100;
};

struct tail_options {
  std::string agent;
  std::uint64_t limit = 0;  // 0: until interrupted
};

struct key_options {
  std::string org = "default", name, role = "read";
  std::uint32_t max_connections = 0;
};

exit_code status(connection& node, printer& out);
exit_code config_show(connection& node, printer& out);
exit_code agents_list(connection& node, printer& out, const list_options& options);
exit_code agents_show(connection& node, printer& out, const std::string& org, const std::string& id);
exit_code dashboards_list(connection& node, printer& out, const list_options& options);
exit_code dashboards_show(connection& node, printer& out, const std::string& org, const std::string& id);
exit_code events_tail(connection& node, printer& out, const tail_options& options);
exit_code keys_list(connection& node, printer& out);
exit_code keys_create(connection& node, printer& out, const key_options& options);
exit_code keys_revoke(connection& node, printer& out, const std::string& id);

}  // namespace troupe::ctl
