// `troupectl backup`, which asks a node, and `troupectl restore`, which asks nobody: see commands.hpp and docs/backup.md.
#pragma once

#include <string>

#include "node/ctl/commands.hpp"

namespace troupe::ctl {

// Begins one on the node and looks until it is there. Interrupted, it goes on without the onlooker.
exit_code backup(connection& node, printer& out, const std::string& folder);
// Makes a data directory: the state of the backup as a new cluster of one node.
exit_code restore(printer& out, const std::string& folder, const std::string& data_dir);

}  // namespace troupe::ctl
