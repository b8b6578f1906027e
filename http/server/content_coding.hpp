// Content codings of answers: whether a client takes one, and gzip. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::http {

// True if Accept-Encoding names the coding without q=0.
bool accepts(std::string_view accept_encoding, std::string_view coding);

// Of a media type: whether it shrinks.
bool is_packable(std::string_view content_type);

// zlib's levels: from fast to small. Nothing if it does not get smaller.
std::optional<std::string> gzip(std::string_view plain, int level);

}  // namespace troupe::http
