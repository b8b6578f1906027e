// The opening handshake (RFC 6455, 4.2): what a request must be, and the answer that makes it a WebSocket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/server/request.hpp"
#include "http/server/response.hpp"
#include "http/websocket/decoder.hpp"

namespace troupe::http {

// What is answered to a request that is no sound handshake: 426, or 400.
std::optional<response> refuse_handshake(const request& r);

// The status line and fields of the answer; 'subprotocol' and 'extensions' as agreed, or empty.
std::string write_handshake(const request& r, std::string_view subprotocol, std::string_view extensions);

// The values of all fields of that name, with commas between.
std::string joined_fields(const request& r, std::string_view name);

}  // namespace troupe::http
