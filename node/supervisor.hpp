// Tells the process that started us how we are, by systemd's protocol: a datagram to the socket $NOTIFY_SOCKET names.
// Without one nothing happens. No library is needed for it, and nothing is ever waited for.
#pragma once

#include <string_view>

namespace troupe::node {

// "READY=1" once the node takes requests, "STOPPING=1" when it begins to end. Says whether it was sent.
bool tell_supervisor(std::string_view state) noexcept;

}  // namespace troupe::node
