// The routes that take a connection over: WebSocket and event stream.
#pragma once

#include <vector>

#include "http/live/live_context.hpp"
#include "http/routes/route.hpp"

namespace troupe::http {

void add_live_routes(live_context& context, std::vector<route>& to);

// The key in an offer of sub-protocols, as the phoenix client sends it: "phoenix, base64url.bearer.phx.<key>".
// 'phoenix' says whether that protocol was offered, and so is answered.
struct subprotocol_offer {
  bool phoenix = false;
  std::string key;
};
subprotocol_offer read_subprotocols(std::string_view header);

// A browser's page may open sockets to its own host, and those of 'allowed' to ours. Other programs send no Origin.
bool is_origin_allowed(std::string_view origin, std::string_view host,
                       const std::vector<std::string>& allowed);

}  // namespace troupe::http
