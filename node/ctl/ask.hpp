// Asking a node and printing what comes back: what all commands share.
#pragma once

#include <boost/json/value.hpp>

#include <functional>
#include <vector>

#include "node/ctl/commands.hpp"
#include "protocol/schema/admin.capnp.h"

namespace troupe::ctl {

exit_code failed(printer& out, const failure& f);

// Asks and hands the reply to 'use'; whatever goes wrong is printed.
exit_code with_reply(connection& node, printer& out,
                     const std::function<void(schema::AdminRequest::Builder)>& fill,
                     const std::function<exit_code(schema::AdminReply::Reader)>& use);

// {"items": [...]}, or a table of them.
void show_items(printer& out, boost::json::array items, const std::vector<column>& columns);

}  // namespace troupe::ctl
