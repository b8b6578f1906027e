// The commands of troupectl about the cluster: see commands.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "node/ctl/commands.hpp"

namespace troupe::ctl {

struct invite_options {
  std::string name, address, out;
  std::string ca;  // folder with the CA's key; empty: the node that is asked has it
  double valid_hours = 24;
};

struct node_options {
  std::string node, with;
  bool cancel = false;  // of drain: the node stays, after all
};

struct setting_options {
  int replicas = -1;        // -1: as it is; 0: the number of nodes decides
  std::string rebalancing;  // empty: as it is
};

struct transfer_options {
  std::uint16_t shard = 0;
  std::string node;
};

exit_code nodes(connection& node, printer& out);
exit_code shards(connection& node, printer& out);
exit_code doctor(connection& node, printer& out);
exit_code cluster_settings(connection& node, printer& out, const setting_options& options);
exit_code node_invite(connection& node, printer& out, const invite_options& options);
exit_code node_join(printer& out, const std::string& file, const std::string& data_dir);
exit_code node_drain(connection& node, printer& out, const node_options& options);
exit_code node_remove(connection& node, printer& out, const node_options& options);
exit_code transfer(connection& node, printer& out, const transfer_options& options);

}  // namespace troupe::ctl
