// permessage-deflate (RFC 7692) without context takeover on either side: a message is compressed once whoever gets it,
// and no socket holds a window between messages. Works in the memory of the thread that calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::http {

std::string deflate_message(std::string_view message);

enum class inflated : std::uint8_t { whole, too_big, broken };
// Never makes 'out' larger than 'bytes_max': a bomb stops there.
inflated inflate_message(std::string_view bytes, std::size_t bytes_max, std::string& out);

// The answer to a client's Sec-WebSocket-Extensions: the parameters of the first offer that can be met, or nothing.
std::optional<std::string> agree_on_deflate(std::string_view offers);

}  // namespace troupe::http
