// `troupectl cert`: the cluster's CA and what it signs, for an operator who keeps its key off the nodes. Asks no node.
#pragma once

#include <string>

#include "node/ctl/commands.hpp"
#include "node/ctl/context.hpp"

namespace troupe::ctl {

struct cert_options {
  std::string folder;   // of init-ca and list
  std::string ca, out;  // of issue
  std::string id;       // of a node: its id in hexadecimal; empty: a new one
  std::string name;     // of an administrator
  wishes where;         // of list, when no folder is named
};

exit_code cert_init_ca(printer& out, const cert_options& options);
exit_code cert_issue_node(printer& out, const cert_options& options);
exit_code cert_issue_admin(printer& out, const cert_options& options);
exit_code cert_list(printer& out, const cert_options& options, const node::environment& env);

}  // namespace troupe::ctl
